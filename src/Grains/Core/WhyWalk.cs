using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>
/// Why a track does not reach a subscriber: from publisher over track, node and subscription to the client, the first cause
/// counts. Pure. What each reason means stands in <c>docs/why.md</c>.
/// </summary>
public static class WhyWalk
{
    /// <param name="identity">Only what this participant publishes or receives, when set.</param>
    /// <param name="track">Only this track sid, when set.</param>
    public static ImmutableArray<WhyFinding> Walk(WhyRoom room, string? identity = null, string? track = null)
    {
        var present = room.Room.Participants.Where(p => p.State != ParticipantState.Disconnected).ToList();
        var sessions = room.Sessions.ToLookup(s => s.Desired.Identity);
        return
        [
            .. from publisher in present
               from published in publisher.Tracks
               where track is null || published.Sid == track
               from subscriber in present
               where subscriber.Identity != publisher.Identity
               where identity is null || identity == publisher.Identity || identity == subscriber.Identity
               where !PublishesOnly(sessions[subscriber.Identity])
               select Finding(subscriber, published, Cause(room, sessions, publisher, published, subscriber), sessions[subscriber.Identity]),
        ];
    }

    private static WhyFinding Finding(ParticipantView subscriber, TrackView track, Cause? cause, IEnumerable<WhySession> sessions) => new(
        subscriber.Identity, track.Sid, track.Identity, cause is null, cause?.Reason, cause?.Explanation ?? "It flows.", cause?.Mend ?? "",
        cause is null ? sessions.Select(s => Bandwidth.Note(s.Measured, track.Sid)).FirstOrDefault(n => n is not null) : null);

    private static bool PublishesOnly(IEnumerable<WhySession> sessions) =>
        sessions.Any() && !sessions.Any(s => GrantRules.Plays(s.Desired));

    private static Cause? Cause(
        WhyRoom room, ILookup<string, WhySession> sessions, ParticipantView publisher, TrackView track, ParticipantView subscriber)
    {
        var source = sessions[publisher.Identity].FirstOrDefault(s => s.Actual.Tracks.Any(t => t.Sid == track.Sid));
        var causes = sessions[subscriber.Identity].Where(s => GrantRules.Plays(s.Desired))
            .Select(s => Subscription(s, publisher, track) ?? Client(s, track)).ToList();
        return AtNode(room, track.Node ?? publisher.Node, source is not null, "publisher")
            ?? Source(source!, track)
            ?? AtNode(room, subscriber.Node, causes.Count != 0, "subscriber")
            ?? (causes.Contains(null) ? null : causes[0]);
    }

    /// <summary>The node of one side: allowed, alive, and still knowing the session.</summary>
    private static Cause? AtNode(WhyRoom room, string? id, bool hasSession, string side)
    {
        var node = room.Nodes.FirstOrDefault(n => n.Id == id);
        return node switch
        {
            not null when !room.Regions.IsEmpty && !room.Regions.Contains(node.Region) =>
                new(ReasonCodes.RegionRefused, $"The {side}'s node {id} is in region {node.Region}, where the tenant's media may not be.", "Start a node in a region of the tenant's residency, or change the residency."),
            null or { State: NodeState.Lost } =>
                new(ReasonCodes.NodeLost, $"The {side}'s media node {id ?? "(none)"} is lost.", "Start the node again or another one: clients that use the SDK re-join on their own."),
            _ when !room.Answered.Contains(node.Id) =>
                new(ReasonCodes.NodeLost, $"The {side}'s media node {id} gives no answer.", "Look at the node's process and its link to the control side."),
            _ when !hasSession =>
                new(ReasonCodes.NodeLost, $"Media node {id} does not have the {side}'s session: it started anew, or the session is just being made.", "Have the client join again if it stays so."),
            _ => null,
        };
    }

    private static Cause? Source(WhySession session, TrackView track)
    {
        var actual = session.Actual.Tracks.First(t => t.Sid == track.Sid);
        return !session.Desired.CanPublish
            ? new(ReasonCodes.Permission, "The publisher's token does not allow publishing.", "Give a token with canPublish.")
            : Transport(session.Actual.State, "publisher")
            ?? (actual, actual.Layers.Concat(actual.Backup?.Layers ?? []).Any(l => l.Active)) switch
            {
                ({ MutedByServer: true }, _) => new(ReasonCodes.Muted, "The track is muted by an admin.", "Unmute it by the admin page or API."),
                ({ Muted: true }, _) => new(ReasonCodes.Muted, "The track is muted by its publisher.", "The publisher unmutes it."),
                ({ Demand: LayerDemand.Off }, _) => null, // its publisher sends nothing because nobody takes it: why that is so comes further on
                (_, false) => new(ReasonCodes.NoSourcePackets, "No packets of the track arrive from its publisher.", "See whether the publisher's capture runs and its tab is not suspended."),
                _ => (Cause?)null,
            };
    }

