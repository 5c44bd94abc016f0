using System.Numerics;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>A subscriber's explicit wish, as <c>?layer=</c> and the signalling name it.</summary>
public enum LayerWish : byte
{
    Low,
    Middle,
    High,
}

/// <summary>What a subscriber wishes of a track.</summary>
/// <param name="Layer">By name; counts before the size.</param>
/// <param name="Width">Of the picture as it is shown, in pixels; 0 leaves it open.</param>
/// <param name="Height">As <paramref name="Width"/>. Without layer and size it is the best that flows.</param>
/// <param name="Priority">1 to 255, the higher the more it matters where bandwidth is short; 0 leaves it to the node.</param>
/// <param name="MustFlow">It is not to be paused for want of bandwidth: the lowest layer flows on.</param>
public readonly record struct SubscriberWish(LayerWish? Layer = null, int Width = 0, int Height = 0, byte Priority = 0, bool MustFlow = false)
{
    /// <summary>Offered index of the one encoding that it takes, where each is taken by itself (a relay to another node); null for the best.</summary>
    public int? Encoding { get; init; }
}

/// <summary>Turns a wish into a target. Pure. What bandwidth allows is decided elsewhere and lowers the wish before.</summary>
public static class LayerSelector
{
    /// <summary>What the best encoding is taken for while none has told its size; each lower one has half of it.</summary>
    private const int LikelyBest = 720;

    /// <summary>The rank of the encoding that a wish asks for, whether it carries media or not.</summary>
    /// <param name="sizes">Of the encodings, 1 to 8, ordered from low to high quality; 0 what is not known yet.</param>
    /// <returns>By size the lowest that fills it, or lacks a tenth of a side at most (nobody sees it, and the next one costs four
    /// times as much); the highest when none does. An unknown size is taken for the double of the one below, or half of the one above.</returns>
    public static int RankOf(in SubscriberWish wish, ReadOnlySpan<(int Width, int Height)> sizes)
    {
        if (wish.Layer is { } layer)
        {
            return RankOf(layer, sizes.Length);
        }

        var rank = wish is { Width: <= 0, Height: <= 0 } ? sizes.Length - 1 : 0;
        while (rank < sizes.Length - 1 && !Fills(LikelySize(sizes, rank), wish))
        {
            rank++;
        }

        return rank;
    }

    /// <summary>The target at an encoding of that rank, or the nearest that is active, as <see cref="Select"/> says.</summary>
    public static LayerTarget Reach(int rank, int encodings, uint active) =>
        LayerTarget.All(Nearest(rank, active & (uint)((1 << encodings) - 1)));

    /// <param name="wish">The subscriber's wish.</param>
    /// <param name="encodings">Encodings that the track announced, 1 to 8, ordered from low to high quality.</param>
    /// <param name="active">The ones that carry media now, a bit each (<see cref="EncodingActivity.Active"/>).</param>
    /// <param name="spatialLayers">Spatial layers inside one encoding; more than 1 only for SVC.</param>
    /// <returns>The wished encoding when it is active, else the nearest lower active one, else the nearest higher; with none
    /// active the wished one, which will start as soon as it comes.</returns>
    public static LayerTarget Select(LayerWish wish, int encodings, uint active, int spatialLayers = 1)
    {
        if (encodings <= 1 && spatialLayers > 1)
        {
            return new LayerTarget(0, (byte)RankOf(wish, spatialLayers), LayerTarget.Highest);
        }

        return Reach(RankOf(wish, encodings), encodings, active);
    }

    /// <summary>By the shorter sides, so that a portrait picture is not sent larger than it is shown; or by the only one that is wished.</summary>
    private static bool Fills((int Width, int Height) size, in SubscriberWish wish) => wish switch
    {
        { Height: <= 0 } => Fills(size.Width, wish.Width),
        { Width: <= 0 } => Fills(size.Height, wish.Height),
        _ => Fills(Math.Min(size.Width, size.Height), Math.Min(wish.Width, wish.Height)),
    };

    private static bool Fills(int side, int wished) => side * 10L >= wished * 9L;

    private static (int Width, int Height) LikelySize(ReadOnlySpan<(int Width, int Height)> sizes, int rank)
    {
        for (var distance = 0; distance < sizes.Length; distance++)
        {
            if (rank - distance >= 0 && sizes[rank - distance] is { Width: > 0 } lower)
            {
                return (lower.Width << distance, lower.Height << distance);
            }

            if (rank + distance < sizes.Length && sizes[rank + distance] is { Width: > 0 } higher)
            {
                return (higher.Width >> distance, higher.Height >> distance);
            }
        }

        var height = LikelyBest >> (sizes.Length - 1 - rank);
        return (height * 16 / 9, height);
    }

    /// <summary>Which of so many resolutions, 0 the lowest, a wish names.</summary>
    internal static int RankOf(LayerWish wish, int count) => wish switch
    {
        LayerWish.Low => 0,
        LayerWish.Middle => Math.Min(count / 2, count - 1),
        _ => count - 1,
    };

    private static int Nearest(int wished, uint active)
    {
        var upToWished = active & ((2u << wished) - 1);
        if (upToWished != 0)
        {
            return BitOperations.Log2(upToWished);
        }

        return active != 0 ? BitOperations.TrailingZeroCount(active) : wished;
    }
}
