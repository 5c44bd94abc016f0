using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>One leg of a participant.</summary>
public sealed record Leg
{
    public required SessionDesired Desired { get; init; }

    public required string Session { get; init; }

    /// <summary>Key of the NodeSession grain.</summary>
    public required string Owner { get; init; }

    public required NodeView Node { get; init; }

    public SessionState State { get; init; }

    /// <summary>When its owner last gave word of it.</summary>
    public DateTimeOffset HeardAt { get; init; }

    /// <summary>Version of the newest report that was taken.</summary>
    public long ReportVersion { get; init; }

    /// <summary>Version of the last report before the node's newest answer to a command.</summary>
    public long AnsweredAt { get; init; }

    public ImmutableArray<TrackDescription> Tracks { get; init; } = [];

    public ImmutableArray<TrackUse> Uses => [.. Tracks.Select(t => new TrackUse(t.Sid, t.Demand, t.Played))];

    public ImmutableArray<SubscriptionDescription> Subscriptions { get; init; } = [];

    /// <summary>The answer of the join, for a retry of it.</summary>
    public SdpAnswer? Answer { get; init; }

    public SectionsWanted Sections { get; init; } = SectionsWanted.None;

    public OfferWanted? OfferWanted { get; init; }

    public ServerOffer? Offer { get; init; }

    /// <summary>The gateway that holds the client's connection; null when there is none.</summary>
    public SessionHolder? Holder { get; init; }

    /// <summary>Until when the holder's word counts; null for legs that live by their media alone.</summary>
    public DateTimeOffset? HeldUntil { get; init; }

    /// <summary>Until when the client may resume; null while its connection stands.</summary>
    public DateTimeOffset? ResumeBy { get; init; }

    /// <summary>When it must be connected (again), or is given up; null while it is connected.</summary>
    public DateTimeOffset? Deadline { get; init; }
}

/// <summary>The legs of one participant, and what follows from them. Pure.</summary>
public sealed class ParticipantSessions
{
    private readonly Dictionary<string, Leg> _bySession = new(StringComparer.Ordinal);

    public ImmutableArray<Leg> All => [.. _bySession.Values];

    public bool IsEmpty => _bySession.Count == 0;

    public Leg? Find(string session) => _bySession.GetValueOrDefault(session);

    public Leg? OfTrack(string trackSid) => _bySession.Values.FirstOrDefault(l => l.Tracks.Any(t => t.Sid == trackSid));

    public void Set(Leg leg) => _bySession[leg.Session] = leg;

    public bool Remove(string session) => _bySession.Remove(session);

    /// <summary>
    /// The legs that a new one takes the place of: the older of the same kind, and a Duplex leg stands for both kinds. A
    /// person may well publish by WHIP and play by WHEP at once. What goes beside each other stays.
    /// </summary>
    public ImmutableArray<Leg> ReplacedBy(string session, SessionLeg leg, string? beside) =>
        [.. _bySession.Values.Where(l => l.Session != session && l.Session != beside && l.Desired.Beside != session
            && (l.Desired.Leg == leg || leg == SessionLeg.Duplex || l.Desired.Leg == SessionLeg.Duplex))];

    /// <summary>The legs, and those that go beside them.</summary>
    public ImmutableArray<Leg> WithThoseBeside(ImmutableArray<Leg> legs) =>
        [.. legs, .. _bySession.Values.Where(l => legs.Any(main => main.Session == l.Desired.Beside) && legs.All(known => known.Session != l.Session))];

    /// <summary>
    /// Takes a node's answer to a command: the desired state stands, and what the answer says of the session counts unless a newer
    /// report said otherwise (the answer was a repeated one).
    /// </summary>
    public Leg Applied(Leg leg, SessionDesired desired, SessionApplied answer)
    {
        Leg next = leg with { Desired = desired };
        if (answer.ReportVersion >= leg.ReportVersion)
        {
            next = next with
            {
                AnsweredAt = answer.ReportVersion,
                Tracks = answer.Tracks,
                Subscriptions = answer.Subscriptions,
                Sections = answer.SectionsWanted,
                OfferWanted = answer.OfferWanted,
                Offer = answer.Offer,
            };
        }

        Set(next);
        return next;
    }

