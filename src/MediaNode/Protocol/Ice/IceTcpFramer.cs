using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Ice;

/// <summary>
/// Cuts the byte stream of one ICE-TCP connection into packets (RFC 4571: two octets of length before each). Fill
/// <see cref="Free"/>, call <see cref="Advance"/>, then <see cref="TryRead"/> until false. A linear buffer, allocated once.
/// </summary>
public sealed class IceTcpFramer
{
    /// <summary>Longest packet taken: what a UDP path would carry, and some. A longer one ends the connection.</summary>
    public const int MaxFrame = 2048;

    public const int HeaderLength = 2;
    private const int Capacity = 4 * (MaxFrame + HeaderLength);

    private readonly byte[] _buffer = new byte[Capacity];
    private int _start;
    private int _end;

    /// <summary>Why the stream cannot go on, or None. Final: close the connection.</summary>
    public DropReason Error { get; private set; }

    /// <summary>Where to receive into; never empty after <see cref="TryRead"/> said false without an <see cref="Error"/>.</summary>
    public Memory<byte> Free
    {
        get
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                _end -= _start;
                _start = 0;
            }

            return _buffer.AsMemory(_end);
        }
    }

    /// <summary>No part of a frame waits for its rest.</summary>
    public bool IsEmpty => _start == _end;

    public void Advance(int received)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)received, (uint)(_buffer.Length - _end), nameof(received));
        _end += received;
    }

    /// <summary>The next packet, valid until <see cref="Free"/> is read; it may be changed in place. Empty frames are skipped.</summary>
    public bool TryRead(out Span<byte> packet)
    {
        packet = default;
        while (Error == DropReason.None && _end - _start >= HeaderLength)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(_start));
            if (length > MaxFrame)
            {
                Error = DropReason.TcpFrameTooLong;
                return false;
            }

            if (_end - _start < HeaderLength + length)
            {
                return false;
            }

            packet = _buffer.AsSpan(_start + HeaderLength, length);
            _start += HeaderLength + length;
            if (length > 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Writes the length of a packet that follows.</summary>
    public static void WriteHeader(Span<byte> destination, int packetLength) =>
        BinaryPrimitives.WriteUInt16BigEndian(destination, checked((ushort)packetLength));
}
