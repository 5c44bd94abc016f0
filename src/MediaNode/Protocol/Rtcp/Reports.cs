using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Rtcp;

/// <summary>What a receiver says about one source (RFC 3550 section 6.4.1).</summary>
/// <param name="FractionLost">Lost since the last report, in 1/256.</param>
/// <param name="CumulativeLost">Lost since the beginning, signed 24 bits.</param>
/// <param name="ExtendedHighestSequence">Cycles in the upper 16 bits.</param>
/// <param name="Jitter">In ticks of the RTP clock.</param>
/// <param name="LastSenderReport">Middle 32 bits of the NTP time in the last sender report; 0 before the first.</param>
/// <param name="DelaySinceLastSenderReport">In 1/65536 s; 0 before the first.</param>
public readonly record struct ReportBlock(
    uint Ssrc,
    byte FractionLost,
    int CumulativeLost,
    uint ExtendedHighestSequence,
    uint Jitter,
    uint LastSenderReport,
    uint DelaySinceLastSenderReport)
{
    public const int Length = 24;

    internal static ReportBlock Read(ReadOnlySpan<byte> data) => new(
        BinaryPrimitives.ReadUInt32BigEndian(data),
        data[4],
        BinaryPrimitives.ReadInt32BigEndian(data[4..]) << 8 >> 8,
        BinaryPrimitives.ReadUInt32BigEndian(data[8..]),
        BinaryPrimitives.ReadUInt32BigEndian(data[12..]),
        BinaryPrimitives.ReadUInt32BigEndian(data[16..]),
        BinaryPrimitives.ReadUInt32BigEndian(data[20..]));

    internal void Write(Span<byte> data)
    {
        var lost = Math.Clamp(CumulativeLost, -0x80_0000, 0x7F_FFFF) & 0xFF_FFFF;
        BinaryPrimitives.WriteUInt32BigEndian(data, Ssrc);
        BinaryPrimitives.WriteUInt32BigEndian(data[4..], ((uint)FractionLost << 24) | (uint)lost);
        BinaryPrimitives.WriteUInt32BigEndian(data[8..], ExtendedHighestSequence);
        BinaryPrimitives.WriteUInt32BigEndian(data[12..], Jitter);
        BinaryPrimitives.WriteUInt32BigEndian(data[16..], LastSenderReport);
        BinaryPrimitives.WriteUInt32BigEndian(data[20..], DelaySinceLastSenderReport);
    }
}

/// <summary>The report blocks of a sender or receiver report, read where they lie.</summary>
public readonly ref struct ReportBlocks
{
    private readonly ReadOnlySpan<byte> _data;

    internal ReportBlocks(ReadOnlySpan<byte> data) => _data = data;

    public int Count => _data.Length / ReportBlock.Length;

    public ReportBlock this[int index] => ReportBlock.Read(_data[(index * ReportBlock.Length)..]);
}

/// <summary>The sender's part of a sender report (RFC 3550 section 6.4.1).</summary>
/// <param name="NtpTimestamp">Wall clock of the sender, 32.32 fixed point since 1900.</param>
/// <param name="RtpTimestamp">The same moment on the stream's RTP clock.</param>
/// <param name="PacketCount">Sent since the beginning, modulo 2^32.</param>
/// <param name="OctetCount">Payload octets, without headers and padding, modulo 2^32.</param>
public readonly record struct SenderReport(uint Ssrc, ulong NtpTimestamp, uint RtpTimestamp, uint PacketCount, uint OctetCount)
{
    private const int Length = 24;

    public static bool TryRead(scoped in RtcpPacket packet, out SenderReport report)
    {
        var body = packet.Body;
        if (packet.Type != RtcpType.SenderReport || body.Length < Length + (packet.Count * ReportBlock.Length))
        {
            report = default;
            return false;
        }

        report = new(
            BinaryPrimitives.ReadUInt32BigEndian(body),
            BinaryPrimitives.ReadUInt64BigEndian(body[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(body[12..]),
            BinaryPrimitives.ReadUInt32BigEndian(body[16..]),
            BinaryPrimitives.ReadUInt32BigEndian(body[20..]));
        return true;
    }

    /// <summary>The blocks of a sender or a receiver report; none when the packet is neither or is cut short.</summary>
    public static ReportBlocks Blocks(RtcpPacket packet)
    {
        var start = packet.Type switch
        {
            RtcpType.SenderReport => Length,
            RtcpType.ReceiverReport => 4,
            _ => int.MaxValue,
        };
        var length = packet.Count * ReportBlock.Length;
        return packet.Body.Length >= (long)start + length ? new(packet.Body.Slice(start, length)) : default;
    }
}

/// <summary>Source description chunks (RFC 3550 section 6.5), of which only the canonical name is of interest.</summary>
public ref struct SourceDescriptionReader
{
    private ReadOnlySpan<byte> _rest;
    private int _chunks;

    public SourceDescriptionReader(RtcpPacket packet)
    {
        _rest = packet.Body;
        _chunks = packet.Type == RtcpType.SourceDescription ? packet.Count : 0;
    }

    /// <summary>The next chunk; its name is empty when it has none. False at the end or at a chunk that is cut short.</summary>
    public bool MoveNext(out uint ssrc, out ReadOnlySpan<byte> cname)
    {
        ssrc = 0;
        cname = default;
        if (_chunks-- <= 0 || _rest.Length < 8)
        {
            return false;
        }

        ssrc = BinaryPrimitives.ReadUInt32BigEndian(_rest);
        var position = 4;
        while (position < _rest.Length && _rest[position] != 0)
        {
            if (position + 2 > _rest.Length || position + 2 + _rest[position + 1] > _rest.Length)
            {
                return false;
            }

            if (_rest[position] == 1)
            {
                cname = _rest.Slice(position + 2, _rest[position + 1]);
            }

            position += 2 + _rest[position + 1];
        }

        // One to four zero octets end the chunk on a word border.
        _rest = _rest[Math.Min(_rest.Length, (position + 4) & ~3)..];
        return true;
    }
}

/// <summary>The sources that leave (RFC 3550 section 6.6).</summary>
public readonly ref struct Bye
{
    private readonly ReadOnlySpan<byte> _sources;

    private Bye(ReadOnlySpan<byte> sources) => _sources = sources;

    public int Count => _sources.Length / 4;

    public uint this[int index] => BinaryPrimitives.ReadUInt32BigEndian(_sources[(4 * index)..]);

    public static bool TryRead(RtcpPacket packet, out Bye bye)
    {
        var ok = packet.Type == RtcpType.Bye && packet.Body.Length >= 4 * packet.Count;
        bye = ok ? new(packet.Body[..(4 * packet.Count)]) : default;
        return ok;
    }
}
