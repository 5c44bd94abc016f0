using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Receiving;

/// <summary>Bitrate over the last second, in ten buckets. A mutable struct without references.</summary>
public struct RateWindow
{
    private const int Buckets = 10;
    private const long BucketNanoseconds = 100_000_000;

    private Sums _sums;
    private long _current;
    private long _first;
    private long _total;
    private bool _started;

    /// <summary>Counts octets at a time that never goes back by more than a bucket.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Instant now, int octets)
    {
        var bucket = now.Nanoseconds / BucketNanoseconds;
        if (!_started)
        {
            _started = true;
            _first = _current = bucket;
        }

        if (bucket > _current)
        {
            Advance(bucket);
        }

        _sums[(int)(_current % Buckets)] += octets;
        _total += octets;
    }

    /// <summary>Bits per second; over less than a second at the beginning.</summary>
    public long BitsPerSecond(Instant now)
    {
        if (!_started)
        {
            return 0;
        }

        var bucket = now.Nanoseconds / BucketNanoseconds;
        if (bucket > _current)
        {
            Advance(bucket);
        }

        return _total * 8 * 10 / Math.Clamp(_current - _first + 1, 1, Buckets);
    }

    private void Advance(long bucket)
    {
        if (bucket - _current >= Buckets)
        {
            _sums = default;
            _total = 0;
        }
        else
        {
            for (var i = _current + 1; i <= bucket; i++)
            {
                ref var sum = ref _sums[(int)(i % Buckets)];
                _total -= sum;
                sum = 0;
            }
        }

        _current = bucket;
    }

    [InlineArray(Buckets)]
    private struct Sums
    {
        private long _first;
    }
}
