using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Rtcp;

/// <summary>One sub-block of a DLRR block (RFC 3611 section 4.5): the receiver's counterpart of LSR and DLSR.</summary>
public readonly record struct DelaySinceLastReceiverReport(uint Ssrc, uint LastReceiverReport, uint Delay);

/// <summary>Block types of RFC 3611 that the node reads.</summary>
public enum ExtendedReportBlockType : byte
{
    ReceiverReferenceTime = 4,
    DelaySinceLastReceiverReport = 5,
}

/// <summary>Walks the blocks of an extended report (RFC 3611 section 2); unknown ones are for the caller to skip.</summary>
public ref struct ExtendedReportReader
{
    private ReadOnlySpan<byte> _rest;

    private ExtendedReportReader(ReadOnlySpan<byte> rest, uint ssrc)
    {
        _rest = rest;
        Ssrc = ssrc;
    }

    /// <summary>Who reports.</summary>
    public uint Ssrc { get; }

    public ExtendedReportBlockType Type { get; private set; }

    private ReadOnlySpan<byte> Block { get; set; }

    /// <summary>Sub-blocks of the current DLRR block; 0 for other blocks.</summary>
    public readonly int DelayCount => Type == ExtendedReportBlockType.DelaySinceLastReceiverReport ? Block.Length / 12 : 0;

    public static bool TryRead(RtcpPacket packet, out ExtendedReportReader reader)
    {
        var ok = packet.Type == RtcpType.ExtendedReport && packet.Body.Length >= 4;
        reader = ok ? new(packet.Body[4..], BinaryPrimitives.ReadUInt32BigEndian(packet.Body)) : default;
        return ok;
    }

    public bool MoveNext()
    {
        if (_rest.Length < 4)
        {
            return false;
        }

        var length = 4 + (4 * BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]));
        if (length > _rest.Length)
        {
            return false;
        }

        Type = (ExtendedReportBlockType)_rest[0];
        Block = _rest[4..length];
        _rest = _rest[length..];
        return true;
    }

    /// <summary>The NTP time of the current receiver reference time block.</summary>
    public readonly bool TryGetReferenceTime(out ulong ntp)
    {
        var ok = Type == ExtendedReportBlockType.ReceiverReferenceTime && Block.Length >= 8;
        ntp = ok ? BinaryPrimitives.ReadUInt64BigEndian(Block) : 0;
        return ok;
    }

    public readonly DelaySinceLastReceiverReport Delay(int index)
    {
        var item = Block[(12 * index)..];
        return new(
            BinaryPrimitives.ReadUInt32BigEndian(item),
            BinaryPrimitives.ReadUInt32BigEndian(item[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(item[8..]));
    }
}
