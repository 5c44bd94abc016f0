using Nexus.Link;
using Nexus.MediaNode.Protocol.Sdp;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Link;

/// <summary>Carries out what <see cref="SubscriptionPlanner"/> decides: tells the loop what differs, and keeps in the sessions what it was told. Control thread only.</summary>
internal static class SubscriptionBinder
{
    /// <summary>Decides anew what a session gets, and has the loop do what differs.</summary>
    public static void Rebind(RoomModel room, NodeSession session)
    {
        if (session.State == SessionState.Closed || session.Desired is not { } desired)
        {
            return;
        }

        var sections = Negotiator.PlaySections(session, desired);
        var plan = SubscriptionPlanner.Plan(session.Id, desired, sections, room.Tracks);
        session.Unplayed = desired.TrackNaming == TrackNaming.Offered ? [.. plan.Unplayed.Select(u => Offerable(session, u))] : plan.Unplayed;
        session.SectionsWanted = desired is { Leg: SessionLeg.Duplex, CanSubscribe: true, TrackNaming: TrackNaming.Signalled }
            ? plan.SectionsWanted(sections)
            : SectionsWanted.None;
        session.OfferWanted = desired is { CanSubscribe: true, TrackNaming: TrackNaming.Answered } && session.Negotiated is not null
            ? plan.OfferWanted(sections)
            : null;
        foreach (var gone in session.Bound.Keys.Where(mid => !plan.Bindings.ContainsKey(mid)).ToArray())
        {
            session.Bound.Remove(gone);
            Hold(room, session, gone, null);
        }

        foreach (var section in session.Negotiated?.Media.Where(m => m.Use == SectionUse.Play) ?? [])
        {
            if (plan.Bindings.TryGetValue(section.Mid, out var track))
            {
                Bind(room, session, section, track);
            }
        }
    }

    /// <summary>Where we offer, a section is made for each track: what none decodes is what the client refused before.</summary>
    private static Unplayed Offerable(NodeSession session, Unplayed unplayed) => unplayed is { Track: { } track, Reason: ReasonCodes.NoSection or ReasonCodes.Codec }
        ? unplayed with { Reason = Offerer.IsUndecodable(session, track) ? ReasonCodes.Codec : ReasonCodes.NoSection }
        : unplayed;

    private static void Bind(RoomModel room, NodeSession session, NegotiatedMedia section, RoomTrack track)
    {
        var desired = session.Desired!;
        var wish = desired.Subscriptions.FirstOrDefault(w => w.TrackSid == track.Sid);
        var isBound = session.Bound.TryGetValue(section.Mid, out var bound) && bound.Sid == track.Sid && bound.Codec == track.Codec;
        session.Bound[section.Mid] = track;
        var isAcknowledged = desired.TrackNaming != TrackNaming.Signalled || (wish?.Acknowledged ?? !desired.Subscribe.Acknowledge);
        if (!isAcknowledged || wish is { Paused: true })
        {
            Hold(room, session, section.Mid, isAcknowledged ? ReasonCodes.Wish : ReasonCodes.NotAcked);
            return;
        }

        var layer = wish is null ? Wish(desired.Subscribe.Layer) : LayerFor(room, track, wish);
        var isHeld = session.Held.Remove(section.Mid);
        if (!isBound || isHeld)
        {
            // A section that was held starts as with a new source: at a keyframe, which is asked for.
            var format = Negotiator.FormatFor(section, track.Codec)!;
            room.Loop.Post(new BindTrack(session.Id, section.Mid, track.Session, track.Sid, format, layer));
        }
        else if (session.Layers.GetValueOrDefault(section.Mid) != layer)
        {
            room.Loop.Post(new SetLayerWish(session.Id, section.Mid, layer));
        }

        session.Layers[section.Mid] = layer;
    }

    /// <summary>Nothing flows on a section any more: for a reason, until it is decided anew, or because it is free.</summary>
    public static void Hold(RoomModel room, NodeSession session, string mid, string? reason)
    {
        if (session.Layers.Remove(mid))
        {
            room.Loop.Post(new UnbindTrack(session.Id, mid));
        }

        if (reason is null)
        {
            session.Held.Remove(mid);
        }
        else
        {
            session.Held[mid] = reason;
        }
    }

    /// <summary>The layer that a client asked for by name, or the smallest that fills the size at which it shows the track.</summary>
    private static Forwarding.Projection.LayerWish? LayerFor(RoomModel room, RoomTrack track, SubscriptionWish wish)
    {
        if (wish.Layer is not null || wish.MaxHeight <= 0)
        {
            return Wish(wish.Layer);
        }

        var layers = room.Sessions.GetValueOrDefault(track.Session)?.Snapshot?.Tracks.FirstOrDefault(t => t.Sid == track.Sid)?.Layers ?? [];
        var rank = 0;
        while (rank < layers.Length - 1 && Math.Min(layers[rank].Width, layers[rank].Height) < wish.MaxHeight)
        {
            rank++;
        }

        return (layers.Length, rank) switch
        {
            (<= 1, _) => null,
            (_, 0) => Forwarding.Projection.LayerWish.Low,
            _ when rank == layers.Length - 1 => Forwarding.Projection.LayerWish.High,
            _ => Forwarding.Projection.LayerWish.Middle,
        };
    }

    private static Forwarding.Projection.LayerWish? Wish(LayerWish? wish) => wish switch
    {
        LayerWish.Low => Forwarding.Projection.LayerWish.Low,
        LayerWish.Middle => Forwarding.Projection.LayerWish.Middle,
        LayerWish.High => Forwarding.Projection.LayerWish.High,
        _ => null,
    };
}
