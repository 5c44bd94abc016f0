using System.Buffers.Binary;

namespace Nexus.Fuzz;

/// <summary>
/// Makes hostile neighbours of well-formed inputs: truncated, spliced, with lying length fields and flipped bits.
/// Deterministic in its seed, and allocation-free after construction, so that hundreds of thousands run in a second.
/// </summary>
public sealed class Mutator
{
    public const int MaxLength = 4096;

    private static readonly byte[] InterestingBytes = [0, 1, 2, 3, 4, 7, 8, 0x0F, 0x10, 0x1F, 0x20, 0x3F, 0x40, 0x7F, 0x80, 0xC0, 0xFE, 0xFF];
    private static readonly ushort[] InterestingShorts = [0, 1, 2, 3, 4, 8, 0x7F, 0x80, 0xFF, 0x100, 0x5DC, 0x7FFF, 0x8000, 0xBEDE, 0x1000, 0xFFFC, 0xFFFF];

    private readonly byte[][] _seeds;
    private readonly byte[] _buffer = new byte[MaxLength];
    private readonly Random _random;
    private int _length;

    public Mutator(IEnumerable<byte[]> seeds, int seed)
    {
        _seeds = [.. seeds];
        _random = new Random(seed);
        if (_seeds.Length == 0)
        {
            throw new ArgumentException("a fuzz target needs at least one seed", nameof(seeds));
        }
    }

    /// <summary>The next input; valid until the next call.</summary>
    public ReadOnlySpan<byte> Next()
    {
        var seed = _seeds[_random.Next(_seeds.Length)];
        _length = Math.Min(seed.Length, MaxLength);
        seed.AsSpan(0, _length).CopyTo(_buffer);
        for (var rounds = 1 + _random.Next(4); rounds > 0; rounds--)
        {
            MutateOnce();
        }

        return _buffer.AsSpan(0, _length);
    }

    private void MutateOnce()
    {
        if (_length == 0)
        {
            Insert();
            return;
        }

        switch (_random.Next(10))
        {
            case 0: _buffer[At()] ^= (byte)(1 << _random.Next(8)); break;
            case 1: _buffer[At()] = (byte)_random.Next(256); break;
            case 2: _buffer[At()] = InterestingBytes[_random.Next(InterestingBytes.Length)]; break;
            case 3: WriteInterestingShort(); break;
            case 4: _buffer[At()] += (byte)(_random.Next(2) == 0 ? 1 : 255); break;
            case 5: _length = _random.Next(_length + 1); break;
            case 6: Insert(); break;
            case 7: Delete(); break;
            case 8: Splice(); break;
            default: CopyWithin(); break;
        }
    }

    private int At() => _random.Next(_length);

    private void WriteInterestingShort()
    {
        if (_length >= 2)
        {
            var value = InterestingShorts[_random.Next(InterestingShorts.Length)];
            BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(_random.Next(_length - 1)), value);
        }
    }

    private void Insert()
    {
        var count = Math.Min(1 + _random.Next(16), MaxLength - _length);
        var at = _random.Next(_length + 1);
        _buffer.AsSpan(at, _length - at).CopyTo(_buffer.AsSpan(at + count));
        _random.NextBytes(_buffer.AsSpan(at, count));
        _length += count;
    }

    private void Delete()
    {
        var at = At();
        var count = Math.Min(1 + _random.Next(16), _length - at);
        _buffer.AsSpan(at + count, _length - at - count).CopyTo(_buffer.AsSpan(at));
        _length -= count;
    }

    /// <summary>Keeps a head and goes on with the tail of another seed.</summary>
    private void Splice()
    {
        var other = _seeds[_random.Next(_seeds.Length)];
        var head = _random.Next(_length + 1);
        var from = _random.Next(other.Length + 1);
        var count = Math.Min(other.Length - from, MaxLength - head);
        other.AsSpan(from, count).CopyTo(_buffer.AsSpan(head));
        _length = head + count;
    }

    private void CopyWithin()
    {
        var from = At();
        var to = At();
        var count = Math.Min(1 + _random.Next(32), _length - Math.Max(from, to));
        _buffer.AsSpan(from, count).CopyTo(_buffer.AsSpan(to));
    }
}
