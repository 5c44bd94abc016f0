using System.Collections.Immutable;

namespace Nexus.Contracts;

/// <summary>How a removal lasts.</summary>
[GenerateSerializer, Immutable, Alias("nexus.Barring")]
public sealed record Barring
{
    /// <summary>From now on; zero lifts a ban, null leaves it as it is.</summary>
    [Id(0)] public TimeSpan? Ban { get; init; }

    /// <summary>Tokens that were issued before this moment are void; null leaves it as it is.</summary>
    [Id(1)] public DateTimeOffset? RevokedBefore { get; init; }
}

/// <summary>One identity that a room does not take in, or not with every token.</summary>
[GenerateSerializer, Immutable, Alias("nexus.Barred")]
public sealed record Barred
{
    [Id(0)] public required string Identity { get; init; }

    /// <summary>Null when it is not banned.</summary>
    [Id(1)] public DateTimeOffset? BannedUntil { get; init; }

    /// <summary>Null when no tokens are revoked.</summary>
    [Id(2)] public DateTimeOffset? RevokedBefore { get; init; }

    /// <summary>Until when <see cref="RevokedBefore"/> is kept.</summary>
    [Id(3)] public DateTimeOffset? RevokedUntil { get; init; }
}

/// <summary>Whom a room takes in; part of its record.</summary>
[GenerateSerializer, Immutable, Alias("nexus.RoomAccess")]
public sealed record RoomAccess
{
    /// <summary>Nobody new comes in; those inside stay, and may come back while they keep their place.</summary>
    [Id(0)] public bool IsLocked { get; init; }

    /// <summary>In the order in which it was said, the latest last.</summary>
    [Id(1)] public ImmutableArray<Barred> Barred { get; init; } = [];
}
