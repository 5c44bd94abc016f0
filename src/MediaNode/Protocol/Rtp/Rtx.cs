using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtp;

/// <summary>
/// Retransmission payload format (RFC 4588): the payload is the original sequence number and then the original payload; the
/// header is the retransmission stream's own, but for the timestamp and marker.
/// </summary>
public static class Rtx
{
    /// <summary>Octets of the original sequence number (OSN).</summary>
    public const int OverheadLength = 2;

    /// <summary>
    /// Turns a repeat back into the packet it repeats, in place: afterwards the original is <c>packet[OverheadLength..]</c>,
    /// parsed as <paramref name="original"/>. <see cref="DropReason.Padding"/> for a probe without payload,
    /// <see cref="DropReason.RtpMalformed"/> for a payload too short to hold the number.
    /// </summary>
    /// <param name="header">Of <paramref name="packet"/>, parsed before.</param>
    /// <param name="payloadType">The type that the repeat's type is <c>apt</c> for.</param>
    /// <param name="ssrc">Of the stream that is repeated.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static DropReason TryDecapsulate(
        Span<byte> packet, in RtpHeader header, byte payloadType, uint ssrc, out RtpHeader original)
    {
        original = default;
        if (header.PayloadLength < OverheadLength)
        {
            return header.PayloadLength == 0 ? DropReason.Padding : DropReason.RtpMalformed;
        }

        var sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[header.PayloadOffset..]);

        // The header moves up over the two octets; the payload stays where it is.
        packet[..header.PayloadOffset].CopyTo(packet[OverheadLength..]);
        var restored = packet[OverheadLength..];
        restored[1] = (byte)((restored[1] & 0x80) | payloadType);
        BinaryPrimitives.WriteUInt16BigEndian(restored[2..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(restored[8..], ssrc);
        original = header with
        {
            PayloadType = payloadType,
            SequenceNumber = sequence,
            Ssrc = ssrc,
            PayloadLength = (ushort)(header.PayloadLength - OverheadLength),
        };
        return DropReason.None;
    }

    /// <summary>Writes the original sequence number in front of the payload, right after a finished header.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteOriginalSequence(Span<byte> payload, ushort sequence) =>
        BinaryPrimitives.WriteUInt16BigEndian(payload, sequence);
}
