using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.Contracts;

/// <summary>The gateway process that holds a client's connection, and the way to it.</summary>
/// <param name="Gateway">Names the process, so that the word of an older holder does not end a newer one's.</param>
[GenerateSerializer, Immutable, Alias("nexus.SessionHolder")]
public sealed record SessionHolder([property: Id(0)] string Gateway, [property: Id(1)] IGatewayObserver Observer);

/// <summary>One duplex session as its client must know it.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SessionView")]
public sealed record SessionView
{
    [Id(0)] public required string Session { get; init; }

    [Id(1)] public required string Node { get; init; }

    [Id(2)] public required string Region { get; init; }

    /// <summary>The newest offer that was answered; 0 before the first.</summary>
    [Id(3)] public int OfferId { get; init; }

    [Id(4)] public ImmutableArray<SubscriptionDescription> Subscriptions { get; init; } = [];

    [Id(5)] public SectionsWanted Sections { get; init; } = SectionsWanted.None;

    /// <summary>Seconds that the session is kept for a client whose connection was lost.</summary>
    [Id(6)] public int GraceSeconds { get; init; }

    /// <summary>Own tracks by mid.</summary>
    [Id(7)] public ImmutableDictionary<string, string> Published { get; init; } = ImmutableDictionary<string, string>.Empty;

    [Id(8)] public required string ParticipantSid { get; init; }

    /// <summary>Null when none is, or it would change nothing. To be said to the client again when it still stands after an offer.</summary>
    [Id(9)] public OfferWanted? OfferWanted { get; init; }

    /// <summary>What others make of one's own tracks.</summary>
    [Id(10)] public ImmutableArray<TrackUse> Uses { get; init; } = [];

    /// <summary>The node's offer that the client has not answered; null when there is none.</summary>
    [Id(11)] public ServerOffer? Offer { get; init; }

    /// <summary>What the client may do: as its token says, until an admin says otherwise.</summary>
    [Id(12)] public required Grants Grants { get; init; }
}

/// <summary>As <see cref="TrackDescription.Demand"/> and <see cref="TrackDescription.Played"/>.</summary>
[GenerateSerializer, Immutable, Alias("nexus.TrackUse")]
public sealed record TrackUse([property: Id(0)] string TrackSid, [property: Id(1)] LayerDemand Demand, [property: Id(2)] bool Played);

/// <summary>How a session stands, or that it is over.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SessionStanding")]
public sealed record SessionStanding
{
    /// <summary>Null while it is there. Why it ended, one of <see cref="ReasonCodes"/>: SESSION_NOT_FOUND when that is not known.</summary>
    [Id(0)] public string? Ended { get; init; }

    /// <summary><see cref="IceRestart.Generation"/> of the latest ICE restart; 0 before the first.</summary>
    [Id(1)] public int IceGeneration { get; init; }

    [Id(2)] public SessionState State { get; init; }

    [Id(3)] public Grants Grants { get; init; } = new();

    /// <summary>What it publishes.</summary>
    [Id(4)] public ImmutableArray<TrackDescription> Tracks { get; init; } = [];
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

[GenerateSerializer, Immutable, Alias("nexus.ArrivingSession")]
public sealed record ArrivingSession(
    [property: Id(0)] SessionDesired Desired, [property: Id(1)] SessionReport Report, [property: Id(2)] SessionHolder? Holder);

/// <summary>One change of what a client wants to receive.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SubscriptionChange")]
public sealed record SubscriptionChange
{
    [Id(0)] public required string TrackSid { get; init; }

    [Id(1)] public required SubscriptionChangeKind Kind { get; init; }

    [Id(2)] public LayerWish? Layer { get; init; }

    /// <summary>Pixels; 0 for any.</summary>
    [Id(3)] public int MaxHeight { get; init; }

    [Id(4)] public bool Paused { get; init; }
}

public enum SubscriptionChangeKind
{
    Subscribe,
    Unsubscribe,

    /// <summary>The client is ready to play it.</summary>
    Acknowledge,

    /// <summary>Layer, size and pause, in place of what was wished before.</summary>
    Wish,
}

/// <summary>A change of one's own name, metadata and attributes; null leaves what is there. An attribute of null is removed.</summary>
[GenerateSerializer, Immutable, Alias("nexus.ProfileChange")]
public sealed record ProfileChange(
    [property: Id(0)] string? Metadata, [property: Id(1)] ImmutableDictionary<string, string?> Attributes, [property: Id(2)] string? Name = null);
