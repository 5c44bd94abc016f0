using System.Numerics;

namespace Nexus.MediaNode.Collections;

/// <summary>A bounded ring of octets between one writing and one reading thread, without locks.</summary>
public sealed class ByteRing
{
    private readonly byte[] _bytes;
    private long _head;
    private long _tail;

    /// <param name="capacity">Rounded up to a power of two.</param>
    public ByteRing(int capacity) => _bytes = new byte[BitOperations.RoundUpToPowerOf2((uint)capacity)];

    public int Count => (int)(Volatile.Read(ref _tail) - Volatile.Read(ref _head));

    /// <summary>Writer: both parts, or nothing when they don't fit.</summary>
    public bool TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var tail = _tail;
        if (_bytes.Length - (tail - Volatile.Read(ref _head)) < first.Length + second.Length)
        {
            return false;
        }

        Copy(first, tail);
        Copy(second, tail + first.Length);
        Volatile.Write(ref _tail, tail + first.Length + second.Length);
        return true;
    }

    /// <summary>Reader: the longest contiguous part that waits.</summary>
    public ReadOnlyMemory<byte> Peek()
    {
        var start = (int)(_head & (_bytes.Length - 1));
        var count = (int)(Volatile.Read(ref _tail) - _head);
        return _bytes.AsMemory(start, Math.Min(count, _bytes.Length - start));
    }

    /// <summary>Reader: so many octets of the part peeked at are done with.</summary>
    public void Advance(int count) => Volatile.Write(ref _head, _head + count);

    private void Copy(ReadOnlySpan<byte> data, long position)
    {
        var start = (int)(position & (_bytes.Length - 1));
        var first = Math.Min(data.Length, _bytes.Length - start);
        data[..first].CopyTo(_bytes.AsSpan(start));
        data[first..].CopyTo(_bytes);
    }
}
