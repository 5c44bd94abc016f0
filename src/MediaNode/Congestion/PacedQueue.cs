namespace Nexus.MediaNode.Congestion;

/// <summary>
/// What waits for the <see cref="Pacer"/> towards one receiver: audio before repeats before video before padding, in order of coming within each.
/// Bounded by number and by age; what stands behind something that may wait longer may wait as long. Holds no memory before the first packet waits, and allocates only when more wait than ever before.
/// </summary>
/// <typeparam name="T">What stands for a packet, like its slot in a history.</typeparam>
public sealed class PacedQueue<T>
    where T : struct
{
    private const int Kinds = 4;
    private const int FewestEntries = 16;

    private readonly Ring[] _rings = new Ring[Kinds];
    private readonly int _capacity;

    /// <param name="capacity">Packets per kind, at least 16; more are refused.</param>
    /// <param name="mostAge">
    /// After which a packet is of no use any more, by kind. Whoever drops video so asks for a keyframe: what follows can't be decoded.
    /// </param>
    public PacedQueue(int capacity, Func<SentKind, TimeSpan> mostAge)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, FewestEntries);
        _capacity = capacity;
        for (var i = 0; i < Kinds; i++)
        {
            _rings[i].MostAge = mostAge((SentKind)i);
            _rings[i].Entries = [];
        }
    }

    public int Count { get; private set; }

    public long Octets { get; private set; }

    /// <summary>When the oldest packet becomes too old, or <see cref="Instant.Never"/>.</summary>
    public Instant NextExpiry
    {
        get
        {
            var next = Instant.Never;
            foreach (ref var ring in _rings.AsSpan())
            {
                next = ring.Count == 0 ? next : Instant.Min(next, ring.First.Expires);
            }

            return next;
        }
    }

    public int CountOf(SentKind kind) => _rings[(int)kind].Count;

    /// <summary>False when so many of the kind wait that one more is refused.</summary>
    /// <param name="mostAge">When it may become older than others of its kind.</param>
    public bool TryEnqueue(Instant now, SentKind kind, in T item, int octets, TimeSpan? mostAge = null)
    {
        ref var ring = ref _rings[(int)kind];
        if (ring.Count == ring.Entries.Length && !ring.TryGrow(_capacity))
        {
            return false;
        }

        var expires = now + (mostAge ?? ring.MostAge);
        if (ring.Count != 0 && ring[ring.Count - 1].Expires > expires)
        {
            expires = ring[ring.Count - 1].Expires;
        }

        ring[ring.Count++] = new Entry { Item = item, Octets = octets, Expires = expires };
        Count++;
        Octets += octets;
        return true;
    }

    /// <summary>Takes what may leave next by the pacer's budget. The caller tells the pacer once it has left.</summary>
    public bool TryDequeue(Instant now, ref Pacer pacer, out SentKind kind, out T item, out int octets)
    {
        for (var i = 0; i < Kinds && Count != 0; i++)
        {
            ref var ring = ref _rings[i];
            if (ring.Count != 0)
            {
                kind = (SentKind)i;
                var may = pacer.Available(now, kind) > 0;
                (item, octets) = may ? Take(ref ring) : default;
                return may;
            }
        }

        (kind, item, octets) = (default, default, 0);
        return false;
    }

    /// <summary>Takes the next packet that has become too old. Call until false; each is counted as dropped by the caller.</summary>
    public bool TryDropExpired(Instant now, out SentKind kind, out T item)
    {
        for (var i = 0; i < Kinds && Count != 0; i++)
        {
            ref var ring = ref _rings[i];
            if (ring.Count != 0 && now >= ring.First.Expires)
            {
                kind = (SentKind)i;
                (item, _) = Take(ref ring);
                return true;
            }
        }

        (kind, item) = (default, default);
        return false;
    }

    /// <summary>Takes any packet, to give back what they stand for at the end.</summary>
    public bool TryDrain(out T item)
    {
        foreach (ref var ring in _rings.AsSpan())
        {
            if (ring.Count != 0)
            {
                (item, _) = Take(ref ring);
                return true;
            }
        }

        item = default;
        return false;
    }

    private (T Item, int Octets) Take(ref Ring ring)
    {
        var (item, octets) = (ring.First.Item, ring.First.Octets);
        ring.First = default;
        ring.Head = ring.Head + 1 == ring.Entries.Length ? 0 : ring.Head + 1;
        ring.Count--;
        Count--;
        Octets -= octets;
        return (item, octets);
    }

    private struct Entry
    {
        public T Item;
        public int Octets;
        public Instant Expires;
    }

    private struct Ring
    {
        public Entry[] Entries;
        public int Head;
        public int Count;
        public TimeSpan MostAge;

        public readonly ref Entry First => ref this[0];

        public readonly ref Entry this[int index] => ref Entries[(int)((uint)(Head + index) % (uint)Entries.Length)];

        public bool TryGrow(int capacity)
        {
            var grown = new Entry[Math.Min(Math.Max(FewestEntries, Entries.Length * 2), capacity)];
            if (grown.Length == Entries.Length)
            {
                return false;
            }

            for (var i = 0; i < Count; i++)
            {
                grown[i] = this[i];
            }

            (Entries, Head) = (grown, 0);
            return true;
        }
    }
}
