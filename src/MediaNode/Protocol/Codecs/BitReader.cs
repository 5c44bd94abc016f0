using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>
/// Reads big-endian bit fields. Reading past the end yields zeros and sets <see cref="Overrun"/>, so that a parser checks
/// once at its end (and in loops that a hostile length could drive) rather than at every field.
/// </summary>
internal ref struct BitReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bits consumed so far; may exceed the input after an overrun.</summary>
    public int Position { get; private set; }

    public readonly int Length => _bytes.Length * 8;

    public readonly bool Overrun => Position > Length;

    /// <summary>The next <paramref name="count"/> bits, 0 to 32, most significant first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Read(int count)
    {
        ulong value = 0;
        var position = Position;
        var remaining = count;
        while (remaining > 0)
        {
            var index = position >> 3;
            uint octet = index < _bytes.Length ? _bytes[index] : 0u;
            var available = 8 - (position & 7);
            var take = Math.Min(available, remaining);
            value = (value << take) | ((octet >> (available - take)) & ((1u << take) - 1));
            position += take;
            remaining -= take;
        }

        Position = position;
        return (uint)value;
    }

    public bool ReadFlag() => Read(1) != 0;

    public void Skip(int count) => Position += count;

    /// <summary>Non-symmetric unsigned value below <paramref name="values"/> (AV1 specification, ns(n)).</summary>
    public uint ReadNonSymmetric(uint values)
    {
        var width = 0;
        for (var x = values; x != 0; x >>= 1)
        {
            width++;
        }

        var shortCodes = (1u << width) - values;
        var value = Read(width - 1);
        return value < shortCodes ? value : (value << 1) - shortCodes + Read(1);
    }

    /// <summary>Exp-Golomb ue(v) (H.264 section 9.1). A code longer than 32 bits counts as an overrun.</summary>
    public uint ReadExpGolomb()
    {
        var zeros = 0;
        while (!ReadFlag())
        {
            if (++zeros > 31 || Overrun)
            {
                Position = Length + 1;
                return 0;
            }
        }

        return (1u << zeros) - 1 + Read(zeros);
    }

    /// <summary>Exp-Golomb se(v).</summary>
    public int ReadSignedExpGolomb()
    {
        var code = ReadExpGolomb();
        return (code & 1) != 0 ? (int)((code >> 1) + 1) : -(int)(code >> 1);
    }
}
