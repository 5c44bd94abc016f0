namespace Nexus.MediaNode.Allocation;

/// <summary>What is known of one receiver's path. All bitrates in bits per second, headers included.</summary>
/// <param name="Estimate">What the path carries.</param>
/// <param name="AudioBitrate">What its audio takes now. It is sent whatever the estimate says.</param>
public readonly record struct AllocationInput(Instant Now, long Estimate, long AudioBitrate)
{
    /// <summary>Audio tracks that it gets, silent ones too.</summary>
    public int AudioTracks { get; init; }

    /// <summary>Hard ceiling for everything; 0 for none.</summary>
    public long Ceiling { get; init; }

    /// <summary>Share of packets lost lately, 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>The estimate is but a guess, for the first probe has not ended: nothing is paused for it.</summary>
    public bool IsUnproven { get; init; }

    /// <summary>
    /// Neither a queue nor loss speaks against what is sent now. Then what flows is not lowered for a mere estimate that it has
    /// outgrown: the path carries it, or a queue will soon tell.
    /// </summary>
    public bool IsCarried { get; init; }

    /// <summary>
    /// How many publishers' cameras at most, by who spoke last; 0 for no limit. Those that the viewer pinned or asked for in a
    /// layer, and screen shares, come on top.
    /// </summary>
    public int MostVideos { get; init; }
}
