using System.Buffers.Binary;

namespace Nexus.Gateway.Adapters.LiveKit.Protobuf;

/// <summary>
/// Reads Protocol Buffers' wire format over a span. Every method says false on bytes that break the format or a limit, and none
/// throws, whatever the bytes. What is read of one whole message is bounded: its nesting, and how many messages and map entries
/// it makes, since two bytes on the wire can ask for an object each.
/// </summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> bytes)
{
    public const int MaxDepth = 16;
    public const int MaxObjects = 16 * 1024;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _end = bytes.Length;
    private int _depth;
    private int _objects;

    public int Position { get; private set; }

    public readonly bool AtEnd => Position >= _end;

    /// <summary>What lies between an earlier position and this one.</summary>
    public readonly ReadOnlySpan<byte> Since(int position) => _bytes[position..Position];

    public bool TryReadTag(out int number, out WireType type)
    {
        bool read = TryReadVarint(out ulong tag) && tag <= uint.MaxValue && tag >> 3 != 0;
        number = (int)(tag >> 3);
        type = (WireType)(tag & 7);
        return read && type is WireType.Varint or WireType.Fixed64 or WireType.Length or WireType.Fixed32;
    }

    public bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 70 && Position < _end; shift += 7)
        {
            byte part = _bytes[Position++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return shift < 63 || part <= 1;
            }
        }

        return false;
    }

    public bool TryReadFixed32(out uint value)
    {
        bool read = TryTake(sizeof(uint), out var bytes);
        value = read ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;
        return read;
    }

    public bool TryReadFixed64(out ulong value)
    {
        bool read = TryTake(sizeof(ulong), out var bytes);
        value = read ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
        return read;
    }

    /// <summary>The content of a length-delimited field.</summary>
    public bool TryReadLength(out ReadOnlySpan<byte> content)
    {
        content = default;
        return TryReadVarint(out ulong length) && length <= int.MaxValue && TryTake((int)length, out content);
    }

    public bool TrySkip(WireType type) => type switch
    {
        WireType.Varint => TryReadVarint(out _),
        WireType.Fixed64 => TryTake(sizeof(ulong), out _),
        WireType.Fixed32 => TryTake(sizeof(uint), out _),
        WireType.Length => TryReadLength(out _),
        _ => false,
    };

    /// <summary>Goes into a nested message or map entry: the reader is at its end where that ends, until <see cref="Leave"/>.</summary>
    public bool TryEnter(out int outerEnd)
    {
        outerEnd = _end;
        if (!TryReadVarint(out ulong length) || length > (ulong)(_end - Position) || _depth == MaxDepth || _objects == MaxObjects)
        {
            return false;
        }

        _depth++;
        _objects++;
        _end = Position + (int)length;
        return true;
    }

    /// <summary>Goes into a packed repeated field.</summary>
    public bool TryEnterPacked(out int outerEnd)
    {
        outerEnd = _end;
        if (!TryReadVarint(out ulong length) || length > (ulong)(_end - Position))
        {
            return false;
        }

        _depth++;
        _end = Position + (int)length;
        return true;
    }

    public void Leave(int outerEnd)
    {
        _depth--;
        _end = outerEnd;
    }

    private bool TryTake(int count, out ReadOnlySpan<byte> taken)
    {
        if (count > _end - Position)
        {
            taken = default;
            return false;
        }

        taken = _bytes.Slice(Position, count);
        Position += count;
        return true;
    }
}
