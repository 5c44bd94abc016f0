namespace Nexus.MediaNode.Data;

/// <summary>Writes protobuf fields one after the other; the caller has seen to it that they fit.</summary>
internal ref struct ProtobufWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _destination[..Length];

    /// <summary>Fields that were encoded before.</summary>
    public void Append(scoped ReadOnlySpan<byte> encoded)
    {
        encoded.CopyTo(_destination[Length..]);
        Length += encoded.Length;
    }

    public void Bytes(int number, scoped ReadOnlySpan<byte> content)
    {
        Begin(number, content.Length);
        Append(content);
    }

    /// <summary>The head of a field whose content of that length is appended next.</summary>
    public void Begin(int number, int length)
    {
        Varint((uint)((number << 3) | (int)WireType.Bytes));
        Varint((uint)length);
    }

    public void Varint(int number, uint value)
    {
        Varint((uint)((number << 3) | (int)WireType.Varint));
        Varint(value);
    }

    /// <summary>Octets that <see cref="Bytes"/> takes.</summary>
    public static int SizeOfBytes(int number, int length) => SizeOf((uint)number << 3) + SizeOf((uint)length) + length;

    private static int SizeOf(uint value) => value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5;

    private void Varint(uint value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _destination[Length++] = (byte)(value | 0x80);
        }

        _destination[Length++] = (byte)value;
    }
}
