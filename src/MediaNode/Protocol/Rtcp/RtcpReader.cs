using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtcp;

/// <summary>RTCP packet types.</summary>
public enum RtcpType : byte
{
    SenderReport = 200,
    ReceiverReport = 201,
    SourceDescription = 202,
    Bye = 203,
    Application = 204,

    /// <summary>RTPFB (RFC 4585): generic NACK, transport-wide feedback.</summary>
    TransportFeedback = 205,

    /// <summary>PSFB (RFC 4585, RFC 5104): PLI, FIR, REMB.</summary>
    PayloadFeedback = 206,

    /// <summary>XR (RFC 3611).</summary>
    ExtendedReport = 207,
}

/// <summary>FMT values of <see cref="RtcpType.TransportFeedback"/> and <see cref="RtcpType.PayloadFeedback"/>.</summary>
public static class RtcpFormat
{
    public const byte Nack = 1;
    public const byte TransportWide = 15;
    public const byte Pli = 1;
    public const byte Fir = 4;

    /// <summary>Application layer feedback; REMB is one.</summary>
    public const byte Application = 15;
}

/// <summary>One packet of a compound: what its common header says, and what follows that header without padding.</summary>
public readonly ref struct RtcpPacket
{
    internal RtcpPacket(RtcpType type, byte count, ReadOnlySpan<byte> body)
    {
        Type = type;
        Count = count;
        Body = body;
    }

    public RtcpType Type { get; }

    /// <summary>Reception report count, source count, subtype or feedback format: the five bits after the padding bit.</summary>
    public byte Count { get; }

    public ReadOnlySpan<byte> Body { get; }

    public bool IsTransportFeedback(byte format) => Type == RtcpType.TransportFeedback && Count == format;

    public bool IsPayloadFeedback(byte format) => Type == RtcpType.PayloadFeedback && Count == format;
}

/// <summary>
/// Walks a decrypted RTCP datagram, compound or reduced-size (RFC 5506), packet by packet. Types that nobody handles are simply
/// skipped by the caller. Check the whole datagram with <see cref="Validate"/> before acting on any part of it.
/// </summary>
public ref struct RtcpReader
{
    public const int HeaderLength = 4;

    private readonly ReadOnlySpan<byte> _datagram;
    private int _next;

    public RtcpReader(ReadOnlySpan<byte> datagram) => _datagram = datagram;

    /// <summary>Whether version and lengths of all packets add up to the datagram.</summary>
    public static DropReason Validate(ReadOnlySpan<byte> datagram)
    {
        var reader = new RtcpReader(datagram);
        while (reader.MoveNext(out _))
        {
        }

        return datagram.IsEmpty || reader._next != datagram.Length ? DropReason.RtcpMalformed : DropReason.None;
    }

    /// <summary>The next packet; false at the end, and at the first malformed packet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool MoveNext(out RtcpPacket packet)
    {
        packet = default;
        var rest = _datagram[_next..];
        if (rest.Length < HeaderLength || rest[0] >> 6 != 2)
        {
            return false;
        }

        var length = 4 * (1 + BinaryPrimitives.ReadUInt16BigEndian(rest[2..]));
        if (length > rest.Length)
        {
            return false;
        }

        var padding = 0;
        if ((rest[0] & 0x20) != 0)
        {
            padding = rest[length - 1];
            if (padding == 0 || padding > length - HeaderLength)
            {
                return false;
            }
        }

        packet = new((RtcpType)rest[1], (byte)(rest[0] & 0x1F), rest[HeaderLength..(length - padding)]);
        _next += length;
        return true;
    }
}
