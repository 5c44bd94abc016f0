using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Allocation;

/// <summary>Why a subscription gets what it gets.</summary>
public enum AllocationReason : byte
{
    /// <summary>It was never allocated.</summary>
    New,

    /// <summary>It has a layer.</summary>
    Flows,

    /// <summary>Hidden by its viewer.</summary>
    Hidden,

    /// <summary>No layer of its track flows.</summary>
    NoSource,

    /// <summary>Others have spoken more lately, and the room shows only so many.</summary>
    Silent,

    /// <summary>Not even its lowest layer fits.</summary>
    Bandwidth,
}

/// <summary>What one subscription gets; the next plan goes on from it. The default is that of a new subscription.</summary>
/// <param name="Target"><see cref="LayerTarget.Paused"/> unless it flows. While its source is silent the caller may set what is wished, to start as soon as it comes.</param>
/// <param name="Rank">Of the step's resolution.</param>
/// <param name="Bitrate">Bits per second that the plan counts for it.</param>
/// <param name="PausedAt">Since when it has been paused for want of bandwidth.</param>
public readonly record struct VideoAllocation(AllocationReason Reason, LayerTarget Target, byte Rank, long Bitrate, Instant PausedAt);
