using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.Contracts;

/// <summary>A room without its people, for lists: its length does not depend on how many they are.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomSummary")]
public sealed record RoomSummary
{
    [Id(0)] public required string Sid { get; init; }

    [Id(1)] public required string Name { get; init; }

    [Id(2)] public required string Tenant { get; init; }

    [Id(3)] public required string Zone { get; init; }

    [Id(4)] public required DateTimeOffset CreatedAt { get; init; }

    [Id(5)] public required RoomPolicy Policy { get; init; }

    /// <summary>The media nodes the room is on.</summary>
    [Id(6)] public ImmutableArray<NodePlace> Nodes { get; init; } = [];

    /// <summary>Hidden ones too.</summary>
    [Id(7)] public int NumParticipants { get; init; }

    [Id(8)] public int NumHidden { get; init; }

    [Id(9)] public int NumPublishers { get; init; }

    /// <summary>As <see cref="RoomAccess.IsLocked"/>.</summary>
    [Id(10)] public bool IsLocked { get; init; }
}

/// <summary>A media node, and where it is.</summary>
[GenerateSerializer, Immutable, Alias("nexus.NodePlace")]
public sealed record NodePlace([property: Id(0)] string Region, [property: Id(1)] string Id);

/// <summary>Which part of a roster is read.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RosterQuery")]
public sealed record RosterQuery
{
    /// <summary>The last identity of the page before; empty for the first page.</summary>
    [Id(0)] public string After { get; init; } = "";

    [Id(1)] public int Limit { get; init; } = int.MaxValue;

    /// <summary>Only this one; null for all.</summary>
    [Id(2)] public string? Identity { get; init; }

    /// <summary>Only those who publish something.</summary>
    [Id(3)] public bool PublishersOnly { get; init; }

    /// <summary>Only those who have it in their identity or name, in any case.</summary>
    [Id(4)] public string Search { get; init; } = "";
}

/// <summary>People of a room in ordinal order of identity.</summary>
/// <param name="Next">Where the next page begins; null after the last.</param>
[GenerateSerializer, Immutable, Alias("nexus.RosterPage")]
public sealed record RosterPage([property: Id(0)] ImmutableArray<ParticipantView> Participants, [property: Id(1)] string? Next);

/// <summary>What a list of rooms is sorted by. The room's grain tells its tenant, at most once a second.</summary>
/// <param name="Participants">Hidden ones too.</param>
[GenerateSerializer, Immutable, Alias("nexus.RoomHeadline")]
public sealed record RoomHeadline(
    [property: Id(0)] string Name, [property: Id(1)] DateTimeOffset CreatedAt, [property: Id(2)] int Participants, [property: Id(3)] int Publishers);

public enum RoomOrder
{
    Name,
    Participants,
    Publishers,
    CreatedAt,
}

/// <summary>Which rooms of a tenant are asked for.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomQuery")]
public sealed record RoomQuery
{
    /// <summary>The <see cref="RoomNames.Next"/> of the page before, of the same query; empty for the first page.</summary>
    [Id(0)] public string After { get; init; } = "";

    /// <summary>0 only counts them.</summary>
    [Id(1)] public int Limit { get; init; } = int.MaxValue;

    /// <summary>Only those that have it in their name, in any case.</summary>
    [Id(2)] public string Search { get; init; } = "";

    [Id(3)] public RoomOrder Order { get; init; }

    [Id(4)] public bool Descending { get; init; }
}

/// <param name="Total">Of all rooms, not of this page.</param>
/// <param name="Matching">Of those that are searched for.</param>
/// <param name="Participants">In all rooms.</param>
/// <param name="Next">Where the next page begins; null after the last.</param>
[GenerateSerializer, Immutable, Alias("nexus.RoomNames")]
public sealed record RoomNames(
    [property: Id(0)] int Total, [property: Id(1)] int Matching, [property: Id(2)] int Participants,
    [property: Id(3)] ImmutableArray<string> Names, [property: Id(4)] string? Next)
{
    /// <summary>By which each comes at its place, to join pages of several regions; as many as names.</summary>
    [Id(5)] public ImmutableArray<long> Ranks { get; init; } = [];
}

/// <summary>A room with everyone in it, for those who need all of them.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomView")]
public sealed record RoomView
{
    [Id(0)] public required string Sid { get; init; }

    [Id(1)] public required string Name { get; init; }

    [Id(2)] public required string Tenant { get; init; }

    [Id(3)] public required string Zone { get; init; }

    [Id(4)] public required DateTimeOffset CreatedAt { get; init; }

    [Id(5)] public required RoomPolicy Policy { get; init; }

    /// <summary>Ids of the media nodes the room is on.</summary>
    [Id(6)] public ImmutableArray<string> Nodes { get; init; } = [];

    [Id(7)] public ImmutableArray<ParticipantView> Participants { get; init; } = [];

    /// <summary>As <see cref="RoomAccess.IsLocked"/>.</summary>
    [Id(8)] public bool IsLocked { get; init; }
}

