using System.Numerics;
using System.Runtime.InteropServices;

namespace Nexus.MediaNode.Collections;

/// <summary>
/// A bounded queue for many writers and one reader, without locks and without allocation: each cell carries the ticket of its
/// next use (D. Vyukov's bounded queue). Full means refused: the writer decides what that costs.
/// </summary>
public sealed class BoundedRing<T>
{
    private readonly Cell[] _cells;
    private readonly int _mask;
    private RingEnds _ends;

    /// <param name="capacity">Rounded up to a power of two.</param>
    public BoundedRing(int capacity)
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, capacity));
        _cells = new Cell[size];
        _mask = size - 1;
        for (var i = 0; i < size; i++)
        {
            _cells[i].Ticket = i;
        }
    }

    public int Capacity => _cells.Length;

    /// <summary>How many wait; exact only for the reader, and at least that many.</summary>
    public int Count => (int)Math.Max(0, Volatile.Read(ref _ends.Tail) - Volatile.Read(ref _ends.Head));

    /// <summary>Any thread. False when full.</summary>
    public bool TryWrite(T item)
    {
        while (true)
        {
            var tail = Volatile.Read(ref _ends.Tail);
            ref var cell = ref _cells[(int)tail & _mask];
            var difference = Volatile.Read(ref cell.Ticket) - tail;
            if (difference == 0)
            {
                if (Interlocked.CompareExchange(ref _ends.Tail, tail + 1, tail) == tail)
                {
                    cell.Item = item;
                    Volatile.Write(ref cell.Ticket, tail + 1);
                    return true;
                }
            }
            else if (difference < 0)
            {
                return false;
            }
        }
    }

    /// <summary>The one reader's thread only.</summary>
    public bool TryRead(out T item)
    {
        var head = _ends.Head;
        ref var cell = ref _cells[(int)head & _mask];
        if (Volatile.Read(ref cell.Ticket) != head + 1)
        {
            item = default!;
            return false;
        }

        item = cell.Item;
        cell.Item = default!;
        Volatile.Write(ref cell.Ticket, head + _cells.Length);
        Volatile.Write(ref _ends.Head, head + 1);
        return true;
    }

    private struct Cell
    {
        public long Ticket;
        public T Item;
    }
}

/// <summary>A ring's two ends on cache lines of their own, so that reader and writers don't disturb each other.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct RingEnds
{
    [FieldOffset(64)]
    public long Head;
    [FieldOffset(128)]
    public long Tail;
}
