using System.Collections.Immutable;

namespace Nexus.Link;

/// <summary>What is asked of a node about one room; for admin reads, <c>nexus why</c> and tests. Asking changes nothing.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomQuestion")]
public sealed record RoomQuestion
{
    /// <summary>As <see cref="SessionDesired.RoomKey"/>.</summary>
    [Id(0)] public required string RoomKey { get; init; }

    /// <summary>Only sessions of this identity and those after it; null for all. Identities are in ordinal order.</summary>
    [Id(1)] public string? From { get; init; }

    /// <summary>Only sessions of this identity and those before it; null for all.</summary>
    [Id(2)] public string? Through { get; init; }

    [Id(3)] public InspectionParts Parts { get; init; }

    /// <summary><see cref="RoomInspection.Next"/> of the page before; null for the first.</summary>
    [Id(4)] public string? Cursor { get; init; }
}

/// <summary>What is wanted of each session, beside its state, its tracks and its connection.</summary>
[Flags]
public enum InspectionParts
{
    None = 0,

    /// <summary><see cref="SessionActual.Subscriptions"/>.</summary>
    Subscriptions = 1,

    /// <summary><see cref="SessionDesired.Subscriptions"/>.</summary>
    Wishes = 2,

    /// <summary><see cref="SessionInspection.Measured"/>.</summary>
    Measured = 4,
}

/// <summary>A page of the sessions of a room, in order of identity. Empty when the node has none.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomInspection")]
public sealed record RoomInspection
{
    [Id(0)] public required string NodeId { get; init; }

    [Id(1)] public ImmutableArray<SessionInspection> Sessions { get; init; } = [];

    /// <summary>Where the next page begins, opaque; null after the last.</summary>
    [Id(2)] public string? Next { get; init; }
}

/// <summary>One session as its node was told it should be, and as it is.</summary>
/// <param name="Desired">Without what is long or secret and of no use to a reader: SDP, credentials, metadata, audience, publications.</param>
/// <param name="Actual">With how much arrives of each layer; without offers and <see cref="TrackDescription.Details"/>.</param>
/// <param name="Connection">Null before it was ever connected.</param>
[GenerateSerializer, Immutable, Alias("nexus.SessionInspection")]
public sealed record SessionInspection(
    [property: Id(0)] string Session, [property: Id(1)] SessionDesired Desired, [property: Id(2)] SessionActual Actual, [property: Id(3)] ParticipantConnection? Connection)
{
    /// <summary>Null where it was not asked for, and of a session that has no connection yet.</summary>
    [Id(4)] public SessionMeasured? Measured { get; init; }

    /// <summary>That of a session with all it has: what the parts do not ask for is left out.</summary>
    public static SessionInspection Of(
        string session, SessionDesired desired, SessionActual actual, ParticipantConnection? connection, InspectionParts parts, SessionMeasured? measured = null) => new(
        session,
        desired with
        {
            Offer = null,
            Answer = null,
            IceRestart = null,
            MutedTracks = [],
            Name = "",
            Metadata = "",
            Attributes = ImmutableDictionary<string, string>.Empty,
            Subscriptions = parts.HasFlag(InspectionParts.Wishes) ? desired.Subscriptions : [],
            Publications = [],
            Audience = Audience.All,
            Client = "",
        },
        actual with
        {
            Offer = null,
            Tracks = [.. actual.Tracks.Select(t => t with { Details = "" })],
            Subscriptions = parts.HasFlag(InspectionParts.Subscriptions) ? actual.Subscriptions : [],
        },
        connection)
    {
        Measured = parts.HasFlag(InspectionParts.Measured) && measured is not null
            ? measured with { Subscriptions = parts.HasFlag(InspectionParts.Subscriptions) ? measured.Subscriptions : [] }
            : null,
    };

    /// <summary>An upper estimate of its length on the wire, in octets.</summary>
    public int Octets => 1024
        + (3 * (Desired.ParticipantKey.Length + Desired.RoomKey.Length + Desired.Identity.Length))
        + (200 * (Desired.Subscriptions.Length + Actual.Subscriptions.Length))
        + (Measured is { } measured ? 1024 + (256 * measured.Layers.Length) + (640 * measured.Subscriptions.Length) : 0)
        + Actual.Tracks.Sum(t => 512 + (3 * t.Name.Length) + (128 * (t.Layers.Length + (t.Backup?.Layers.Length ?? 0))));
}
