using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Receiving;

/// <summary>
/// What we report back to the sender of one SSRC: loss (RFC 3550 appendix A.3), interarrival jitter (A.8), and the answer to its
/// sender reports. Repeats sent on another SSRC are not counted here, or loss would not show. Owned by one thread.
/// </summary>
public sealed class ReceiveStatistics
{
    private readonly uint _ssrc;
    private readonly int _clockRate;
    private RateWindow _rate;
    private long _base;
    private long _highest;
    private long _received;
    private long _expectedBefore;
    private long _receivedBefore;
    private long _transit;
    private bool _hasTransit;
    private uint _lastTimestamp;

    // Jitter in 1/16 of a tick, as A.8 keeps it.
    private long _jitter;

    private uint _lastSenderReport;
    private Instant _lastSenderReportAt;

    /// <param name="clockRate">Of the stream's payload type, in Hz.</param>
    public ReceiveStatistics(uint ssrc, int clockRate)
    {
        _ssrc = ssrc;
        _clockRate = clockRate;
    }

    public long PacketsReceived => _received;

    public long OctetsReceived { get; private set; }

    /// <summary>By their numbers, from the first to the highest.</summary>
    public long PacketsExpected => _base == 0 ? 0 : _highest - _base + 1;

    /// <summary>Expected minus received; repeats on the same SSRC can make it negative.</summary>
    public long PacketsLost => _base == 0 ? 0 : PacketsExpected - _received;

    public TimeSpan Jitter => TimeSpan.FromSeconds(_jitter / 16 / (double)_clockRate);

    public Instant LastReceivedAt { get; private set; }

    /// <summary>Bitrate over the last second, whole packets.</summary>
    public long BitsPerSecond(Instant now) => _rate.BitsPerSecond(now);

    /// <param name="sequence">Extended number.</param>
    /// <param name="length">Octets of the whole RTP packet.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Receive(Instant now, long sequence, uint timestamp, int length)
    {
        if (_base == 0)
        {
            _base = _highest = sequence;
        }

        // A packet sent before the first one seen, and overtaken by it, is expected too.
        _base = Math.Min(_base, sequence);
        _received++;
        OctetsReceived += length;
        LastReceivedAt = now;
        _rate.Add(now, length);
        UpdateJitter(now, timestamp, inOrder: sequence >= _highest);
        _highest = Math.Max(_highest, sequence);
    }

    public void HandleSenderReport(Instant now, in SenderReport report)
    {
        _lastSenderReport = NtpClock.Compact(report.NtpTimestamp);
        _lastSenderReportAt = now;
    }

    /// <summary>
    /// The block for our next report, with the loss since the block before; false before the first packet. Each call starts a
    /// new interval.
    /// </summary>
    public bool TryReport(Instant now, out ReportBlock block)
    {
        block = default;
        if (_base == 0)
        {
            return false;
        }

        var expected = _highest - _base + 1;
        var expectedInterval = expected - _expectedBefore;
        var lostInterval = expectedInterval - (_received - _receivedBefore);
        _expectedBefore = expected;
        _receivedBefore = _received;
        var fraction = lostInterval > 0 && expectedInterval > 0 ? Math.Min(255, (lostInterval << 8) / expectedInterval) : 0;
        var cycles = (_highest >> 16) - (_base >> 16);
        block = new(
            _ssrc,
            (byte)fraction,
            (int)Math.Clamp(expected - _received, -0x80_0000, 0x7F_FFFF),
            (uint)((cycles << 16) | (_highest & 0xFFFF)),
            (uint)(_jitter / 16),
            _lastSenderReport,
            _lastSenderReport == 0 ? 0 : NtpClock.ToCompact(now - _lastSenderReportAt));
        return true;
    }

    private void UpdateJitter(Instant now, uint timestamp, bool inOrder)
    {
        // Packets of one frame leave together: only the first of each timestamp says something about the network.
        if (!inOrder || (_hasTransit && timestamp == _lastTimestamp))
        {
            return;
        }

        var arrival = (long)((Int128)now.Nanoseconds * _clockRate / 1_000_000_000);
        var transit = arrival - timestamp;
        if (_hasTransit)
        {
            // Wraps as the timestamp does.
            var distance = Math.Abs((long)Wrapping.Distance((uint)transit, (uint)_transit));

            // A jump of more than ten seconds is a new clock, not jitter.
            if (distance < 10L * _clockRate)
            {
                _jitter += distance - ((_jitter + 8) >> 4);
            }
        }

        _hasTransit = true;
        _transit = transit;
        _lastTimestamp = timestamp;
    }
}

/// <summary>
/// Remembers when a receiver-only peer told its reference time (RRTR), and answers with DLRR so that it can measure the round
/// trip (RFC 3611 sections 4.4 and 4.5). One per transport: a peer has one clock.
/// </summary>
public struct ReferenceTimeResponder
{
    private uint _ssrc;
    private uint _time;
    private Instant _receivedAt;

    /// <summary>A reference time waits for its answer.</summary>
    public readonly bool IsPending => _time != 0;

    public void Handle(Instant now, uint ssrc, ulong ntp)
    {
        _ssrc = ssrc;
        _time = NtpClock.Compact(ntp);
        _receivedAt = now;
    }

    /// <summary>The sub-block to send, once per reference time received.</summary>
    public bool TryAnswer(Instant now, out DelaySinceLastReceiverReport delay)
    {
        var pending = IsPending;
        delay = pending ? new(_ssrc, _time, NtpClock.ToCompact(now - _receivedAt)) : default;
        _time = 0;
        return pending;
    }
}
