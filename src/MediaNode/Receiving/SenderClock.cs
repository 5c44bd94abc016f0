using Nexus.MediaNode.Protocol.Rtcp;

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
