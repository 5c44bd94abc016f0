using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.MediaNode.Forwarding;

/// <summary>
/// Writes the sender reports of one egress stream (RFC 3550 section 6.4.1): our wall clock against the rewritten RTP clock.
/// The relation comes from the publisher's own reports where they are known (<see cref="Align"/>), which keeps audio and video
/// in step; before that, from when packets are sent. A mutable struct; create it with its clock rate.
/// </summary>
public struct SenderReporter
{
    private readonly uint _ssrc;
    private readonly int _clockRate;
    private Instant _referenceAt;
    private uint _referenceTimestamp;
    private bool _aligned;

    /// <param name="clockRate">In Hz.</param>
    public SenderReporter(uint ssrc, int clockRate)
    {
        _ssrc = ssrc;
        _clockRate = clockRate;
    }

    /// <summary>Packets sent, repeats on another SSRC excluded.</summary>
    public long PacketsSent { get; private set; }

    /// <summary>Payload octets sent, without headers and padding.</summary>
    public long OctetsSent { get; private set; }

    /// <summary>Counts a packet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Sent(Instant now, uint timestamp, int payloadLength)
    {
        PacketsSent++;
        OctetsSent += payloadLength;
        if (!_aligned)
        {
            _referenceAt = now;
            _referenceTimestamp = timestamp;
        }
    }

    /// <summary>
    /// Says that the media sampled at an instant (of the publisher's clock put on ours) has this egress timestamp. Call on each
    /// report of the publisher, and when the source switches.
    /// </summary>
    public void Align(Instant at, uint timestamp)
    {
        _aligned = true;
        _referenceAt = at;
        _referenceTimestamp = timestamp;
    }

    /// <summary>
    /// The source switched to one whose reports are not known yet: go by packets again.
    /// </summary>
    public void Unalign() => _aligned = false;

    /// <summary>A report for now; false before the first packet, when there is nothing to relate.</summary>
    public readonly bool TryReport(Instant now, NtpClock clock, out SenderReport report)
    {
        var elapsed = (long)((Int128)(now.Nanoseconds - _referenceAt.Nanoseconds) * _clockRate / 1_000_000_000);
        report = new(_ssrc, clock.ToNtp(now), _referenceTimestamp + (uint)elapsed, (uint)PacketsSent, (uint)OctetsSent);
        return PacketsSent > 0;
    }
}

/// <summary>
/// Round-trip time to one peer, smoothed as TCP does (RFC 6298: 1/8), from report blocks or DLRR. A mutable struct.
/// </summary>
public struct RoundTripEstimator
{
    /// <summary>Assumed until measured.</summary>
    public static readonly TimeSpan Initial = TimeSpan.FromMilliseconds(100);

    private TimeSpan _smoothed;

    public readonly bool IsMeasured => _smoothed != TimeSpan.Zero;

    public readonly TimeSpan Value => IsMeasured ? _smoothed : Initial;

    /// <summary>Takes the echo of a report of ours; ignored when the peer has had none.</summary>
    /// <param name="lastReport">LSR, or LRR.</param>
    /// <param name="delay">DLSR, or DLRR, in 1/65536 s.</param>
    public void Handle(Instant now, NtpClock clock, uint lastReport, uint delay)
    {
        if (clock.RoundTripTime(now, lastReport, delay) is { } sample)
        {
            _smoothed = IsMeasured ? _smoothed + ((sample - _smoothed) / 8) : sample;
        }
    }
}
