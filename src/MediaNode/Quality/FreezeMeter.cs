using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Quality;

/// <summary>
/// Infers how often and how long one subscriber's picture stood still. A freeze of our making: nothing of a picture has left for a
/// subscriber who was to have it for longer than <see cref="Threshold"/>, while packets of the publisher's came. What begins (no picture
/// has left yet since it was bound, or since a pause) is none, nor is the publisher's own silence. A likely freeze: a report of the subscriber
/// says that a fifth of at least <see cref="Evidence"/> packets is missing; in a row of such reports it is one. A mutable struct of one thread.
/// </summary>
public struct FreezeMeter
{
    /// <summary>Fewer packets say nothing about loss.</summary>
    public const int Evidence = 10;

    private const int ClockRate = 90_000;

    // Of a publisher of one picture in two seconds; with longer steps, it is he who pauses.
    private const uint LongestInterval = 2 * ClockRate;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);

    private Instant _leftAt;
    private Instant _offeredAt;
    private uint _timestamp;
    private int _interval;
    private bool _isFlowing;
    private bool _isLossy;

    /// <summary>Those that are over, and the one that lasts.</summary>
    public long Count { get; private set; }

    /// <summary>Of those that are over, from the last packet before to the first after.</summary>
    public TimeSpan Frozen { get; private set; }

    /// <summary>Those that are over.</summary>
    public long Ended { get; private set; }

    public long Likely { get; private set; }

    /// <summary>It stands still.</summary>
    public bool IsFrozen { get; private set; }

    /// <summary>Half a second, or three of the pictures' intervals where those are long.</summary>
    public readonly TimeSpan Threshold => 3 * Interval is var three && three > Shortest ? three : Shortest;

    private readonly TimeSpan Interval => TimeSpan.FromTicks(_interval * TimeSpan.TicksPerSecond / ClockRate);

    /// <summary>The publisher has sent something of a picture, in whatever layer. To be called before what is forwarded of it.</summary>
    /// <returns>True when a freeze began.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool HandleOffered(Instant now)
    {
        var before = _offeredAt;
        _offeredAt = now;
        return _isFlowing && now - _leftAt > Shortest && Stand(now, before);
    }

    /// <summary>A packet of a picture has left.</summary>
    /// <param name="timestamp">Of RTP, at 90 kHz, as the subscriber sees it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void HandleLeft(Instant now, uint timestamp)
    {
        if (timestamp != _timestamp)
        {
            Learn(timestamp);
        }

        if (IsFrozen)
        {
            End(now);
        }

        (_leftAt, _isFlowing) = (now, true);
    }

    /// <summary>Nothing is to flow, or something else from now on: paused, disconnected, bound anew.</summary>
    public void Pause(Instant now)
    {
        if (IsFrozen)
        {
            End(now);
        }

        _isFlowing = false;
        _interval = 0;
    }

    /// <summary>Takes one report block, of packets since the block before.</summary>
    /// <returns>True when a likely freeze began.</returns>
    public bool HandleReport(long expected, long lost)
    {
        if (expected < Evidence)
        {
            return false;
        }

        var wasLossy = _isLossy;
        _isLossy = lost * 5 >= expected;
        Likely += _isLossy && !wasLossy ? 1 : 0;
        return _isLossy && !wasLossy;
    }

    /// <param name="before">When the publisher sent something before.</param>
    private bool Stand(Instant now, Instant before)
    {
        if (now - before > Threshold)
        {
            // He did not send himself: from here on it is ours again.
            if (IsFrozen)
            {
                End(before);
            }

            _leftAt = now;
            return false;
        }

        if (IsFrozen || now - _leftAt <= Threshold)
        {
            return false;
        }

        IsFrozen = true;
        Count++;
        return true;
    }

    private void End(Instant at)
    {
        IsFrozen = false;
        Ended++;
        Frozen += at > _leftAt ? at - _leftAt : TimeSpan.Zero;
    }

    /// <summary>An interval is taken at once at first, then an eighth of each new one; packets that were overtaken say nothing.</summary>
    private void Learn(uint timestamp)
    {
        var step = timestamp - _timestamp;
        _timestamp = timestamp;
        if (step <= LongestInterval && _isFlowing)
        {
            _interval = _interval == 0 ? (int)step : _interval + (((int)step - _interval) / 8);
        }
    }
}
