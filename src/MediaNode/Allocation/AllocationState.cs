namespace Nexus.MediaNode.Allocation;

/// <summary>What an allocation came to, and all that the next one for the same receiver needs of it. The default is that of the first.</summary>
public readonly record struct AllocationState
{
    /// <summary>Bits per second of everything that is sent, audio included.</summary>
    public long Planned { get; init; }

    /// <summary>
    /// The bitrate of everything that would let the next one rise: what probes are to aim at. 0 when everybody has what he wishes,
    /// or the hard ceiling or losses keep them from it.
    /// </summary>
    public long Wanted { get; init; }

    /// <summary>The next one would rise, were it not for the hard ceiling.</summary>
    public bool IsAtCeiling { get; init; }

    /// <summary>Subscriptions that are paused for want of bandwidth.</summary>
    public int Paused { get; init; }

    internal bool IsStarted { get; init; }

    internal LossLevel Loss { get; init; }

    internal Instant LossChangedAt { get; init; }

    /// <summary>The lowest estimate of late, remembered since something had to be lowered for it; 0 for none.</summary>
    internal long Floor { get; init; }

    internal Instant FloorAt { get; init; }

    internal Instant RaisedAt { get; init; }

    internal Instant RestoredAt { get; init; }

    /// <summary>Nothing rises before.</summary>
    internal Instant RaiseFrom { get; init; }

    /// <summary>How long nothing rises after the next lowering.</summary>
    internal TimeSpan Pause { get; init; }
}

/// <summary>How far losses hold video down.</summary>
internal enum LossLevel : byte
{
    None,

    /// <summary>A resolution lower than could be.</summary>
    OneLower,

    /// <summary>The lowest.</summary>
    Lowest,
}
