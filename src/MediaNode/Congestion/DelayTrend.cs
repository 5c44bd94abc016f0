using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Congestion;

/// <summary>
/// Whether the delay of what is sent rises (draft-ietf-rmcat-gcc-02 section 5, with the line through the last 20 groups of libwebrtc's
/// trendline in place of the Kalman filter). Packets that left together, or came in one burst after a pause, are one group.
/// </summary>
internal sealed class DelayTrend
{
    private const int Samples = 20;
    private const long GroupMicroseconds = 5_000;
    private const long BurstMicroseconds = 5_000;
    private const long LongestBurstMicroseconds = 100_000;
    private const long JumpMicroseconds = 150_000;
    private const long JumpWithin = 20_000;
    private const double Smoothing = 0.9;
    private const double Gain = 4;
    private const int MostCounted = 60;
    private const double StartThreshold = 12.5;
    private const double LowestThreshold = 6;
    private const double HighestThreshold = 600;
    private const double FallsBy = 0.039;
    private const double RisesBy = 0.0087;
    private const double FarOff = 15;
    private const double RisingForMilliseconds = 10;

    private readonly double[] _times = new double[Samples];
    private readonly double[] _delays = new double[Samples];
    private int _samples;
    private long _counted;
    private Group _group;
    private Group _last;
    private bool _hasGroup;
    private bool _hasLast;
    private long _origin;
    private double _accumulated;
    private double _smoothed;
    private double _threshold = StartThreshold;
    private double _slope;
    private double _risingFor;
    private int _risingSamples;
    private long _lastDelay;
    private long _lastSent;

    /// <summary>The delay rises, faster than chance explains.</summary>
    public bool IsRising { get; private set; }

    /// <summary>The delay falls: a queue empties.</summary>
    public bool IsFalling { get; private set; }

    public void Reset()
    {
        _hasGroup = _hasLast = false;
        ForgetLine();
        _threshold = StartThreshold;
    }

    /// <summary>Takes a packet in order of sending; one that was overtaken says nothing here. Times in µs, each of its own clock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(long sent, long arrival)
    {
        if (_hasGroup && sent < _group.FirstSent)
        {
            return;
        }

        // No queue grows by so much between two packets that left together: a route, a clock or a pause. The line starts again.
        var delay = arrival - sent;
        if (_hasGroup && Math.Abs(delay - _lastDelay) > JumpMicroseconds && sent - _lastSent < JumpWithin)
        {
            _hasGroup = _hasLast = false;
            ForgetLine();
        }

        (_lastDelay, _lastSent) = (delay, sent);
        if (!_hasGroup)
        {
            Begin(sent, arrival);
        }
        else if (Belongs(sent, arrival))
        {
            _group.LastSent = sent;
            _group.LastArrival = Math.Max(_group.LastArrival, arrival);
        }
        else
        {
            if (_hasLast)
            {
                AddGroup();
            }

            _last = _group;
            _hasLast = true;
            Begin(sent, arrival);
        }
    }

    private void Begin(long sent, long arrival)
    {
        _group = new Group { FirstSent = sent, LastSent = sent, FirstArrival = arrival, LastArrival = arrival };
        _hasGroup = true;
    }

    private bool Belongs(long sent, long arrival)
    {
        var later = arrival - _group.LastArrival;
        var burst = later <= BurstMicroseconds && later < sent - _group.LastSent && arrival - _group.FirstArrival < LongestBurstMicroseconds;
        return sent - _group.FirstSent <= GroupMicroseconds || burst;
    }

    private void AddGroup()
    {
        var apart = _group.LastArrival - _last.LastArrival;
        if (_samples == 0)
        {
            _origin = _last.LastArrival;
        }

        _accumulated += (apart - (_group.LastSent - _last.LastSent)) / 1000.0;
        _smoothed = (Smoothing * _smoothed) + ((1 - Smoothing) * _accumulated);
        if (_samples == Samples)
        {
            Array.Copy(_times, 1, _times, 0, Samples - 1);
            Array.Copy(_delays, 1, _delays, 0, Samples - 1);
            _samples--;
        }

        _times[_samples] = (_group.LastArrival - _origin) / 1000.0;
        _delays[_samples++] = _smoothed;
        _counted++;
        Judge(Math.Clamp(apart / 1000.0, 0, 100));
    }

    private void Judge(double milliseconds)
    {
        var slope = _samples == Samples ? Slope() : _slope;
        var steepness = Math.Min(_counted, MostCounted) * slope * Gain;
        if (steepness > _threshold)
        {
            _risingFor += _risingSamples == 0 ? milliseconds / 2 : milliseconds;
            _risingSamples++;
            IsRising = (_risingFor > RisingForMilliseconds && _risingSamples > 1 && slope >= _slope) || (IsRising && slope >= _slope);
            IsFalling = false;
        }
        else
        {
            _risingFor = 0;
            _risingSamples = 0;
            IsRising = false;
            IsFalling = steepness < -_threshold;
        }

        _slope = slope;
        Adapt(Math.Abs(steepness), milliseconds);
    }

    // Follows what the line does by itself, so that flows which fill the queue do not push us aside (section 5.4).
    private void Adapt(double steepness, double milliseconds)
    {
        if (steepness <= _threshold + FarOff)
        {
            var by = steepness < _threshold ? FallsBy : RisesBy;
            _threshold = Math.Clamp(_threshold + (by * (steepness - _threshold) * milliseconds), LowestThreshold, HighestThreshold);
        }
    }

    private double Slope()
    {
        double time = 0;
        double delay = 0;
        for (var i = 0; i < Samples; i++)
        {
            time += _times[i];
            delay += _delays[i];
        }

        time /= Samples;
        delay /= Samples;
        double covariance = 0;
        double variance = 0;
        for (var i = 0; i < Samples; i++)
        {
            covariance += (_times[i] - time) * (_delays[i] - delay);
            variance += (_times[i] - time) * (_times[i] - time);
        }

        return variance > 0 ? covariance / variance : 0;
    }

    private void ForgetLine()
    {
        _samples = 0;
        _counted = 0;
        _accumulated = _smoothed = _slope = _risingFor = 0;
        _risingSamples = 0;
        IsRising = IsFalling = false;
    }

    private struct Group
    {
        public long FirstSent;
        public long LastSent;
        public long FirstArrival;
        public long LastArrival;
    }
}
