using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Tracks;

/// <summary>
/// The order of a track's encodings by quality. Offers list them in any order; keyframes tell their sizes. Until then
/// the offered order counts as low to high.
/// </summary>
internal sealed class EncodingRanking(int encodings)
{
    private readonly int[] _area = new int[encodings];
    private readonly int[] _byRank = [.. Enumerable.Range(0, encodings)];

    public int Count => encodings;

    public (int Width, int Height)[] Sizes { get; } = new (int, int)[encodings];

    /// <summary>Offered index of the encoding of a rank, 0 the lowest.</summary>
    public int EncodingOf(int rank) => _byRank[rank];

    /// <summary>Takes a size from a keyframe; true when it is another than was known: targets are to be selected anew.</summary>
    public bool Learn(int encoding, int width, int height)
    {
        if (Sizes[encoding] == (width, height))
        {
            return false;
        }

        Sizes[encoding] = (width, height);
        _area[encoding] = width * height;

        // Stable insertion sort of at most eight; encodings of unknown size keep their places relative to neighbours.
        for (var i = 1; i < _byRank.Length; i++)
        {
            for (var j = i; j > 0 && IsAbove(_byRank[j - 1], _byRank[j]); j--)
            {
                (_byRank[j - 1], _byRank[j]) = (_byRank[j], _byRank[j - 1]);
            }
        }

        return true;
    }

    /// <summary>The rank that a wish asks for, 0 the lowest: its best encoding, whatever bandwidth allows.</summary>
    public int RankOf(in SubscriberWish wish)
    {
        Span<(int, int)> sizes = stackalloc (int, int)[_byRank.Length];
        for (var rank = 0; rank < sizes.Length; rank++)
        {
            sizes[rank] = Sizes[_byRank[rank]];
        }

        return LayerSelector.RankOf(wish, sizes);
    }

    /// <summary>The target for a wish, in offered indexes.</summary>
    public LayerTarget Select(in SubscriberWish wish, uint active)
    {
        uint ranked = 0;
        for (var rank = 0; rank < _byRank.Length; rank++)
        {
            ranked |= ((active >> _byRank[rank]) & 1) << rank;
        }

        var target = LayerSelector.Reach(RankOf(wish), encodings, ranked);
        return target.IsPaused ? target : target with { Encoding = (sbyte)_byRank[target.Encoding] };
    }

    private bool IsAbove(int a, int b) => _area[a] != 0 && _area[b] != 0 && _area[a] > _area[b];
}
