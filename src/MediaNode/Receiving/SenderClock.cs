using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Receiving;

/// <summary>
/// Puts one publisher's NTP clock on our own. All streams of a publisher share it, so that what was captured together stays
/// together (lip sync) whatever each stream's own delays are. The offset is the smallest seen lately, that is, of the report
/// that travelled fastest. One per transport.
/// </summary>
public struct SenderClock
{
    // A report that seems this much slower or faster than the others tells of a clock that was set.
    private const long Reset = 1_000_000_000;

    // How fast the estimate follows a clock that drifts: 1/32 per report.
    private const int Follow = 32;

    private long _offset;

    public bool IsKnown { get; private set; }

    /// <summary>Takes the NTP time of any sender report of the publisher when it arrives.</summary>
    /// <param name="clock">Ours, only as a common scale.</param>
    public void Handle(Instant now, ulong ntp, NtpClock clock)
    {
        var offset = now.Nanoseconds - clock.ToInstant(ntp).Nanoseconds;
        if (!IsKnown || Math.Abs(offset - _offset) > Reset)
        {
            _offset = offset;
            IsKnown = true;
        }
        else if (offset < _offset)
        {
            _offset = offset;
        }
        else
        {
            _offset += (offset - _offset) / Follow;
        }
    }

    /// <summary>When, by our clock, the publisher's clock showed this time (plus the shortest way from there to here).</summary>
    public readonly Instant ToInstant(ulong ntp, NtpClock clock) =>
        new(clock.ToInstant(ntp).Nanoseconds + _offset);
}

/// <summary>
/// What the newest sender report says of one stream: this RTP timestamp is that time. Relates the timestamps of simulcast
/// layers, whose bases are random, to each other.
/// </summary>
public struct StreamClock
{
    private readonly int _clockRate;
    private ulong _ntp;
    private uint _timestamp;

    /// <param name="clockRate">In Hz.</param>
    public StreamClock(int clockRate) => _clockRate = clockRate;

    /// <summary>Whether a report has come.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>Publisher's NTP time of the newest report.</summary>
    public readonly ulong Ntp => _ntp;

    /// <summary>Publisher's RTP timestamp at <see cref="Ntp"/>.</summary>
    public readonly uint Timestamp => _timestamp;

    public void Handle(in SenderReport report)
    {
        _ntp = report.NtpTimestamp;
        _timestamp = report.RtpTimestamp;
        IsKnown = report.NtpTimestamp != 0;
    }

    /// <summary>Publisher's NTP time of a timestamp near the newest report's (within 2^31 ticks).</summary>
    public readonly ulong NtpOf(uint timestamp)
    {
        long ticks = Wrapping.Distance(timestamp, _timestamp);
        return _ntp + (ulong)(long)(((Int128)ticks << 32) / _clockRate);
    }

    /// <summary>The stream's timestamp at a publisher's NTP time, rounded.</summary>
    public readonly uint TimestampAt(ulong ntp)
    {
        var distance = (long)(ntp - _ntp);
        return _timestamp + (uint)(long)((((Int128)distance * _clockRate) + (1L << 31)) >> 32);
    }

    /// <summary>
    /// The timestamp on this stream of what has <paramref name="timestamp"/> on another stream of the same publisher; false
    /// until both have reported.
    /// </summary>
    public readonly bool TryTranslate(in StreamClock from, uint timestamp, out uint translated)
    {
        var known = IsKnown && from.IsKnown;
        translated = known ? TimestampAt(from.NtpOf(timestamp)) : 0;
        return known;
    }
}
