using Nexus.MediaNode;
using Nexus.MediaNode.Congestion;

namespace Nexus.TestKit.Congestion;

/// <summary>What is there to be sent to the one receiver of a <see cref="CongestedCall"/>.</summary>
public sealed record CallSource
{
    private static readonly long[] SimulcastLayers = [150_000, 500_000, 2_500_000];

    /// <summary>Bits per second of whole packets, 50 a second.</summary>
    public long Audio { get; init; } = 48_000;

    /// <summary>Bits per second of video, given what is left of the estimate beside audio (null: no limit).</summary>
    public required Func<long?, long> Video { get; init; }

    /// <summary>All in all, what the next raise needs, given what is left; 0: nothing more.</summary>
    public required Func<long?, long> Wanted { get; init; }

    /// <summary>Sees the estimate before anything is sent by it.</summary>
    public Action<Instant, BandwidthEstimator>? Plans { get; init; }

    public int FrameRate { get; init; } = 30;

    /// <summary>Every how many frames one is four times as large; 0: never.</summary>
    public int KeyFrameEvery { get; init; }

    /// <summary>Audio alone.</summary>
    public static CallSource Voice { get; } = new() { Video = _ => 0, Wanted = _ => 0 };

    /// <summary>One camera in three simulcast layers: the largest that fits, and the next one is wanted.</summary>
    public static CallSource Simulcast { get; } = new()
    {
        Video = left => SimulcastLayers.LastOrDefault(layer => left is null || layer <= left),
        Wanted = left => SimulcastLayers.FirstOrDefault(layer => layer > left) is var next and > 0 ? next + 60_000 : 0,
    };

    /// <summary>Video that follows the estimate up to a maximum.</summary>
    public static CallSource Elastic(long most) =>
        new() { Video = left => Math.Min(left ?? most, most), Wanted = _ => most + 48_000 };

    /// <summary>Video that takes what it takes.</summary>
    public static CallSource Stubborn(long video) => new() { Video = _ => video, Wanted = _ => 0 };
}
