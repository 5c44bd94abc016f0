using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>Writes one packet into a buffer of the caller, who asks <see cref="Room"/> before each chunk.</summary>
internal ref struct SctpPacketWriter
{
    private readonly Span<byte> _buffer;
    private int _lastChunk;

    public SctpPacketWriter(Span<byte> buffer, SctpOptions ports, uint verificationTag)
    {
        _buffer = buffer;
        BinaryPrimitives.WriteUInt16BigEndian(buffer, ports.LocalPort);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], ports.RemotePort);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[4..], verificationTag);
        buffer.Slice(8, 4).Clear();
        Length = SctpFormat.HeaderLength;
    }

    public int Length { get; private set; }

    public readonly bool IsEmpty => Length == SctpFormat.HeaderLength;

    /// <summary>Octets left, chunk header included.</summary>
    public readonly int Room => (_buffer.Length - Length) & ~3;

    /// <summary>Opens a chunk and returns where its value goes.</summary>
    public Span<byte> Add(ChunkType type, byte flags, int valueLength)
    {
        var length = SctpFormat.ChunkHeaderLength + valueLength;
        var padded = SctpFormat.Pad(length);
        var chunk = _buffer.Slice(Length, padded);
        chunk[0] = (byte)type;
        chunk[1] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(chunk[2..], (ushort)length);
        chunk[length..].Clear();
        _lastChunk = Length;
        Length += padded;
        return chunk.Slice(SctpFormat.ChunkHeaderLength, valueLength);
    }

    /// <summary>Sets flags of the chunk that <see cref="Add"/> opened last.</summary>
    public readonly void SetFlags(byte flags) => _buffer[_lastChunk + 1] |= flags;

    /// <summary>A chunk that was encoded before, padding included.</summary>
    public void AddRaw(scoped ReadOnlySpan<byte> chunk)
    {
        chunk.CopyTo(_buffer[Length..]);
        Length += chunk.Length;
    }

    public readonly int Complete(bool withChecksum)
    {
        if (withChecksum)
        {
            Crc32c.Write(_buffer[..Length]);
        }

        return Length;
    }
}

/// <summary>Writes parameters or causes into the value of a chunk.</summary>
internal ref struct ParameterWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    /// <summary>Octets written, padding of the last parameter included.</summary>
    public int Length { get; private set; }

    public readonly int Room => (_buffer.Length - Length) & ~3;

    public Span<byte> Add(ushort type, int valueLength)
    {
        var length = SctpFormat.ParameterHeaderLength + valueLength;
        var parameter = _buffer.Slice(Length, SctpFormat.Pad(length));
        BinaryPrimitives.WriteUInt16BigEndian(parameter, type);
        BinaryPrimitives.WriteUInt16BigEndian(parameter[2..], (ushort)length);
        parameter[length..].Clear();
        Length += parameter.Length;
        return parameter.Slice(SctpFormat.ParameterHeaderLength, valueLength);
    }

    public Span<byte> Add(ParameterType type, int valueLength) => Add((ushort)type, valueLength);

    public Span<byte> Add(SctpCause cause, int valueLength) => Add((ushort)cause, valueLength);
}
