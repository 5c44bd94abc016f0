using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtp;

/// <summary>
/// The fixed header of an RTP packet (RFC 3550 section 5.1) and where its parts lie. Holds offsets instead of spans, so that it
/// can be kept beside a packet in pooled memory. All lengths are in octets.
/// </summary>
public readonly record struct RtpHeader
{
    /// <summary>Of the first octet: padding octets end the packet, the last of them says how many.</summary>
    public const byte PaddingBit = 0x20;

    public const int FixedLength = 12;

    public bool Marker { get; init; }

    public byte PayloadType { get; init; }

    public ushort SequenceNumber { get; init; }

    public uint Timestamp { get; init; }

    public uint Ssrc { get; init; }

    /// <summary>The 16 bits "defined by profile" in front of the extension block; 0 when there is none.</summary>
    public ushort ExtensionProfile { get; init; }

    /// <summary>Where the elements of the extension block start, after its own four octets.</summary>
    public ushort ExtensionOffset { get; init; }

    /// <summary>Length of the elements; a multiple of four.</summary>
    public ushort ExtensionLength { get; init; }

    public ushort PayloadOffset { get; init; }

    /// <summary>Without padding. Zero for a packet that is padding only.</summary>
    public ushort PayloadLength { get; init; }

    /// <summary>Padding including its count octet.</summary>
    public byte PaddingLength { get; init; }

    /// <summary>
    /// Reads the header of a decrypted packet. <see cref="DropReason.RtpMalformed"/> for anything whose lengths do not add up;
    /// never throws.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static DropReason TryParse(ReadOnlySpan<byte> packet, out RtpHeader header)
    {
        header = default;
        if (packet.Length is < FixedLength or > ushort.MaxValue || packet[0] >> 6 != 2)
        {
            return DropReason.RtpMalformed;
        }

        var first = packet[0];
        var offset = FixedLength + (4 * (first & 0x0F));
        ushort profile = 0;
        var extensionOffset = 0;
        var extensionLength = 0;
        if ((first & 0x10) != 0)
        {
            if (packet.Length < offset + 4)
            {
                return DropReason.RtpMalformed;
            }

            profile = BinaryPrimitives.ReadUInt16BigEndian(packet[offset..]);
            extensionLength = 4 * BinaryPrimitives.ReadUInt16BigEndian(packet[(offset + 2)..]);
            extensionOffset = offset + 4;
            offset = extensionOffset + extensionLength;
        }

        var padding = (first & PaddingBit) != 0 ? packet[^1] : 0;
        if (offset + padding > packet.Length || ((first & PaddingBit) != 0 && padding == 0))
        {
            return DropReason.RtpMalformed;
        }

        header = new RtpHeader
        {
            Marker = (packet[1] & 0x80) != 0,
            PayloadType = (byte)(packet[1] & 0x7F),
            SequenceNumber = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]),
            Timestamp = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]),
            Ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]),
            ExtensionProfile = profile,
            ExtensionOffset = (ushort)extensionOffset,
            ExtensionLength = (ushort)extensionLength,
            PayloadOffset = (ushort)offset,
            PayloadLength = (ushort)(packet.Length - offset - padding),
            PaddingLength = (byte)padding,
        };
        return DropReason.None;
    }

    /// <summary>The SSRC of a packet of at least twelve octets, encrypted or not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ReadSsrc(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
}
