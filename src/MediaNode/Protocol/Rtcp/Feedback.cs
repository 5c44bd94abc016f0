using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtcp;

/// <summary>The two SSRCs at the start of every feedback message (RFC 4585 section 6.1).</summary>
public readonly record struct FeedbackHeader(uint SenderSsrc, uint MediaSsrc)
{
    public const int Length = 8;

    public static bool TryRead(scoped in RtcpPacket packet, out FeedbackHeader header)
    {
        var ok = packet.Type is RtcpType.TransportFeedback or RtcpType.PayloadFeedback && packet.Body.Length >= Length;
        header = ok
            ? new(BinaryPrimitives.ReadUInt32BigEndian(packet.Body), BinaryPrimitives.ReadUInt32BigEndian(packet.Body[4..]))
            : default;
        return ok;
    }
}

/// <summary>Reads the sequence numbers of a generic NACK (RFC 4585 section 6.2.1) one after the other.</summary>
public ref struct NackReader
{
    private readonly ReadOnlySpan<byte> _items;
    private int _next;
    private uint _mask;
    private ushort _packetId;

    private NackReader(ReadOnlySpan<byte> items) => _items = items;

    /// <summary>A missing packet.</summary>
    public ushort Current { get; private set; }

    public static bool TryRead(RtcpPacket packet, out FeedbackHeader header, out NackReader reader)
    {
        var ok = FeedbackHeader.TryRead(packet, out header) && packet.IsTransportFeedback(RtcpFormat.Nack);
        reader = ok ? new(packet.Body[FeedbackHeader.Length..]) : default;
        return ok;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        if (_mask == 0)
        {
            if (_next + 4 > _items.Length)
            {
                return false;
            }

            // Bit 0 is the packet itself, bit i the i-th after it.
            _packetId = BinaryPrimitives.ReadUInt16BigEndian(_items[_next..]);
            _mask = ((uint)BinaryPrimitives.ReadUInt16BigEndian(_items[(_next + 2)..]) << 1) | 1;
            _next += 4;
        }

        Current = (ushort)(_packetId + BitOperations.TrailingZeroCount(_mask));
        _mask &= _mask - 1;
        return true;
    }
}

/// <summary>Picture loss indication (RFC 4585 section 6.3.1): the media SSRC wants a keyframe.</summary>
public static class Pli
{
    public static bool TryRead(scoped in RtcpPacket packet, out FeedbackHeader header) =>
        FeedbackHeader.TryRead(packet, out header) && packet.IsPayloadFeedback(RtcpFormat.Pli);
}

/// <summary>One request of a FIR (RFC 5104 section 4.3.1). The same command number again is a repeat of the same request.</summary>
public readonly record struct FullIntraRequest(uint Ssrc, byte CommandNumber);

/// <summary>Reads the requests of a FIR packet.</summary>
public readonly ref struct FirReader
{
    private readonly ReadOnlySpan<byte> _items;

    private FirReader(ReadOnlySpan<byte> items) => _items = items;

    public int Count => _items.Length / 8;

    public FullIntraRequest this[int index] =>
        new(BinaryPrimitives.ReadUInt32BigEndian(_items[(8 * index)..]), _items[(8 * index) + 4]);

    public static bool TryRead(RtcpPacket packet, out FirReader reader)
    {
        var ok = packet.IsPayloadFeedback(RtcpFormat.Fir) && packet.Body.Length >= FeedbackHeader.Length;
        reader = ok ? new(packet.Body[FeedbackHeader.Length..]) : default;
        return ok;
    }
}

/// <summary>Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03): read only, as a fallback for old receivers.</summary>
public readonly record struct Remb(uint SenderSsrc, ulong BitsPerSecond)
{
    public static bool TryRead(scoped in RtcpPacket packet, out Remb remb)
    {
        remb = default;
        var body = packet.Body;
        if (!packet.IsPayloadFeedback(RtcpFormat.Application) || body.Length < 16 || !body.Slice(8, 4).SequenceEqual("REMB"u8))
        {
            return false;
        }

        var exponent = body[13] >> 2;
        ulong mantissa = ((uint)(body[13] & 3) << 16) | BinaryPrimitives.ReadUInt16BigEndian(body[14..]);
        if (mantissa << exponent >> exponent != mantissa)
        {
            return false;
        }

        remb = new(BinaryPrimitives.ReadUInt32BigEndian(body), mantissa << exponent);
        return true;
    }
}
