using System.Numerics;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Collections;

/// <summary>
/// A bounded queue for one writer and one reader, without locks and without allocation. Cells are written and read in place: what
/// lies in one belongs to the writer until <see cref="Publish"/>, and to the reader from then on until <see cref="Release"/>. Each
/// side looks at the other's end only when it seems to have come to it. Full means refused: the writer decides what that costs.
/// </summary>
public sealed class SpscRing<T>
    where T : struct
{
    private readonly T[] _cells;
    private readonly int _mask;
    private RingEnds _ends;
    private long _headSeen; // the writer's
    private long _tailSeen; // the reader's

    /// <param name="capacity">Rounded up to a power of two.</param>
    public SpscRing(int capacity)
    {
        _cells = new T[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, capacity))];
        _mask = _cells.Length - 1;
    }

    public int Capacity => _cells.Length;

    /// <summary>How many wait; of another thread's side it may be a moment old.</summary>
    public int Count => (int)(Volatile.Read(ref _ends.Tail) - Volatile.Read(ref _ends.Head));

    /// <summary>What lies in a cell, for whom it belongs to.</summary>
    public ref T this[int cell] => ref _cells[cell];

    /// <summary>The writer's thread only: the cell to be written next; false when no more than <paramref name="spare"/> are free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReserve(int spare, out int cell)
    {
        var tail = _ends.Tail;
        cell = (int)tail & _mask;
        if (tail - _headSeen < _cells.Length - spare)
        {
            return true;
        }

        _headSeen = Volatile.Read(ref _ends.Head);
        return tail - _headSeen < _cells.Length - spare;
    }

    /// <summary>The writer's thread only: gives the reserved cell to the reader.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Publish() => Volatile.Write(ref _ends.Tail, _ends.Tail + 1);

    /// <summary>The reader's thread only: the cell to be read next; false when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryPeek(out int cell)
    {
        var head = _ends.Head;
        cell = (int)head & _mask;
        if (head < _tailSeen)
        {
            return true;
        }

        _tailSeen = Volatile.Read(ref _ends.Tail);
        return head < _tailSeen;
    }

    /// <summary>The reader's thread only: gives the cell that was peeked at back to the writer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release() => Volatile.Write(ref _ends.Head, _ends.Head + 1);
}
