using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtcp;

/// <summary>
/// Appends RTCP packets to one datagram in the caller's memory. Every method writes a whole packet or, when there is no room,
/// nothing and returns false. A compound starts with a report (RFC 3550 section 6.1); peers that negotiated
/// <c>a=rtcp-rsize</c> take feedback alone (RFC 5506).
/// </summary>
public ref struct RtcpWriter
{
    private readonly Span<byte> _destination;

    public RtcpWriter(Span<byte> destination) => _destination = destination;

    /// <summary>Length of the datagram so far.</summary>
    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _destination[..Length];

    /// <summary>What is still free, for a writer of its own kind; follow with <see cref="Advance"/>.</summary>
    public readonly Span<byte> Free => _destination[Length..];

    /// <summary>Accounts for a packet that was written into <see cref="Free"/>.</summary>
    public void Advance(int length) => Length += length;

    /// <summary>At most 31 blocks.</summary>
    public bool SenderReport(scoped in SenderReport report, scoped ReadOnlySpan<ReportBlock> blocks = default)
    {
        if (!TryBegin(RtcpType.SenderReport, blocks.Length, 24 + (blocks.Length * ReportBlock.Length), out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, report.Ssrc);
        BinaryPrimitives.WriteUInt64BigEndian(body[4..], report.NtpTimestamp);
        BinaryPrimitives.WriteUInt32BigEndian(body[12..], report.RtpTimestamp);
        BinaryPrimitives.WriteUInt32BigEndian(body[16..], report.PacketCount);
        BinaryPrimitives.WriteUInt32BigEndian(body[20..], report.OctetCount);
        WriteBlocks(body[24..], blocks);
        return true;
    }

    /// <summary>At most 31 blocks; none is how a compound without anything to report starts.</summary>
    public bool ReceiverReport(uint senderSsrc, scoped ReadOnlySpan<ReportBlock> blocks = default)
    {
        if (!TryBegin(RtcpType.ReceiverReport, blocks.Length, 4 + (blocks.Length * ReportBlock.Length), out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        WriteBlocks(body[4..], blocks);
        return true;
    }

    /// <summary>A source description with one chunk; the name has at most 255 octets.</summary>
    public bool CanonicalName(uint ssrc, scoped ReadOnlySpan<byte> cname)
    {
        // SSRC, item head, name, and one to four zero octets.
        if (cname.Length > 255 || !TryBegin(RtcpType.SourceDescription, 1, (4 + 2 + cname.Length + 4) & ~3, out var body))
        {
            return false;
        }

        body.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        body[4] = 1;
        body[5] = (byte)cname.Length;
        cname.CopyTo(body[6..]);
        return true;
    }

    /// <summary>At most 31 sources.</summary>
    public bool Bye(scoped ReadOnlySpan<uint> sources)
    {
        if (!TryBegin(RtcpType.Bye, sources.Length, 4 * sources.Length, out var body))
        {
            return false;
        }

        for (var i = 0; i < sources.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(body[(4 * i)..], sources[i]);
        }

        return true;
    }

    public bool Pli(uint senderSsrc, uint mediaSsrc) => TryBeginFeedback(
        RtcpType.PayloadFeedback, RtcpFormat.Pli, senderSsrc, mediaSsrc, 0, out _);

    public bool Fir(uint senderSsrc, FullIntraRequest request)
    {
        // The media SSRC of the head is unused and zero (RFC 5104 section 4.3.1.2).
        if (!TryBeginFeedback(RtcpType.PayloadFeedback, RtcpFormat.Fir, senderSsrc, 0, 8, out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, request.Ssrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], (uint)request.CommandNumber << 24);
        return true;
    }

    /// <summary>
    /// A generic NACK for packets in ascending order (modulo 2^16); as many as fit together into one item are put into one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Nack(uint senderSsrc, uint mediaSsrc, scoped ReadOnlySpan<ushort> missing)
    {
        var items = 0;
        for (var i = 0; i < missing.Length; i = EndOfItem(missing, i, out _))
        {
            items++;
        }

        if (items == 0 || !TryBeginFeedback(
            RtcpType.TransportFeedback, RtcpFormat.Nack, senderSsrc, mediaSsrc, 4 * items, out var body))
        {
            return items == 0;
        }

        for (var i = 0; i < missing.Length;)
        {
            BinaryPrimitives.WriteUInt16BigEndian(body, missing[i]);
            i = EndOfItem(missing, i, out var mask);
            BinaryPrimitives.WriteUInt16BigEndian(body[2..], mask);
            body = body[4..];
        }

        return true;
    }

    /// <summary>XR with a receiver reference time block: asks a sender for DLRR.</summary>
    public bool ReceiverReferenceTime(uint senderSsrc, ulong ntp)
    {
        if (!TryBegin(RtcpType.ExtendedReport, 0, 16, out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], ((uint)ExtendedReportBlockType.ReceiverReferenceTime << 24) | 2);
        BinaryPrimitives.WriteUInt64BigEndian(body[8..], ntp);
        return true;
    }

    /// <summary>XR with a DLRR block: answers receiver reference times.</summary>
    public bool Delays(uint senderSsrc, scoped ReadOnlySpan<DelaySinceLastReceiverReport> delays)
    {
        if (!TryBegin(RtcpType.ExtendedReport, 0, 8 + (12 * delays.Length), out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(
            body[4..], ((uint)ExtendedReportBlockType.DelaySinceLastReceiverReport << 24) | (uint)(3 * delays.Length));
        for (var i = 0; i < delays.Length; i++)
        {
            var item = body[(8 + (12 * i))..];
            BinaryPrimitives.WriteUInt32BigEndian(item, delays[i].Ssrc);
            BinaryPrimitives.WriteUInt32BigEndian(item[4..], delays[i].LastReceiverReport);
            BinaryPrimitives.WriteUInt32BigEndian(item[8..], delays[i].Delay);
        }

        return true;
    }

    // The index after the last of the packets that one (PID, BLP) pair can name.
    private static int EndOfItem(scoped ReadOnlySpan<ushort> missing, int start, out ushort mask)
    {
        mask = 0;
        var next = start + 1;
        for (; next < missing.Length; next++)
        {
            var distance = (ushort)(missing[next] - missing[start]);
            if (distance is 0 or > 16)
            {
                break;
            }

            mask |= (ushort)(1 << (distance - 1));
        }

        return next;
    }

    private static void WriteBlocks(Span<byte> body, scoped ReadOnlySpan<ReportBlock> blocks)
    {
        for (var i = 0; i < blocks.Length; i++)
        {
            blocks[i].Write(body[(i * ReportBlock.Length)..]);
        }
    }

    private bool TryBeginFeedback(RtcpType type, byte format, uint senderSsrc, uint mediaSsrc, int length, out Span<byte> body)
    {
        if (!TryBegin(type, format, FeedbackHeader.Length + length, out body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], mediaSsrc);
        body = body[FeedbackHeader.Length..];
        return true;
    }

    private bool TryBegin(RtcpType type, int count, int bodyLength, out Span<byte> body)
    {
        var free = Free;
        if (count > 31 || free.Length < RtcpReader.HeaderLength + bodyLength)
        {
            body = default;
            return false;
        }

        free[0] = (byte)(0x80 | count);
        free[1] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(free[2..], (ushort)(bodyLength / 4));
        body = free.Slice(RtcpReader.HeaderLength, bodyLength);
        Length += RtcpReader.HeaderLength + bodyLength;
        return true;
    }
}
