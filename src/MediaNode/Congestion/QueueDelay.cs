using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Congestion;

/// <summary>
/// How long packets wait on the way, beyond the shortest way seen in the last 30 s (RFC 8298 section 4.2.1, RFC 6817). Of the delays of 100 ms
/// the smallest counts, so that neither jitter nor a receiver that stood still for a while looks like a queue. A mutable struct; µs.
/// </summary>
internal struct QueueDelay
{
    private const int BaseCount = 6;
    private const long BaseMicroseconds = 5_000_000;
    private const int RecentCount = 2;
    private const long RecentMicroseconds = 50_000;

    // Further back is not reordering: the clock has been set.
    private const int FurthestBack = 10;

    private Base _bases;
    private Recent _recent;
    private long _baseBucket;
    private long _recentBucket;
    private long _base;
    private Noise _noise;
    private long _current;
    private bool _started;

    /// <summary>Beyond what <see cref="Jitter"/> explains.</summary>
    public readonly long Current => Math.Max(0, _current - Jitter);

    /// <summary>How much longer than the shortest way the measure is by chance; 0 where the way is always the same.</summary>
    public readonly long Jitter => _noise.Explains;

    /// <summary>Another way, or another clock. How much chance there is on it is still likely.</summary>
    public void Reset()
    {
        var noise = _noise;
        this = default;
        _noise = noise;
        _noise.BeginAnew();
    }

    /// <summary>What was taken for a queue is the way itself.</summary>
    public void Rebase()
    {
        ((Span<long>)_bases).Fill(long.MaxValue);
        _base = _bases[Slot(_baseBucket, BaseCount)] = Lowest(_recent);
        _current = 0;
    }

    /// <param name="arrival">On the receiver's clock.</param>
    /// <param name="delay">Arrival less the time of sending; only differences mean anything.</param>
    /// <param name="isProbe">It fills the line, which tells nothing of jitter.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(long arrival, long delay, bool isProbe)
    {
        var baseBucket = arrival / BaseMicroseconds;
        var recentBucket = arrival / RecentMicroseconds;
        if (!_started || recentBucket < _recentBucket - FurthestBack)
        {
            _started = true;
            _noise.BeginAnew();
            (_baseBucket, _recentBucket, _base) = (baseBucket, recentBucket, delay);
            ((Span<long>)_bases).Fill(long.MaxValue);
            ((Span<long>)_recent).Fill(long.MaxValue);
        }

        Advance(baseBucket, recentBucket);
        ref var lowest = ref _bases[Slot(_baseBucket, BaseCount)];
        lowest = Math.Min(lowest, delay);
        _base = Math.Min(_base, delay);
        ref var recent = ref _recent[Slot(_recentBucket, RecentCount)];
        recent = Math.Min(recent, delay);
        _current = Lowest(_recent) - _base;
        if (isProbe)
        {
            _noise.Skip(_recentBucket / RecentCount);
        }
    }

    private void Advance(long baseBucket, long recentBucket)
    {
        if (recentBucket > _recentBucket)
        {
            if (recentBucket / RecentCount != _recentBucket / RecentCount)
            {
                _noise.Add(_recentBucket / RecentCount, Lowest(_recent) - _base);
            }

            for (var i = Math.Max(_recentBucket + 1, recentBucket - RecentCount + 1); i <= recentBucket; i++)
            {
                _recent[Slot(i, RecentCount)] = long.MaxValue;
            }

            _recentBucket = recentBucket;
        }

        if (baseBucket > _baseBucket)
        {
            for (var i = Math.Max(_baseBucket + 1, baseBucket - BaseCount + 1); i <= baseBucket; i++)
            {
                _bases[Slot(i, BaseCount)] = long.MaxValue;
            }

            _baseBucket = baseBucket;
            _base = Lowest(_bases);
        }
    }

    // The receiver's clock may be before its own zero.
    private static int Slot(long bucket, int count) => (int)(((bucket % count) + count) % count);

    private static long Lowest(ReadOnlySpan<long> values)
    {
        var lowest = long.MaxValue;
        foreach (var value in values)
        {
            lowest = Math.Min(lowest, value);
        }

        return lowest;
    }

    /// <summary>
    /// How far the measure strays from a straight line from one span to the next: a queue that grows or falls does not count.
    /// </summary>
    private struct Noise
    {
        // Of what is strayed on average, in tenths: from there to the lowest of half a minute.
        private const long ToLowest = 18;

        // What pictures, and not packets, do to a line.
        private const long Least = 4_000;
        private const long Most = 60_000;
        private const long MostStrayed = 50_000;

        // A long queue moves by itself.
        private const long Standing = 100_000;
        private const int Smoothing = 32;
        private const int Fewest = 6;

        private const int MostBetween = 5;

        private long _span;
        private long _skipped;
        private long _last;
        private long _before;
        private long _strays;
        private int _known;
        private int _counted;

        public readonly long Explains => _counted < Fewest ? 0 : Math.Clamp((_strays - Least) * ToLowest / 10, 0, Most);

        public void BeginAnew() => (_known, _skipped) = (0, long.MinValue);

        public void Skip(long span) => _skipped = span;

        public void Add(long span, long lowest)
        {
            // What was sent last of a probe waits until the next.
            if (span <= _skipped + 1)
            {
                return;
            }

            _known = span - _span <= MostBetween && lowest < Standing ? _known : 0;
            if (_known >= 2)
            {
                var strayed = Math.Min(Math.Abs(lowest - (2 * _last) + _before), MostStrayed);
                _counted = Math.Min(_counted + 1, Smoothing);
                _strays += (strayed - _strays) / _counted;
            }

            _known++;
            (_span, _before, _last) = (span, _last, lowest);
        }
    }

    [InlineArray(BaseCount)]
    private struct Base
    {
        private long _first;
    }

    [InlineArray(RecentCount)]
    private struct Recent
    {
        private long _first;
    }
}
