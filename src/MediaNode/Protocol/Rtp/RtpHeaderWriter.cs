using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtp;

/// <summary>
/// Writes a fresh RTP header for one receiver: its payload type, numbering and SSRC, and only the extensions that it
/// negotiated, under its own ids. Starts in the one-byte form and goes over to the two-byte form when an element needs it and
/// the receiver takes both (RFC 8285 section 4.1.2); otherwise that element is left out. Contributing sources are not passed on.
/// </summary>
public ref struct RtpHeaderWriter
{
    private const int BlockStart = RtpHeader.FixedLength + 4;

    private readonly Span<byte> _destination;
    private readonly HeaderExtensionMap _map;
    private int _position;
    private bool _twoByte;

    /// <summary>
    /// Starts a header. <paramref name="destination"/> needs room for the fixed header at least; elements that do not fit are
    /// left out.
    /// </summary>
    public RtpHeaderWriter(
        Span<byte> destination, HeaderExtensionMap map, bool marker, byte payloadType, ushort sequenceNumber, uint timestamp, uint ssrc)
    {
        _destination = destination;
        _map = map;
        _position = BlockStart;
        _twoByte = map.HasTwoByteIds;
        destination[0] = 0x80;
        destination[1] = (byte)((marker ? 0x80 : 0) | payloadType);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], sequenceNumber);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], ssrc);
    }

    /// <summary>Where the two octets of the transport-wide sequence number lie, to be filled in when sent; 0 when there are none.</summary>
    public int TransportSequenceOffset { get; private set; }

    /// <summary>Where the three octets of the absolute send time lie, to be filled in when sent; 0 when there are none.</summary>
    public int AbsSendTimeOffset { get; private set; }

    /// <summary>Adds one extension; false when the receiver did not negotiate it, cannot take its length, or there is no room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Add(HeaderExtensionKind kind, scoped ReadOnlySpan<byte> data)
    {
        if (!TryReserve(kind, data.Length, out var offset))
        {
            return false;
        }

        data.CopyTo(_destination[offset..]);
        return true;
    }

    /// <summary>Adds the receiver's transport-wide sequence number (zero now, to be filled in when sent).</summary>
    public bool AddTransportSequence(ushort sequence = 0)
    {
        if (!TryReserve(HeaderExtensionKind.TransportSequence, 2, out var offset))
        {
            return false;
        }

        TransportSequenceOffset = offset;
        BinaryPrimitives.WriteUInt16BigEndian(_destination[offset..], sequence);
        return true;
    }

    /// <summary>Adds the absolute send time (zero now, to be filled in when sent).</summary>
    public bool AddAbsSendTime(uint time24 = 0)
    {
        if (!TryReserve(HeaderExtensionKind.AbsSendTime, 3, out var offset))
        {
            return false;
        }

        AbsSendTimeOffset = offset;
        HeaderExtensionValue.WriteUInt24(_destination[offset..], time24);
        return true;
    }

    /// <summary>Copies those of <paramref name="kinds"/> that the packet has and the receiver negotiated.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void CopyFrom(scoped ReadOnlySpan<byte> packet, scoped in HeaderExtensionIndex index, HeaderExtensionKinds kinds)
    {
        var bits = (kinds & index.Kinds & _map.Kinds).Bits;
        while (bits != 0)
        {
            var kind = (HeaderExtensionKind)BitOperations.TrailingZeroCount(bits);
            bits &= bits - 1;
            Add(kind, index.Get(kind, packet));
        }
    }

    /// <summary>Pads and closes the extension block. Returns the length of the whole header: the payload starts there.</summary>
    public int Complete()
    {
        if (_position == BlockStart)
        {
            return RtpHeader.FixedLength;
        }

        while ((_position & 3) != 0)
        {
            _destination[_position++] = 0;
        }

        _destination[0] |= 0x10;
        BinaryPrimitives.WriteUInt16BigEndian(
            _destination[RtpHeader.FixedLength..],
            _twoByte ? HeaderExtensionEnumerator.TwoByteProfile : HeaderExtensionEnumerator.OneByteProfile);
        BinaryPrimitives.WriteUInt16BigEndian(_destination[(RtpHeader.FixedLength + 2)..], (ushort)((_position - BlockStart) / 4));
        return _position;
    }

    private bool TryReserve(HeaderExtensionKind kind, int length, out int offset)
    {
        offset = 0;
        var id = _map.IdOf(kind);
        if (id == 0 || length > 255)
        {
            return false;
        }

        if (!_twoByte && length is 0 or > 16 && !(_map.AllowMixed && TryWiden()))
        {
            return false;
        }

        var header = _twoByte ? 2 : 1;

        // Up to three octets of padding must still fit.
        if (((_position + header + length + 3) & ~3) > _destination.Length)
        {
            return false;
        }

        if (_twoByte)
        {
            _destination[_position] = id;
            _destination[_position + 1] = (byte)length;
        }
        else
        {
            _destination[_position] = (byte)((id << 4) | (length - 1));
        }

        offset = _position + header;
        _position = offset + length;
        return true;
    }

    // Turns what is written so far into two-byte elements. Rare: only for a packet with an element of more than 16 octets.
    private bool TryWiden()
    {
        Span<byte> narrow = stackalloc byte[256];
        var length = _position - BlockStart;
        if (length > narrow.Length)
        {
            return false;
        }

        _destination[BlockStart.._position].CopyTo(narrow);
        var count = 0;
        for (var i = 0; i < length; i += 2 + (narrow[i] & 0x0F))
        {
            count++;
        }

        if (_position + count + 4 > _destination.Length)
        {
            return false;
        }

        _position = BlockStart;
        for (var i = 0; i < length;)
        {
            var data = narrow.Slice(i + 1, (narrow[i] & 0x0F) + 1);
            var id = (byte)(narrow[i] >> 4);
            _destination[_position] = id;
            _destination[_position + 1] = (byte)data.Length;
            data.CopyTo(_destination[(_position + 2)..]);
            MoveMark(id, _position + 2);
            _position += 2 + data.Length;
            i += 1 + data.Length;
        }

        _twoByte = true;
        return true;
    }

    private void MoveMark(byte id, int offset)
    {
        switch (_map.KindOf(id))
        {
            case HeaderExtensionKind.TransportSequence when TransportSequenceOffset != 0:
                TransportSequenceOffset = offset;
                break;
            case HeaderExtensionKind.AbsSendTime when AbsSendTimeOffset != 0:
                AbsSendTimeOffset = offset;
                break;
            default:
                break;
        }
    }
}
