using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Allocation;

/// <summary>Who comes first in each turn.</summary>
public enum VideoPriority : byte
{
    Normal,

    /// <summary>The viewer chose it: never left out for its speaker's silence.</summary>
    Pinned,

    /// <summary>Of the dominant speaker.</summary>
    Speaker,

    /// <summary>Never left out either.</summary>
    ScreenShare,
}

/// <summary>One video subscription as the allocation sees it.</summary>
/// <param name="Ladder">What its track offers.</param>
public readonly record struct VideoWish(LayerLadder Ladder)
{
    public VideoPriority Priority { get; init; }

    /// <summary>Not shown, or switched off: it costs nothing.</summary>
    public bool IsHidden { get; init; }

    /// <summary>The explicit wish is a ceiling; null for none.</summary>
    public LayerWish? Layer { get; init; }

    /// <summary>Pixels at which it is shown; 0 means any. The smallest resolution that fills it is the ceiling.</summary>
    public int Width { get; init; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; init; }

    /// <summary>Place of its publisher among those who spoke last, 0 the dominant speaker; <see cref="ushort.MaxValue"/> who never spoke.</summary>
    public ushort SpeakerRank { get; init; }
}
