using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtp;

/// <summary>A decrypted RTP packet in somebody else's memory, with its parsed <see cref="RtpHeader"/>.</summary>
public readonly ref struct RtpPacketView
{
    /// <summary>Puts a packet and its header, parsed earlier, together again. The header must be this packet's.</summary>
    public RtpPacketView(ReadOnlySpan<byte> packet, scoped in RtpHeader header)
    {
        Packet = packet;
        Header = header;
    }

    public ReadOnlySpan<byte> Packet { get; }

    public RtpHeader Header { get; }

    public bool Marker => Header.Marker;

    public byte PayloadType => Header.PayloadType;

    public ushort SequenceNumber => Header.SequenceNumber;

    public uint Timestamp => Header.Timestamp;

    public uint Ssrc => Header.Ssrc;

    public bool IsPaddingOnly => Header.PayloadLength == 0;

    public ReadOnlySpan<byte> Payload => Packet.Slice(Header.PayloadOffset, Header.PayloadLength);

    /// <summary>The header extension elements (RFC 8285), in packet order.</summary>
    public HeaderExtensionEnumerator Extensions => new(Packet, Header);

    /// <inheritdoc cref="RtpHeader.TryParse"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DropReason TryParse(ReadOnlySpan<byte> packet, out RtpPacketView view)
    {
        var reason = RtpHeader.TryParse(packet, out var header);
        view = new RtpPacketView(packet, header);
        return reason;
    }
}