/// <summary>What is decided per room. Times in seconds.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomPolicy")]
public sealed record RoomPolicy
{
    /// <summary>How long a room stays that nobody joins, 0 to 86400.</summary>
    [Id(0)] public int EmptyTimeoutSeconds { get; init; } = 60;

    /// <summary>How many participants may be in at once; 0 means no limit.</summary>
    [Id(1)] public int MaxParticipants { get; init; }

    /// <summary>How long a participant whose client was lost keeps its place, 0 to 600.</summary>
    [Id(2)] public int GraceSeconds { get; init; } = 15;

    /// <summary>Opaque to the server, at most 64 KiB.</summary>
    [Id(3)] public string Metadata { get; init; } = "";

    /// <summary>How long a room stays after its last participant left, 0 to 86400; null: as long as one that nobody joined.</summary>
    [Id(4)] public int? DepartureTimeoutSeconds { get; init; }
}

/// <summary>One participant as the roster has it. <see cref="Version"/> rises with each change.</summary>
[GenerateSerializer, Immutable, Alias("nexus.ParticipantView")]
public sealed record ParticipantView
{
    [Id(0)] public required string Sid { get; init; }

    [Id(1)] public required string Identity { get; init; }

    [Id(2)] public string Name { get; init; } = "";

    [Id(3)] public required ParticipantState State { get; init; }

    /// <summary>Why, when the state is not Joining or Active.</summary>
    [Id(4)] public string? Reason { get; init; }

    [Id(5)] public string? Node { get; init; }

    [Id(6)] public string? Region { get; init; }

    [Id(7)] public long Version { get; init; }

    [Id(8)] public ImmutableArray<TrackView> Tracks { get; init; } = [];

    [Id(9)] public ImmutableArray<SubscriptionDescription> Subscriptions { get; init; } = [];

    [Id(10)] public DateTimeOffset JoinedAt { get; init; }

    [Id(11)] public string Metadata { get; init; } = "";

    [Id(12)] public ImmutableDictionary<string, string> Attributes { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Others are not told of it.</summary>
    [Id(13)] public bool Hidden { get; init; }

    /// <summary>What the client's own protocol tells its like of it; opaque.</summary>
    [Id(14)] public string Client { get; init; } = "";

    /// <summary>Null when it is not known: the participant was rebuilt after a loss of memory.</summary>
    [Id(15)] public Grants? Grants { get; init; }

    /// <summary>It is in another room, and its tracks are here too (<see cref="SessionLeg.Forward"/>).</summary>
    [Id(16)] public bool IsForwarded { get; init; }
}

public enum ParticipantState
{
    /// <summary>Admitted; no media connection yet.</summary>
    Joining,

    Active,

    /// <summary>The client was lost; its place is kept for the time of grace.</summary>
    Reconnecting,

    Disconnected,
}

[GenerateSerializer, Immutable, Alias("nexus.TrackView")]
public sealed record TrackView
{
    [Id(0)] public required string Sid { get; init; }

    [Id(1)] public required string Identity { get; init; }

    [Id(2)] public required string Kind { get; init; }

    [Id(3)] public required string Source { get; init; }

    [Id(4)] public required string Codec { get; init; }

    [Id(5)] public bool Muted { get; init; }

    [Id(6)] public string? Node { get; init; }

    /// <summary>Their names and sizes; how much arrives of each is known to the node alone.</summary>
    [Id(7)] public ValueArray<LayerDescription> Layers { get; init; } = [];

    [Id(8)] public string Name { get; init; } = "";

    [Id(9)] public bool MutedByServer { get; init; }

    /// <summary>As <see cref="Publication.Details"/>.</summary>
    [Id(10)] public string Details { get; init; } = "";
}

[GenerateSerializer, Immutable, Alias("nexus.NodeView")]
public sealed record NodeView
{
    [Id(0)] public required string Id { get; init; }

    [Id(1)] public required string Region { get; init; }

    [Id(2)] public required NodeState State { get; init; }

    /// <summary>0 (idle) to 1 (full).</summary>
    [Id(3)] public double Load { get; init; }

    [Id(4)] public string BootId { get; init; } = "";

    [Id(5)] public string Software { get; init; } = "";

    [Id(6)] public int Sessions { get; init; }

    [Id(7)] public int Tracks { get; init; }

    [Id(8)] public int Subscriptions { get; init; }

    /// <summary>Why, when the state is Lost or Draining.</summary>
    [Id(9)] public string? Reason { get; init; }

    /// <summary>Lost only because the silo that spoke for it went a moment ago: one that lives finds another within seconds.</summary>
    [Id(10)] public bool IsAwaited { get; init; }
}

public enum NodeState
{
    Ready,

    /// <summary>Takes no new sessions.</summary>
    Draining,

    /// <summary>Its link is down. Kept in the list for a while, so that operators see it.</summary>
    Lost,
}
