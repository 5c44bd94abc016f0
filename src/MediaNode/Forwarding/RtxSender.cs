using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Forwarding;

/// <summary>
/// The stream that carries one subscription's repeats (RFC 4588): own SSRC, own payload type, own numbering, and with it an
/// SRTP index of its own. A mutable struct.
/// </summary>
public struct RtxSender
{
    private long _next;

    /// <param name="firstSequence">0-65535, best random below 2^15.</param>
    public RtxSender(uint ssrc, long firstSequence)
    {
        Ssrc = ssrc;
        _next = firstSequence;
    }

    public uint Ssrc { get; }

    /// <summary>Repeats sent, probes included.</summary>
    public long PacketsSent { get; private set; }

    /// <summary>Octets of payload, the original numbers included.</summary>
    public long OctetsSent { get; private set; }

    /// <summary>Number for the next repeat, extended: the low 16 bits go into the header, the rest is SRTP's rollover counter.</summary>
    public long Next(int payloadLength)
    {
        PacketsSent++;
        OctetsSent += payloadLength;
        return _next++;
    }

    /// <summary>
    /// Writes the header of a repeat and the original number behind it. Returns the length of both: the original payload goes
    /// there.
    /// </summary>
    /// <param name="writer">Begun with this stream's SSRC, number and payload type; extensions are added.</param>
    public static int Complete(ref RtpHeaderWriter writer, Span<byte> destination, long originalSequence)
    {
        var length = writer.Complete();
        Rtx.WriteOriginalSequence(destination[length..], (ushort)originalSequence);
        return length + Rtx.OverheadLength;
    }
}
