using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>
/// The RTP clock that one subscriber sees: source timestamps plus an offset that changes only when the source does.
/// At a change the new source is lined up with the old one by both sender reports (RFC 3550 section 6.4.1), and by the time
/// of arrival before there are reports. Egress timestamps never go back at a change.
/// </summary>
internal sealed class EgressTimeline(long initialTimestamp)
{
    /// <summary>When reports and arrival times disagree by more, the reports are wrong.</summary>
    private const double MaxDisagreementSeconds = 2;

    /// <summary>When a source's own clock jumps by more against arrival time, it was restarted. A network that stalled as long
    /// has cost the publisher its consent (RFC 7675).</summary>
    private const int MaxJumpSeconds = 30;

    /// <summary>When it goes back by more from one packet to the next, likewise. Pictures that are shown before they are sent
    /// (B-frames) go back by less, and no network turns the order round.</summary>
    private const int MaxBackSeconds = 1;

    private readonly SenderReport[] _reports = new SenderReport[EncodingActivity.MaxEncodings];
    private long _offset;
    private long _last = initialTimestamp - 1;
    private Instant _lastArrival = Instant.Never;
    private int _encoding = -1;

    private record struct SenderReport(bool Known, ulong Ntp, uint Timestamp);

    /// <summary>Hz; may change at a rebind.</summary>
    public int ClockRate { get; set; } = 90_000;

    /// <summary>The highest egress timestamp given out.</summary>
    public long Last => _last;

    public void SetSenderReport(int encoding, ulong ntp, uint timestamp) => _reports[encoding] = new(true, ntp, timestamp);

    /// <summary>The sources are gone; the egress clock runs on.</summary>
    public void ForgetSources()
    {
        Array.Clear(_reports);
        _encoding = -1;
    }

    /// <summary>The current source's latest sender report on the egress clock.</summary>
    public bool TryGetSenderReport(out ulong ntp, out uint timestamp)
    {
        ntp = 0;
        timestamp = 0;
        if (_encoding < 0 || !_reports[_encoding].Known)
        {
            return false;
        }

        ntp = _reports[_encoding].Ntp;
        timestamp = (uint)(_reports[_encoding].Timestamp + _offset);
        return true;
    }

    /// <summary>Makes <paramref name="encoding"/> the source, its packet of this timestamp the next frame.</summary>
    public void SwitchTo(int encoding, long timestamp, Instant arrival)
    {
        var next = Expected(arrival);
        if (_encoding >= 0 && TryAlign(encoding, timestamp, out var aligned)
            && Math.Abs(aligned - next) <= MaxDisagreementSeconds * ClockRate)
        {
            next = aligned;
        }

        _offset = Math.Max(next, _last + 1) - timestamp;
        _encoding = encoding;
    }

    /// <summary>The current source restarted its clock (<see cref="IsJump"/>): this packet is the next frame, by its arrival.</summary>
    public void FollowJump(long timestamp, Instant arrival)
    {
        _reports[_encoding] = default; // of the clock before
        _offset = Math.Max(Expected(arrival), _last + 1) - timestamp;
    }

    /// <summary>The egress timestamp of a packet of the current source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Map(long timestamp) => timestamp + _offset;

    /// <summary>To be called for each packet that is forwarded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Sent(long egress, Instant arrival)
    {
        if (egress > _last)
        {
            _last = egress;
            _lastArrival = arrival;
        }
    }

    /// <summary>
    /// Whether the source restarted its clock: the timestamp of its newest packet, by number, is far from where it should be.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsJump(long timestamp, Instant arrival)
    {
        var egress = Map(timestamp);
        return egress != _last
            && (egress < _last - (MaxBackSeconds * ClockRate) || Math.Abs(egress - Expected(arrival)) > (long)MaxJumpSeconds * ClockRate);
    }

    /// <summary>Where the clock should stand at <paramref name="arrival"/>.</summary>
    private long Expected(Instant arrival) =>
        _lastArrival == Instant.Never
            ? _last + 1
            : _last + ((arrival.Nanoseconds - _lastArrival.Nanoseconds) / 1000 * ClockRate / 1_000_000);

    private bool TryAlign(int encoding, long timestamp, out long egress)
    {
        egress = Map(timestamp);
        if (_encoding == encoding)
        {
            return true;
        }

        var from = _reports[_encoding];
        var to = _reports[encoding];
        if (!from.Known || !to.Known)
        {
            return false;
        }

        // Sampling time of the packet relative to the old source's report, in clock ticks. NTP counts 2^-32 s.
        var reportTicks = (long)((Int128)(long)(to.Ntp - from.Ntp) * ClockRate >> 32);
        var sinceReport = (int)((uint)timestamp - to.Timestamp);

        // Both on the 32-bit egress clock, then taken next to the last timestamp given out.
        var low = (uint)(from.Timestamp + _offset + reportTicks + sinceReport);
        egress = _last + (int)(low - (uint)_last);
        return true;
    }
}
