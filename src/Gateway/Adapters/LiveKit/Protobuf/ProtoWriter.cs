using System.Buffers.Binary;
using System.Text;

namespace Nexus.Gateway.Adapters.LiveKit.Protobuf;

/// <summary>Writes Protocol Buffers' wire format into a buffer that grows.</summary>
internal sealed class ProtoWriter
{
    private byte[] _buffer = new byte[256];
    private int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public void WriteTag(int number, WireType type) => WriteVarint(((uint)number << 3) | (uint)type);

    public void WriteVarint(ulong value)
    {
        var free = Reserve(10);
        int count = 0;
        for (; value >= 0x80; value >>= 7)
        {
            free[count++] = (byte)(value | 0x80);
        }

        free[count++] = (byte)value;
        _length += count;
    }

    public void WriteFixed32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Reserve(sizeof(uint)), value);
        _length += sizeof(uint);
    }

    public void WriteFixed64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Reserve(sizeof(ulong)), value);
        _length += sizeof(ulong);
    }

    public void WriteRaw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _length += bytes.Length;
    }

    public void WriteLength(ReadOnlySpan<byte> content)
    {
        WriteVarint((ulong)content.Length);
        WriteRaw(content);
    }

    public void WriteString(string value)
    {
        int count = Encoding.UTF8.GetByteCount(value);
        WriteVarint((ulong)count);
        _length += Encoding.UTF8.GetBytes(value, Reserve(count));
    }

    /// <summary>Begins a nested message, whose length is not known yet; <see cref="End"/> puts it in front.</summary>
    public int Begin() => _length;

    public void End(int start)
    {
        int count = _length - start;
        int prefix = 1;
        for (int rest = count; rest >= 0x80; rest >>= 7)
        {
            prefix++;
        }

        Reserve(prefix);
        _buffer.AsSpan(start, count).CopyTo(_buffer.AsSpan(start + prefix));
        _length = start;
        WriteVarint((ulong)count);
        _length += count;
    }

    private Span<byte> Reserve(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        }

        return _buffer.AsSpan(_length);
    }
}
