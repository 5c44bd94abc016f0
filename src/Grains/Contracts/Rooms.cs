using System.Collections.Immutable;

namespace Nexus.Contracts;

/// <summary>What changed in a room between two versions. Participants are whole, so that applying one twice does no harm.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomDelta")]
public sealed record RoomDelta
{
    [Id(0)] public required long Epoch { get; init; }

    [Id(1)] public required long From { get; init; }

    [Id(2)] public required long To { get; init; }

    [Id(3)] public ImmutableArray<ParticipantView> Participants { get; init; } = [];

    [Id(4)] public ImmutableArray<Departure> Left { get; init; } = [];

    /// <summary>The room's new metadata; null when it did not change.</summary>
    [Id(5)] public string? Metadata { get; init; }

    /// <summary>As <see cref="RoomAccess.IsLocked"/>; null when it did not change.</summary>
    [Id(6)] public bool? Locked { get; init; }
}

/// <summary>How far somebody knows a room's changes. Versions are the epoch's.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomVersion")]
public readonly record struct RoomVersion([property: Id(0)] long Epoch, [property: Id(1)] long Version)
{
    /// <summary>Nothing is known.</summary>
    public static RoomVersion None => new(-1, 0);
}

/// <summary>What a reader of a room lacks.</summary>
/// <param name="Missed">One after the other, from what it knows on; empty when it knows all.</param>
/// <param name="Whole">The first page of the roster, where it is too far behind for that, or knows another epoch; null else.</param>
[GenerateSerializer, Immutable, Alias("nexus.RoomNews")]
public sealed record RoomNews([property: Id(0)] ImmutableArray<RoomDelta> Missed, [property: Id(1)] RoomPage? Whole);

[GenerateSerializer, Immutable, Alias("nexus.Departure")]
public sealed record Departure([property: Id(0)] string Sid, [property: Id(1)] string Identity, [property: Id(2)] string Reason)
{
    /// <summary>As it was when it left, without its tracks; null when a silo of an older version says it.</summary>
    [Id(3)] public ParticipantView? Last { get; init; }

    /// <param name="reason">Null: it left by itself.</param>
    public static Departure Of(ParticipantView last, string? reason) =>
        new(last.Sid, last.Identity, reason ?? Link.ReasonCodes.ClientLeft) { Last = last with { Subscriptions = [], Tracks = [] } };
}

/// <summary>Whom of a room a node has.</summary>
/// <param name="ParticipantSids">Empty when the sum is that of the one who asked.</param>
[GenerateSerializer, Immutable, Alias("nexus.RoomCensus")]
public sealed record RoomCensus([property: Id(0)] RoomCensusSum Sum, [property: Id(1)] ImmutableHashSet<string> ParticipantSids)
{
    public static RoomCensusSum SumOf(IEnumerable<string> participantSids)
    {
        int count = 0;
        ulong hash = 0;
        foreach (string sid in participantSids)
        {
            count++;
            ulong one = 14695981039346656037; // FNV-1a, the same in every process
            foreach (char c in sid)
            {
                one = unchecked((one ^ c) * 1099511628211);
            }

            hash ^= one;
        }

        return new(count, hash);
    }
}

/// <summary>Equal for the same people, in whatever order.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomCensusSum")]
public readonly record struct RoomCensusSum([property: Id(0)] int Count, [property: Id(1)] ulong Hash);

/// <summary>A part of the roster, in order of identity, as of (<see cref="Epoch"/>, <see cref="To"/>).</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomPage")]
public sealed record RoomPage
{
    [Id(0)] public required string RoomSid { get; init; }

    [Id(1)] public required long Epoch { get; init; }

    [Id(2)] public required long To { get; init; }

    [Id(3)] public ImmutableArray<ParticipantView> Participants { get; init; } = [];

    /// <summary>Where the next page begins; null after the last.</summary>
    [Id(4)] public string? Next { get; init; }

    [Id(5)] public string Metadata { get; init; } = "";

    /// <summary>The room lost its memory a moment ago: who is missing here need not have left.</summary>
    [Id(6)] public bool IsRebuilding { get; init; }

    /// <summary>Who left lately and is not back; only on the first page.</summary>
    [Id(7)] public ImmutableArray<Departure> Departed { get; init; } = [];

    [Id(8)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>As <see cref="RoomAccess.IsLocked"/>.</summary>
    [Id(9)] public bool IsLocked { get; init; }
}
