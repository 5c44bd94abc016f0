using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.Contracts;

/// <summary>The gateway process that holds a client's connection, and the way to it.</summary>
/// <param name="Gateway">Names the process, so that the word of an older holder does not end a newer one's.</param>
[GenerateSerializer, Immutable, Alias("nexus.SessionHolder")]
public sealed record SessionHolder([property: Id(0)] string Gateway, [property: Id(1)] IGatewayObserver Observer)
{
    /// <summary>How long it may be unheard of before its clients count as gone; null for the usual 30 s.</summary>
    [Id(2)] public TimeSpan? Lease { get; init; }
}

/// <summary>One session as its client must know it.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SessionView")]
public sealed record SessionView
{
    [Id(0)] public required string Session { get; init; }

    [Id(1)] public required string Node { get; init; }

    [Id(2)] public required string Region { get; init; }

    [Id(3)] public required string ParticipantSid { get; init; }

    /// <summary>The newest offer that was answered; 0 before the first.</summary>
    [Id(4)] public int OfferId { get; init; }

    /// <summary>Seconds that the session is kept for a client whose connection was lost.</summary>
    [Id(5)] public int GraceSeconds { get; init; }

    /// <summary>What the client may do: as its token says, until an admin says otherwise.</summary>
    [Id(6)] public required Grants Grants { get; init; }

    /// <summary>As its node says.</summary>
    [Id(7)] public SessionActual Actual { get; init; } = SessionActual.None;

    /// <summary>Own tracks by mid, each once.</summary>
    public ImmutableDictionary<string, string> Published => Actual.Tracks.ToImmutableDictionary(t => t.Mid, t => t.Sid);

    /// <summary>Own tracks by the mid on which their second codec is published.</summary>
    public ImmutableDictionary<string, string> Backups =>
        Actual.Tracks.Where(t => t.Backup?.Mid is not null).ToImmutableDictionary(t => t.Backup!.Mid!, t => t.Sid);
}

/// <summary>How a session stands, or that it is over.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SessionStanding")]
public sealed record SessionStanding
{
    /// <summary>Null while it is there. Why it ended, one of <see cref="ReasonCodes"/>: SESSION_NOT_FOUND when that is not known.</summary>
    [Id(0)] public string? Ended { get; init; }

    /// <summary><see cref="IceRestart.Generation"/> of the latest ICE restart; 0 before the first.</summary>
    [Id(1)] public int IceGeneration { get; init; }

    [Id(2)] public Grants Grants { get; init; } = new();

    /// <summary>As its node says.</summary>
    [Id(3)] public SessionActual Actual { get; init; } = SessionActual.None;
}

/// <summary>A named refusal, or the session as it is now.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SessionResult")]
public sealed record SessionResult([property: Id(0)] LinkError? Error, [property: Id(1)] SessionView? Session, [property: Id(2)] SdpAnswer? Answer = null)
{
    public static SessionResult Refused(LinkError error) => new(error, null);
}

/// <summary>What a gateway is told of a session it holds.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SessionNews")]
public sealed record SessionNews
{
    [Id(0)] public required string Session { get; init; }

    /// <summary>How it stands now; null when that did not change.</summary>
    [Id(1)] public SessionView? View { get; init; }

    /// <summary>Set when it is over; one of <see cref="ReasonCodes"/>.</summary>
    [Id(2)] public string? Ended { get; init; }

    [Id(3)] public CallView? Call { get; init; }

    /// <summary>It was resumed by way of another gateway.</summary>
    [Id(4)] public bool MovedAway { get; init; }

    /// <summary>Its participant was moved to another room.</summary>
    [Id(5)] public SessionMove? Moved { get; init; }
}

/// <summary>An admin moved a participant.</summary>
/// <param name="Room">Name of the room it is in now, or is to join.</param>
/// <param name="Joined">How it is there; null when its media could not move along, so that the client must join that room anew.</param>
[GenerateSerializer, Immutable, Alias("nexus.SessionMove")]
public sealed record SessionMove([property: Id(0)] string Room, [property: Id(1)] JoinResult? Joined);

/// <summary>A participant on its way from one room to another of the same tenant, with its sessions.</summary>
[GenerateSerializer, Immutable, Alias("nexus.Arrival")]
public sealed record Arrival
{
    [Id(0)] public required ParticipantView Participant { get; init; }

    [Id(1)] public required TenantRules Tenant { get; init; }

    [Id(2)] public required ImmutableArray<ArrivingSession> Sessions { get; init; }
}

/// <summary>A participant of one room on its way to be in another of the same tenant as well.</summary>
/// <param name="Participant">As it is in its room.</param>
/// <param name="From">The session that publishes its tracks.</param>
[GenerateSerializer, Immutable, Alias("nexus.Forwarding")]
public sealed record Forwarding(
    [property: Id(0)] ParticipantView Participant, [property: Id(1)] ForwardSource From, [property: Id(2)] NodePlace Node, [property: Id(3)] TenantRules Tenant);

[GenerateSerializer, Immutable, Alias("nexus.ArrivingSession")]
public sealed record ArrivingSession(
    [property: Id(0)] AdoptedSession Session, [property: Id(1)] SessionHolder? Holder);

/// <summary>A session that is on a node, with all that its participant need know to take it.</summary>
[GenerateSerializer, Immutable, Alias("nexus.AdoptedSession")]
public sealed record AdoptedSession(
    [property: Id(0)] string Id, [property: Id(1)] NodePlace Node, [property: Id(2)] SessionDesired Desired, [property: Id(3)] SessionActual Actual);

/// <summary>One change of what a client wants to receive.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SubscriptionChange")]
public sealed record SubscriptionChange
{
    [Id(0)] public required string TrackSid { get; init; }

    [Id(1)] public required SubscriptionChangeKind Kind { get; init; }

    [Id(2)] public LayerWish? Layer { get; init; }

    [Id(4)] public bool Paused { get; init; }

    /// <summary>Pixels; 0 for any.</summary>
    [Id(5)] public int Width { get; init; }

    /// <inheritdoc cref="Width"/>
    [Id(6)] public int Height { get; init; }

    /// <summary>As <see cref="SubscriptionWish.Priority"/>.</summary>
    [Id(7)] public byte Priority { get; init; }
}

public enum SubscriptionChangeKind
{
    Subscribe,
    Unsubscribe,

    /// <summary>The client is ready to play it.</summary>
    Acknowledge,

    /// <summary>Layer, size, priority and pause, in place of what was wished before.</summary>
    Wish,
}

/// <summary>A change of one's own name, metadata and attributes; null leaves what is there. An attribute of null is removed.</summary>
[GenerateSerializer, Immutable, Alias("nexus.ProfileChange")]
public sealed record ProfileChange(
    [property: Id(0)] string? Metadata, [property: Id(1)] ImmutableDictionary<string, string?> Attributes, [property: Id(2)] string? Name = null);
