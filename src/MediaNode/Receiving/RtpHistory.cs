using System.Numerics;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Receiving;

/// <summary>How an insertion into a <see cref="RtpHistory{TPacket}"/> went.</summary>
public enum HistoryInsert : byte
{
    Stored,

    /// <summary>Stored, and the packet in the <c>evicted</c> argument gave way: its memory is the caller's again.</summary>
    StoredAndEvicted,

    /// <summary>Not stored: this number is held already.</summary>
    Duplicate,

    /// <summary>Not stored: further back than the capacity.</summary>
    TooOld,
}

/// <summary>
/// The recent packets of one publisher stream, by its extended sequence numbers, for repeats towards subscribers. Knows only
/// references: packets lie in the loop's pooled memory, and every reference that leaves (evicted, expired, taken) is the
/// caller's to release. As long as its age takes of the stream, up to a bound; allocates only while it grows to that. Owned by one
/// thread.
/// </summary>
/// <typeparam name="TPacket">The loop's reference to a packet.</typeparam>
public sealed class RtpHistory<TPacket>
    where TPacket : struct
{
    private const int DefaultCapacity = 64;

    private readonly int _maxCapacity;
    private readonly TimeSpan _maxAge;
    private Entry[] _entries;
    private long _oldest;
    private long _newest;

    /// <param name="maxCapacity">Packets held at most; a power of two.</param>
    /// <param name="maxAge">How long a packet is worth keeping.</param>
    /// <param name="capacity">Packets held at first; a power of two.</param>
    public RtpHistory(int maxCapacity, TimeSpan maxAge, int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCapacity, capacity);
        ArgumentOutOfRangeException.ThrowIfNotEqual(BitOperations.IsPow2(capacity), true, nameof(capacity));
        ArgumentOutOfRangeException.ThrowIfNotEqual(BitOperations.IsPow2(maxCapacity), true, nameof(maxCapacity));
        _entries = new Entry[capacity];
        _maxCapacity = maxCapacity;
        _maxAge = maxAge;
    }

    /// <summary>Packets held now at most.</summary>
    public int Capacity => _entries.Length;

    /// <summary>How many packets are held.</summary>
    public int Count { get; private set; }

    /// <summary>Takes a packet under its extended number (positive).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public HistoryInsert Insert(Instant now, long sequence, TPacket packet, out TPacket evicted)
    {
        evicted = default;
        while (NeedsMore(now, sequence))
        {
            Grow();
        }

        if (_newest != 0 && sequence <= _newest - Capacity)
        {
            return HistoryInsert.TooOld;
        }

        ref var entry = ref _entries[Slot(sequence)];
        if (entry.Sequence == sequence)
        {
            return HistoryInsert.Duplicate;
        }

        var result = HistoryInsert.Stored;
        if (entry.Sequence != 0)
        {
            evicted = entry.Packet;
            result = HistoryInsert.StoredAndEvicted;
            Count--;
        }

        entry = new() { Sequence = sequence, ReceivedAt = now, Packet = packet };
        _oldest = Count == 0 ? sequence : Math.Min(_oldest, sequence);
        _newest = Math.Max(_newest, sequence);
        Count++;
        return result;
    }

    /// <summary>Finds a packet that is still held. The reference stays the history's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGet(long sequence, out TPacket packet)
    {
        ref var entry = ref _entries[Slot(sequence)];
        var held = sequence > 0 && entry.Sequence == sequence;
        packet = held ? entry.Packet : default;
        return held;
    }

    /// <summary>
    /// Takes out the oldest packet if it is older than the history's age, or out of reach behind a jump. Call until it returns
    /// false, now and then.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryTakeExpired(Instant now, out TPacket packet)
    {
        if (TryFindOldest(out var slot)
            && (_entries[slot].ReceivedAt + _maxAge <= now || _entries[slot].Sequence <= _newest - Capacity))
        {
            packet = Take(slot);
            return true;
        }

        packet = default;
        return false;
    }

    /// <summary>
    /// Takes out any packet: call until it returns false when the stream ends. Then the history is as new: another stream's
    /// numbers may start anywhere.
    /// </summary>
    public bool TryTake(out TPacket packet)
    {
        if (TryFindOldest(out var slot))
        {
            packet = Take(slot);
            return true;
        }

        packet = default;
        _oldest = _newest = 0;
        return false;
    }

    private int Slot(long sequence) => (int)(sequence & (_entries.Length - 1));

    /// <summary>The packet that would give way, or the one that comes late, is young enough to be held.</summary>
    private bool NeedsMore(Instant now, long sequence)
    {
        if (Capacity == _maxCapacity)
        {
            return false;
        }

        ref readonly var entry = ref _entries[Slot(sequence)];
        return entry.Sequence != 0 && entry.Sequence != sequence
            ? entry.ReceivedAt + _maxAge > now
            : _newest != 0 && sequence <= _newest - Capacity && sequence > _newest - _maxCapacity;
    }

    /// <summary>To where neither is in the other's way, or as far as may be.</summary>
    private void Grow()
    {
        var smaller = _entries;
        _entries = new Entry[Math.Min(smaller.Length * 2, _maxCapacity)];
        foreach (ref readonly var entry in smaller.AsSpan())
        {
            if (entry.Sequence != 0)
            {
                _entries[Slot(entry.Sequence)] = entry;
            }
        }
    }

    private TPacket Take(int slot)
    {
        var packet = _entries[slot].Packet;
        _entries[slot] = default;
        Count--;
        return packet;
    }

    // Moves _oldest up to the first number that is held: normally a step or two.
    private bool TryFindOldest(out int slot)
    {
        slot = 0;
        if (Count == 0)
        {
            return false;
        }

        for (var steps = 0; steps < Capacity; steps++, _oldest++)
        {
            slot = Slot(_oldest);
            if (_entries[slot].Sequence == _oldest)
            {
                return true;
            }
        }

        // The numbering jumped: search the whole ring, once.
        _oldest = long.MaxValue;
        for (var i = 0; i < _entries.Length; i++)
        {
            if (_entries[i].Sequence != 0 && _entries[i].Sequence < _oldest)
            {
                _oldest = _entries[i].Sequence;
                slot = i;
            }
        }

        return true;
    }

    private struct Entry
    {
        public long Sequence;
        public Instant ReceivedAt;
        public TPacket Packet;
    }
}
