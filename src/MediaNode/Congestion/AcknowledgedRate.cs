using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Congestion;

/// <summary>
/// What arrives, in bits per second, on the receiver's clock: when feedback is handled does not matter. Buckets of 50 ms, so that it
/// follows a line that has become narrow within a third of a second. A mutable struct.
/// </summary>
internal struct AcknowledgedRate
{
    private const int BucketCount = 32;
    private const long BucketMicroseconds = 50_000;
    private const int FastBuckets = 6;
    private const int SteadyBuckets = 20;
    private const int ShortBuckets = 2;

    // Further back is not reordering: the clock has been set.
    private const int FurthestBack = 10;

    private Octets _octets;
    private long _first;
    private long _current;
    private bool _started;

    /// <summary>Over the last 100 ms of arrivals: what a line carries whose queue is not empty.</summary>
    public readonly long Short => Over(ShortBuckets);

    /// <summary>Over the last 300 ms of arrivals.</summary>
    public readonly long Fast => Over(FastBuckets);

    /// <summary>Over the last second of arrivals.</summary>
    public readonly long Steady => Over(SteadyBuckets);

    public void Reset() => this = default;

    /// <summary>Since 100 ms before an arrival; 0 when that is less than 200 ms or more than a second ago.</summary>
    public readonly long Since(long arrivalMicroseconds)
    {
        var buckets = _current - (arrivalMicroseconds / BucketMicroseconds) + ShortBuckets;
        return buckets is < 2 * ShortBuckets or > SteadyBuckets ? 0 : Over((int)buckets);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(long arrivalMicroseconds, int octets)
    {
        MoveTo(arrivalMicroseconds / BucketMicroseconds);

        // One that was overtaken counts as if it came now.
        _octets[Slot(_current)] += octets;
    }

    /// <summary>Counts what must have come evenly between two arrivals, since the second is known.</summary>
    public void AddBetween(long from, long to, long octets)
    {
        MoveTo(to / BucketMicroseconds);
        var buckets = Math.Max(1, _current - (from / BucketMicroseconds) + 1);
        for (var i = 0; i < Math.Min(buckets, SteadyBuckets + 1); i++)
        {
            _octets[Slot(_current - i)] += octets / buckets;
        }
    }

    private void MoveTo(long bucket)
    {
        if (!_started || bucket < _current - FurthestBack)
        {
            this = default;
            _started = true;
            _first = _current = bucket;
        }

        if (bucket > _current)
        {
            for (var i = Math.Max(_current + 1, bucket - BucketCount + 1); i <= bucket; i++)
            {
                _octets[Slot(i)] = 0;
            }

            _current = bucket;
        }
    }

    private static int Slot(long bucket) => (int)(bucket & (BucketCount - 1));

    // Whole buckets only: the newest is still filling.
    private readonly long Over(int buckets)
    {
        var count = (int)Math.Min(buckets, _current - _first);
        long sum = 0;
        for (var i = 1; i <= count; i++)
        {
            sum += _octets[Slot(_current - i)];
        }

        return count == 0 ? 0 : sum * 8 * 1_000_000 / (count * BucketMicroseconds);
    }

    [InlineArray(BucketCount)]
    private struct Octets
    {
        private long _first;
    }
}
