namespace Nexus.MediaNode.Quality;

/// <summary>In which way a receiver gets more than he can use.</summary>
public enum Overrun : byte
{
    None,

    /// <summary>More is sent than the estimate allows.</summary>
    AboveEstimate,

    /// <summary>Much of what is sent does not arrive.</summary>
    NotReceived,
}

/// <summary>What goes to one receiver, at one moment. Rates in bits per second over the last second.</summary>
/// <param name="Estimate">What the path carries; null while nothing limits, and while the first probe has not ended.</param>
/// <param name="Acknowledged">What has arrived; null without transport-wide feedback.</param>
public readonly record struct EgressSample(Instant At, long Sent, long? Estimate, long? Acknowledged);

/// <summary>
/// Warns of a receiver who gets more than he can use: for <see cref="Samples"/> seconds in a row a quarter more is sent than the
/// estimate, or less than 70 % of what is sent arrives. It is over after as many seconds in which neither is so. From one sample a
/// second; sans-IO, of one thread.
/// </summary>
public sealed class OverrunMonitor
{
    public const int Samples = 3;

    /// <summary>Less is a voice, which is sent whatever the estimate says.</summary>
    private const long Little = 80_000;

    /// <summary>Samples are sometimes taken out of turn.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(900);

    private Instant _takenAt = Instant.Zero;
    private Overrun _last;
    private int _row;

    /// <summary>What is so now.</summary>
    public Overrun State { get; private set; }

    /// <summary>How often it came to that.</summary>
    public long Count { get; private set; }

    /// <summary>Takes the next sample. True when an overrun begins.</summary>
    public bool Update(in EgressSample sample)
    {
        if (sample.At - _takenAt < Least)
        {
            return false;
        }

        _takenAt = sample.At;
        var judged = Judge(sample);
        _row = judged == _last ? _row + 1 : 1;
        _last = judged;
        if (_row < Samples || judged == State)
        {
            return false;
        }

        var begins = State == Overrun.None;
        State = judged;
        Count += begins ? 1 : 0;
        return begins;
    }

    private static Overrun Judge(in EgressSample sample) =>
        sample.Sent < Little ? Overrun.None
        : sample.Sent * 4 > sample.Estimate * 5 ? Overrun.AboveEstimate
        : sample.Acknowledged * 10 < sample.Sent * 7 ? Overrun.NotReceived
        : Overrun.None;
}
