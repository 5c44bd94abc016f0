using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>One leg of a participant.</summary>
public sealed record Leg
{
    public required SessionDesired Desired { get; init; }

    public required string Session { get; init; }

    /// <summary>Where it is.</summary>
    public required NodePlace Node { get; init; }

    /// <summary>As its node said last.</summary>
    public SessionActual Actual { get; init; } = SessionActual.None;

    /// <summary>The answer of the join, for a retry of it.</summary>
    public SdpAnswer? Answer { get; init; }

    /// <summary>The gateway that holds the client's connection; null when there is none.</summary>
    public SessionHolder? Holder { get; init; }

    /// <summary>Until when its holder is looked for, after a loss of memory; null when it is known, or there is none.</summary>
    public DateTimeOffset? SoughtUntil { get; init; }

    /// <summary>Until when the client may resume; null while its connection stands.</summary>
    public DateTimeOffset? ResumeBy { get; init; }

    /// <summary>When it must be connected (again), or is given up; null while it is connected.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>With the node's newer word.</summary>
    /// <param name="grace">How long a disconnected leg keeps its place.</param>
    public Leg With(SessionActual newer, DateTimeOffset now, TimeSpan grace) => this with
    {
        Actual = newer,
        Desired = Desired with { Subscriptions = SubscriptionWishes.Pruned(Desired.Subscriptions, newer.Subscriptions) },
        Deadline = newer.State switch
        {
            SessionState.Connected or SessionState.Closed => null,
            SessionState.Disconnected => Actual.State == SessionState.Disconnected ? Deadline : now + grace,
            _ => Deadline,
        },
    };
}

/// <summary>The legs of one participant, and what follows from them. Pure.</summary>
public sealed class ParticipantSessions
{
    private readonly Dictionary<string, Leg> _bySession = new(StringComparer.Ordinal);

    public ImmutableArray<Leg> All => [.. _bySession.Values];

    public bool IsEmpty => _bySession.Count == 0;

    public Leg? Find(string session) => _bySession.GetValueOrDefault(session);

    public Leg? OfTrack(string trackSid) => _bySession.Values.FirstOrDefault(l => l.Actual.Tracks.Any(t => t.Sid == trackSid));

    public void Set(Leg leg) => _bySession[leg.Session] = leg;

    public bool Remove(string session) => _bySession.Remove(session);

    /// <summary>
    /// The legs that a new one takes the place of: the older of the same kind, and a Duplex leg stands for both kinds. A
    /// person may well publish by WHIP and play by WHEP at once. What goes beside each other stays. A forward gives way to whoever comes.
    /// </summary>
    public ImmutableArray<Leg> ReplacedBy(string session, SessionLeg leg, string? beside) =>
        [.. _bySession.Values.Where(l => l.Session != session && l.Session != beside && l.Desired.Beside != session
            && (l.Desired.Leg == leg || IsAll(leg) || IsAll(l.Desired.Leg)))];

    private static bool IsAll(SessionLeg leg) => leg is SessionLeg.Duplex or SessionLeg.Forward;

    /// <summary>The legs, and those that go beside them.</summary>
    public ImmutableArray<Leg> WithThoseBeside(ImmutableArray<Leg> legs) =>
        [.. legs, .. _bySession.Values.Where(l => legs.Any(main => main.Session == l.Desired.Beside) && legs.All(known => known.Session != l.Session))];

    /// <summary>Takes a node's word, from an answer or a report. Null when the session is not one of ours, or it is no news: the two come in any order.</summary>
    public Leg? Take(string session, SessionActual actual, DateTimeOffset now, TimeSpan grace)
    {
        if (Find(session) is not { } leg || actual.Version <= leg.Actual.Version)
        {
            return null;
        }

        leg = leg.With(actual, now, grace);
        Set(leg);
        return leg;
    }

    /// <summary>Legs whose time to connect, or whose time of grace, is over.</summary>
    public ImmutableArray<Leg> Expired(DateTimeOffset now) => [.. _bySession.Values.Where(l => l.Deadline <= now || l.ResumeBy <= now)];

    /// <summary>When the next leg may be over, or its gateway given up; null while none can be.</summary>
    public DateTimeOffset? NextDeadline =>
        _bySession.Values.SelectMany(l => new[] { l.Deadline, l.ResumeBy, l.SoughtUntil }).Min();

    /// <summary>Begins the time of grace of those legs, unless it has begun. True when there were any.</summary>
    public bool LetGo(Func<Leg, bool> which, DateTimeOffset resumeBy)
    {
        ImmutableArray<Leg> lost = [.. _bySession.Values.Where(l => l.ResumeBy is null && which(l))];
        foreach (Leg leg in lost)
        {
            Set(leg with { Holder = null, SoughtUntil = null, ResumeBy = resumeBy });
        }

        return lost.Length > 0;
    }

    public ParticipantState State =>
        _bySession.Count == 0 ? ParticipantState.Disconnected
        : _bySession.Values.Any(l => l.ResumeBy is not null) ? ParticipantState.Reconnecting
        : _bySession.Values.Any(l => l.Actual.State == SessionState.Connected) ? ParticipantState.Active
        : _bySession.Values.Any(l => l.Actual.State == SessionState.Disconnected) ? ParticipantState.Reconnecting
        : ParticipantState.Joining;

    public ImmutableArray<SubscriptionDescription> Subscriptions => [.. _bySession.Values.SelectMany(l => l.Actual.Subscriptions)];

    public ValueArray<TrackView> Tracks(string identity) =>
        [.. _bySession.Values.SelectMany(l => l.Actual.Tracks.Select(t => View(t, identity, l.Node.Id)))];

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

    /// <summary>What changed between two lists of tracks: those that came, and those that went.</summary>
    public static (ImmutableArray<TrackView> Came, ImmutableArray<TrackView> Went) Difference(ImmutableArray<TrackView> before, ImmutableArray<TrackView> after) =>
        ([.. after.ExceptBy(before.Select(t => t.Sid), t => t.Sid)], [.. before.ExceptBy(after.Select(t => t.Sid), t => t.Sid)]);
}
