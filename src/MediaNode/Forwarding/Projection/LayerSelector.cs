using System.Numerics;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>A subscriber's explicit wish, as <c>?layer=</c> and the signalling name it.</summary>
public enum LayerWish : byte
{
    Low,
    Middle,
    High,
}

/// <summary>Turns a wish into a target. Pure. What bandwidth allows is decided elsewhere and lowers the wish before.</summary>
public static class LayerSelector
{
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
            return new LayerTarget(0, (byte)Rank(wish, spatialLayers), LayerTarget.Highest);
        }

        var wished = Rank(wish, encodings);
        return LayerTarget.All(Nearest(wished, active & (uint)((1 << encodings) - 1)));
    }

    private static int Rank(LayerWish wish, int count) => wish switch
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
