namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>Retransmission time-out (RFC 9260 section 6.3.1). A mutable struct.</summary>
internal struct RtoEstimator(SctpOptions options)
{
    private static readonly TimeSpan Granularity = TimeSpan.FromMilliseconds(1);

    private TimeSpan _variation;

    public TimeSpan Rto { get; private set; } = options.InitialRto;

    /// <summary>Zero before the first measurement.</summary>
    public TimeSpan SmoothedRoundTrip { get; private set; }

    public void Measure(TimeSpan roundTrip)
    {
        if (SmoothedRoundTrip == TimeSpan.Zero)
        {
            SmoothedRoundTrip = roundTrip;
            _variation = roundTrip / 2;
        }
        else
        {
            _variation = (_variation * 0.75) + ((SmoothedRoundTrip - roundTrip).Duration() * 0.25);
            SmoothedRoundTrip = (SmoothedRoundTrip * 0.875) + (roundTrip * 0.125);
        }

        var spread = _variation < Granularity ? Granularity : _variation;
        Rto = Clamp(SmoothedRoundTrip + (spread * 4));
    }

    /// <summary>Doubles after a time-out, until something is measured.</summary>
    public void BackOff() => Rto = Clamp(Rto * 2);

    private readonly TimeSpan Clamp(TimeSpan value) =>
        value < options.MinRto ? options.MinRto : value > options.MaxRto ? options.MaxRto : value;
}

/// <summary>A deadline that may be unset. A mutable struct.</summary>
internal struct SctpTimer()
{
    public Instant Deadline { get; private set; } = Instant.Never;

    public readonly bool IsRunning => Deadline != Instant.Never;

    public void Start(Instant now, TimeSpan delay) => Deadline = now + delay;

    public void Stop() => Deadline = Instant.Never;

    /// <summary>True once when due; it then stands still.</summary>
    public bool TryExpire(Instant now)
    {
        var due = now >= Deadline;
        if (due)
        {
            Stop();
        }

        return due;
    }
}
