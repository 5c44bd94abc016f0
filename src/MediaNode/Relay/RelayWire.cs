using System.Buffers.Binary;
using System.Text;

namespace Nexus.MediaNode.Relay;

/// <summary>Writes the fields of a message between two ends of a link one after the other; big endian, texts in UTF-8 behind their length.</summary>
internal ref struct RelayWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _destination[..Length];

    public void Octet(int value) => _destination[Length++] = (byte)value;

    public void Flag(bool value) => Octet(value ? 1 : 0);

    public void UInt16(int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_destination[Length..], (ushort)value);
        Length += 2;
    }

    public void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_destination[Length..], value);
        Length += 4;
    }

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_destination[Length..], value);
        Length += 8;
    }

    public void Text(string text)
    {
        var length = Encoding.UTF8.GetBytes(text, _destination[(Length + 2)..]);
        UInt16(length);
        Length += length;
    }

    public void Octets(scoped ReadOnlySpan<byte> octets)
    {
        UInt16(octets.Length);
        octets.CopyTo(_destination[Length..]);
        Length += octets.Length;
    }
}

/// <summary>Reads them. What is not there reads as nothing, and <see cref="IsMalformed"/> says so in the end.</summary>
internal ref struct RelayReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    public bool IsMalformed { get; private set; }

    public int Octet() => Take(1) is [var value] ? value : 0;

    public bool Flag() => Octet() != 0;

    public int UInt16() => Take(2) is { IsEmpty: false } octets ? BinaryPrimitives.ReadUInt16BigEndian(octets) : 0;

    public uint UInt32() => Take(4) is { IsEmpty: false } octets ? BinaryPrimitives.ReadUInt32BigEndian(octets) : 0;

    public long Int64() => Take(8) is { IsEmpty: false } octets ? BinaryPrimitives.ReadInt64BigEndian(octets) : 0;

    public string Text() => Encoding.UTF8.GetString(Octets());

    public ReadOnlySpan<byte> Octets() => Take(UInt16());

    /// <summary>A count of things that follow, each of at least an octet.</summary>
    public int Count(int most)
    {
        var count = Octet();
        IsMalformed |= count > most;
        return IsMalformed ? 0 : count;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length)
        {
            IsMalformed = true;
            _rest = default;
            return default;
        }

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
