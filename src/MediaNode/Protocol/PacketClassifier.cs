using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol;

/// <summary>What a datagram is, by its first octets (RFC 7983 section 7).</summary>
public enum PacketKind : byte
{
    Unknown = 0,
    Stun,
    Dtls,
    TurnChannel,

    /// <summary>RTP, plain or SRTP.</summary>
    Rtp,

    /// <summary>RTCP, plain or SRTCP.</summary>
    Rtcp,
}

/// <summary>
/// Tells the protocols apart that share one transport: RFC 7983 by the first octet, RTP from RTCP by the second
/// (RFC 5761 section 4: RTCP packet types 192-223 are never RTP payload types with marker). Looks at nothing else: what it
/// names is not yet well-formed.
/// </summary>
public static class PacketClassifier
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PacketKind Classify(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length < 2)
        {
            return PacketKind.Unknown;
        }

        var first = datagram[0];
        if ((first & 0xC0) == 0x80)
        {
            return (datagram[1] & 0xE0) == 0xC0 ? PacketKind.Rtcp : PacketKind.Rtp;
        }

        return first switch
        {
            <= 3 => PacketKind.Stun,
            >= 20 and <= 63 => PacketKind.Dtls,
            >= 64 and <= 79 => PacketKind.TurnChannel,
            _ => PacketKind.Unknown,
        };
    }
}