    private static Cause? Subscription(WhySession session, ParticipantView publisher, TrackView track)
    {
        if (!session.Desired.CanSubscribe)
        {
            return new(ReasonCodes.Permission, "The subscriber's token does not allow subscribing.", "Give a token with canSubscribe.");
        }

        var wish = session.Desired.Subscriptions.FirstOrDefault(w => w.TrackSid == track.Sid);
        var rule = session.Desired.Subscribe;
        bool isWanted = wish is not null ? !wish.Unwanted
            : rule.Auto && (rule.Identity ?? publisher.Identity) == publisher.Identity && (rule.TrackSid ?? track.Sid) == track.Sid;
        return Of(session, track)?.Reason switch
        {
            ReasonCodes.Codec => new(ReasonCodes.Codec, $"The subscriber cannot decode {track.Codec}.", "Publish a codec that all can decode, VP8 or H264."),
            ReasonCodes.Permission => new(ReasonCodes.Permission, "The publisher does not let this subscriber have the track.", "The publisher, or its app, allows the subscriber."),
            ReasonCodes.NotAcked => new(ReasonCodes.NotAcked, "The client did not acknowledge the subscription yet.", "Attach the track to an element, or send the acknowledgement of docs/protocol.md."),
            ReasonCodes.Wish => new(ReasonCodes.Wish, "The client paused it.", "The client resumes it."),
            ReasonCodes.NoSection => NoSection(track),
            _ when Of(session, track) is not null => null,
            _ => isWanted ? NoSection(track) : new(ReasonCodes.Wish, "The client did not ask for this track.", "The client subscribes to it."),
        };
    }

    private static Cause NoSection(TrackView track) =>
        new(ReasonCodes.NoSection, $"The subscriber's offer has no free receiving section for {track.Kind}.", "The client offers one more receiving section.");

    private static Cause? Client(WhySession session, TrackView track)
    {
        var subscription = Of(session, track)!;
        return Transport(session.Actual.State, "subscriber") ?? (subscription.State, subscription.Reason) switch
        {
            ("active", _) => null,
            (_, ReasonCodes.NoKeyFrame) => new(ReasonCodes.NoKeyFrame, "No keyframe came since the subscription began.", "If it stays so, the publisher's encoder ignores keyframe requests (PLI): restart its track."),
            (_, ReasonCodes.NoSourcePackets) => new(ReasonCodes.NoSourcePackets, "No packets of the track arrive from its publisher.", "See whether the publisher's capture runs and its tab is not suspended."),
            (_, ReasonCodes.NotSpeaking) => new(ReasonCodes.NotSpeaking, "Others have spoken more lately, and a receiver gets only so many cameras here (max-videos).", "The client pins it or asks for a layer of it; or raise max-videos."),
            (_, ReasonCodes.Bandwidth) => Bandwidth.Cause(session.Measured, track.Sid),
            (_, var reason) => new(reason ?? ReasonCodes.NoKeyFrame, "The node holds it back.", "Ask again in a second; it is told anew each second."),
        };
    }

    private static Cause? Transport(SessionState state, string side) => state switch
    {
        SessionState.New => new(ReasonCodes.NoIce, $"No connectivity check of the {side} reached the node.", "Open the node's UDP and TCP media ports, check --media-ip, or give clients a TURN server."),
        SessionState.Disconnected => new(ReasonCodes.NoIce, $"The {side} was connected and is silent since 30 s.", "The client restarts ICE or joins again."),
        SessionState.Connecting => new(ReasonCodes.NoDtls, $"ICE is up, the DTLS handshake of the {side} is not done.", "See nexus_dropped_packets_total for DTLS reasons; look for a middlebox that drops large UDP packets."),
        SessionState.Closed => new(ReasonCodes.NoDtls, $"The {side}'s DTLS session failed or was closed.", "The client joins again."),
        _ => null,
    };

    private static SubscriptionDescription? Of(WhySession session, TrackView track) =>
        session.Actual.Subscriptions.FirstOrDefault(s => s.TrackSid == track.Sid);
}

internal sealed record Cause(string Reason, string Explanation, string Mend);
