namespace Nexus.Contracts;

/// <summary>How far a call is. States only move forward.</summary>
public enum CallState
{
    Inviting,
    Ringing,
    Accepted,
    Rejected,
    Cancelled,
    TimedOut,
}

public enum CallAction
{
    Ringing,
    Accept,
    Reject,
    Cancel,
}

/// <summary>A call between two participants of a room. It carries no media: what it leads to is the app's.</summary>
[GenerateSerializer, Immutable, Alias("nexus.CallView")]
public sealed record CallView
{
    /// <summary><c>CA_…</c>.</summary>
    [Id(0)] public required string CallId { get; init; }

    [Id(1)] public required string From { get; init; }

    [Id(2)] public required string To { get; init; }

    [Id(3)] public CallState State { get; init; }

    [Id(4)] public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Opaque; at most 4 KiB.</summary>
    [Id(5)] public string? Payload { get; init; }

    [Id(6)] public string? Reason { get; init; }

    public bool IsOver => State > CallState.Ringing;
}
