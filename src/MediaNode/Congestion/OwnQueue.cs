using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Congestion;

/// <summary>
/// How long what we have sent would wait on a line that carries just the estimate: a keyframe is sent faster than that, leaves a queue,
/// and the queue ends by itself. One that is no longer than this speaks against nothing. A mutable struct; µs.
/// </summary>
internal struct OwnQueue
{
    private const int BucketCount = 32;
    private const long BucketMicroseconds = 50_000;

    // More is not excused, whatever was sent; nor what goes on for so long, which is no burst.
    private const long Longest = 150_000;
    private const long LongestBurst = 400_000;

    // The lowest wait of each 50 ms: as the queue is measured.
    private Waits _waits;
    private long _bucket;
    private long _waiting;
    private long _emptyAt;
    private long _updated;

    public void Reset() => this = default;

    /// <summary>Takes what leaves.</summary>
    /// <param name="bitrate">The estimate.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(Instant now, int octets, long bitrate)
    {
        var time = now.Microseconds;
        _waiting -= Math.Min(_waiting, (time - _updated) * bitrate / 8_000_000);
        _updated = time;
        if (_waiting == 0)
        {
            _emptyAt = time;
        }

        var wait = time - _emptyAt > LongestBurst ? 0 : Math.Min(_waiting * 8_000_000 / bitrate, Longest);
        MoveTo(time / BucketMicroseconds);
        ref var lowest = ref _waits[(int)(_bucket % BucketCount)];
        lowest = Math.Min(lowest, wait);
        _waiting += octets;
    }

    /// <summary>The longest wait of what was sent since; as far back as 1.5 s.</summary>
    public readonly long LongestSince(Instant since)
    {
        var longest = 0L;
        var oldest = Math.Max(since.Microseconds / BucketMicroseconds, _bucket - BucketCount + 2);
        for (var bucket = oldest; bucket <= _bucket; bucket++)
        {
            var lowest = Math.Min(_waits[(int)(bucket % BucketCount)], _waits[(int)((bucket - 1) % BucketCount)]);
            longest = lowest == long.MaxValue ? longest : Math.Max(longest, lowest);
        }

        return longest;
    }

    private void MoveTo(long bucket)
    {
        for (var i = Math.Max(_bucket + 1, bucket - BucketCount + 1); i <= bucket; i++)
        {
            _waits[(int)(i % BucketCount)] = long.MaxValue;
        }

        _bucket = bucket;
    }

    [InlineArray(BucketCount)]
    private struct Waits
    {
        private long _first;
    }
}
