using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.Contracts;

/// <summary>A client asks to join a room with one leg. The gateway has checked the token; the grains decide the rest.</summary>
[GenerateSerializer, Immutable, Alias("nexus.JoinRequest")]
public sealed record JoinRequest
{
    /// <summary><c>SE_…</c>, made by the gateway: the same id again is the same join (a retry), not a second one.</summary>
    [Id(0)] public required string Session { get; init; }

    [Id(1)] public required SessionLeg Leg { get; init; }

    [Id(2)] public string Name { get; init; } = "";

    [Id(3)] public string Metadata { get; init; } = "";

    [Id(4)] public required Grants Grants { get; init; }

    /// <summary>The region the client came in by or wished for; residency overrules it.</summary>
    [Id(5)] public required string Region { get; init; }

    [Id(6)] public SdpOffer? Offer { get; init; }

    [Id(7)] public SubscribeRule Subscribe { get; init; } = new();

    /// <summary>The tenant's rules, from the gateway's configuration.</summary>
    [Id(8)] public required TenantRules Tenant { get; init; }

    [Id(9)] public ImmutableDictionary<string, string> Attributes { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The gateway that holds the client's connection; null for clients without one (WHIP, WHEP), whose sessions live by their media alone.</summary>
    [Id(10)] public SessionHolder? Holder { get; init; }

    /// <summary>As <see cref="ParticipantView.Client"/>.</summary>
    [Id(11)] public string Client { get; init; } = "";

    [Id(12)] public TrackNaming TrackNaming { get; init; }

    /// <summary>As <see cref="SessionDesired.Beside"/>; SESSION_NOT_FOUND when that one is over.</summary>
    [Id(13)] public string? Beside { get; init; }

    /// <summary>When the client's token was made; long ago when it does not say.</summary>
    [Id(14)] public DateTimeOffset TokenIssuedAt { get; init; }
}

/// <summary>What applies to a tenant wherever it is served. The gateway sends it along, so that no grain reads configuration.</summary>
[GenerateSerializer, Immutable, Alias("nexus.TenantRules")]
public sealed record TenantRules
{
    /// <summary>Regions whose nodes may carry its media; empty means any.</summary>
    [Id(0)] public ImmutableArray<string> Regions { get; init; } = [];

    /// <summary>Rooms at once; 0 means no limit.</summary>
    [Id(1)] public int MaxRooms { get; init; }

    /// <summary>Policy of rooms that nobody created by the API.</summary>
    [Id(2)] public RoomPolicy DefaultPolicy { get; init; } = new();
}

/// <summary>What a join came to: an answer, or a named refusal.</summary>
[GenerateSerializer, Immutable, Alias("nexus.JoinResult")]
public sealed record JoinResult
{
    [Id(0)] public LinkError? Error { get; init; }

    [Id(1)] public string ParticipantSid { get; init; } = "";

    [Id(2)] public string RoomSid { get; init; } = "";

    [Id(3)] public string Node { get; init; } = "";

    [Id(4)] public SdpAnswer? Answer { get; init; }

    [Id(5)] public ImmutableArray<TrackView> Tracks { get; init; } = [];

    [Id(6)] public SessionView? Session { get; init; }

    [Id(7)] public ParticipantView? Participant { get; init; }

    /// <summary>As <see cref="AdmitResult.Home"/>.</summary>
    [Id(8)] public string? Home { get; init; }

    public static JoinResult Refused(string code, string message) => new() { Error = new LinkError(code, message) };
}

/// <summary>A participant asks its room for a place.</summary>
[GenerateSerializer, Immutable, Alias("nexus.AdmitRequest")]
public sealed record AdmitRequest
{
    [Id(0)] public required ParticipantView Participant { get; init; }

    [Id(1)] public required string Region { get; init; }

    [Id(2)] public required TenantRules Tenant { get; init; }

    /// <summary>As <see cref="JoinRequest.TokenIssuedAt"/>; null when it comes by no token: an admin moves it here.</summary>
    [Id(3)] public DateTimeOffset? TokenIssuedAt { get; init; }

    /// <summary>The node that its media is on already; null when there is none. A room that nobody is in is best there.</summary>
    [Id(4)] public string? Node { get; init; }
}

[GenerateSerializer, Immutable, Alias("nexus.AdmitResult")]
public sealed record AdmitResult
{
    [Id(0)] public LinkError? Error { get; init; }

    [Id(1)] public string RoomSid { get; init; } = "";

    [Id(2)] public NodeView? Node { get; init; }

    [Id(3)] public RoomPolicy Policy { get; init; } = new();

    /// <summary>With ROOM_ELSEWHERE: the region that the room is in, where it is to be asked instead.</summary>
    [Id(4)] public string? Home { get; init; }
}

/// <summary>Where a room is to go: to a node, to a region, or away from a node to wherever is best.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomMove")]
public sealed record RoomMove
{
    /// <summary>The node that it must leave; nothing happens when it is on another. Null when it may stay.</summary>
    [Id(0)] public string? Leaves { get; init; }

    [Id(1)] public string? Node { get; init; }

    [Id(2)] public string? Region { get; init; }

    /// <summary>The one person that is to go: refused by ROOM_ON_ONE_NODE while others are in the room. Null for everyone.</summary>
    [Id(3)] public string? Identity { get; init; }
}

/// <param name="Node">The node that the room is on now; null when it is on none, or could not go.</param>
[GenerateSerializer, Immutable, Alias("nexus.RoomMoved")]
public sealed record RoomMoved([property: Id(0)] LinkError? Error, [property: Id(1)] string? Node);

/// <summary>A room, or by what it was refused.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomResult")]
public sealed record RoomResult([property: Id(0)] LinkError? Error, [property: Id(1)] RoomSummary? Room)
{
    /// <summary>As <see cref="AdmitResult.Home"/>.</summary>
    [Id(2)] public string? Home { get; init; }
}

/// <summary>A named result of an act: <see cref="Error"/> is null when it was done.</summary>
[GenerateSerializer, Immutable, Alias("nexus.ActResult")]
public sealed record ActResult([property: Id(0)] LinkError? Error)
{
    public static readonly ActResult Done = new((LinkError?)null);

    public static ActResult Refused(string code, string message) => new(new LinkError(code, message));
}

[GenerateSerializer, Immutable, Alias("nexus.RestartResult")]
public sealed record RestartResult([property: Id(0)] LinkError? Error, [property: Id(1)] IceRestartAnswer? Answer);