    /// <summary>
    /// Takes a node's report. Null when the session is not one of ours or the report is an old one. A report that an answer has
    /// overtaken only says how far the connection is: what it says of tracks and subscriptions was before the command.
    /// </summary>
    /// <param name="grace">How long a disconnected leg keeps its place.</param>
    public Leg? Report(SessionReport report, DateTimeOffset now, TimeSpan grace)
    {
        if (Find(report.Session) is not { } leg || report.Version <= leg.ReportVersion)
        {
            return null;
        }

        Leg next = leg with
        {
            State = report.State,
            HeardAt = now,
            ReportVersion = report.Version,
            Deadline = report.State switch
            {
                SessionState.Connected or SessionState.Closed => null,
                SessionState.Disconnected => leg.State == SessionState.Disconnected ? leg.Deadline : now + grace,
                _ => leg.Deadline,
            },
        };
        if (report.Version > leg.AnsweredAt)
        {
            next = next with
            {
                Tracks = report.Tracks,
                Subscriptions = report.Subscriptions,
                Sections = report.SectionsWanted,
                OfferWanted = report.OfferWanted,
                Offer = report.Offer,
                Desired = leg.Desired with { Subscriptions = SubscriptionWishes.Pruned(leg.Desired.Subscriptions, report.Subscriptions) },
            };
        }

        Set(next);
        return next;
    }

    /// <summary>Legs that nothing was heard of for so long.</summary>
    public ImmutableArray<Leg> SilentSince(DateTimeOffset moment) => [.. _bySession.Values.Where(l => l.HeardAt < moment)];

    /// <summary>Legs whose time to connect, or whose time of grace, is over.</summary>
    public ImmutableArray<Leg> Expired(DateTimeOffset now) => [.. _bySession.Values.Where(l => l.Deadline <= now || l.ResumeBy <= now)];

    /// <summary>Begins the time of grace of legs whose gateways were not heard of in time. True when there were any.</summary>
    public bool LetGo(DateTimeOffset now, TimeSpan grace)
    {
        ImmutableArray<Leg> lost = [.. _bySession.Values.Where(l => l.ResumeBy is null && l.HeldUntil <= now)];
        foreach (Leg leg in lost)
        {
            Set(leg with { Holder = null, HeldUntil = null, ResumeBy = now + grace });
        }

        return lost.Length > 0;
    }

    public ParticipantState State =>
        _bySession.Count == 0 ? ParticipantState.Disconnected
        : _bySession.Values.Any(l => l.ResumeBy is not null) ? ParticipantState.Reconnecting
        : _bySession.Values.Any(l => l.State == SessionState.Connected) ? ParticipantState.Active
        : _bySession.Values.Any(l => l.State == SessionState.Disconnected) ? ParticipantState.Reconnecting
        : ParticipantState.Joining;

    public ImmutableArray<SubscriptionDescription> Subscriptions => [.. _bySession.Values.SelectMany(l => l.Subscriptions)];

    public ImmutableArray<TrackView> Tracks(string identity) =>
        [.. _bySession.Values.SelectMany(l => l.Tracks.Select(t => View(t, identity, l.Node.Id)))];

    public static TrackView View(TrackDescription track, string identity, string node) => new()
    {
        Sid = track.Sid,
        Identity = identity,
        Kind = track.Kind,
        Source = track.Source,
        Codec = track.Codec,
        Name = track.Name,
        Muted = track.Muted,
        MutedByServer = track.MutedByServer,
        Node = node,
        Layers = track.Layers,
        Details = track.Details,
    };

    /// <summary>A track as everyone in the room is told of it: the names and sizes of its layers, not their rates, which the track's grain has.</summary>
    public static TrackView ForRoster(TrackView track) => track with { Layers = [.. track.Layers.Select(ForRoster)] };

    /// <summary>Whether the roster says the same of both.</summary>
    public static bool LooksTheSame(TrackView a, TrackView b) =>
        a with { Layers = [] } == b with { Layers = [] } && a.Layers.Select(ForRoster).SequenceEqual(b.Layers.Select(ForRoster));

    private static LayerDescription ForRoster(LayerDescription layer) => layer with { Bitrate = 0, Active = false };

    /// <summary>What changed between two lists of tracks: those that came, and those that went.</summary>
    public static (ImmutableArray<TrackView> Came, ImmutableArray<TrackView> Went) Difference(ImmutableArray<TrackView> before, ImmutableArray<TrackView> after) =>
        ([.. after.ExceptBy(before.Select(t => t.Sid), t => t.Sid)], [.. before.ExceptBy(after.Select(t => t.Sid), t => t.Sid)]);
}
