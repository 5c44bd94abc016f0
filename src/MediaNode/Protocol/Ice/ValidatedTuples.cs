namespace Nexus.MediaNode.Protocol.Ice;

/// <summary>
/// The remote ends from which authentic checks came, and when anything authentic did last. At most <see cref="Capacity"/>: a
/// new one takes the place of the one that was silent longest. What leaves the table is reported once, so that the loop can
/// unmap it.
/// </summary>
internal sealed class ValidatedTuples
{
    public const int Capacity = 16;

    private readonly Entry[] _entries = new Entry[Capacity];
    private readonly Queue<TransportTuple> _removed = new(Capacity);

    public int Count { get; private set; }

    public bool Contains(in TransportTuple tuple) => IndexOf(tuple) >= 0;

    public Instant HeardAt(in TransportTuple tuple) => IndexOf(tuple) is >= 0 and var i ? _entries[i].HeardAt : Instant.Zero;

    /// <summary>Something authentic came from there; nothing, when it is not in the table.</summary>
    public void Hear(Instant now, in TransportTuple tuple)
    {
        var index = IndexOf(tuple);
        if (index >= 0)
        {
            _entries[index] = new Entry(tuple, now);
        }
    }

    /// <summary>True when the tuple is new. <paramref name="keep"/> is never evicted.</summary>
    public bool Touch(Instant now, in TransportTuple tuple, in TransportTuple keep)
    {
        var index = IndexOf(tuple);
        var isNew = index < 0;
        if (isNew)
        {
            index = Count < Capacity ? Count++ : Evict(keep);
        }

        _entries[index] = new Entry(tuple, now);
        return isNew;
    }

    public bool Remove(in TransportTuple tuple)
    {
        var index = IndexOf(tuple);
        if (index < 0)
        {
            return false;
        }

        _removed.Enqueue(tuple);
        _entries[index] = _entries[--Count];
        return true;
    }

    /// <param name="keep">Stays, however silent; default for none.</param>
    public void RemoveSilentSince(Instant limit, in TransportTuple keep)
    {
        for (var i = Count - 1; i >= 0; i--)
        {
            if (_entries[i].HeardAt <= limit && _entries[i].Tuple != keep)
            {
                Remove(_entries[i].Tuple);
            }
        }
    }

    /// <summary>The one that was heard from last.</summary>
    public bool TryGetFreshest(out TransportTuple tuple)
    {
        tuple = default;
        var best = -1;
        for (var i = 0; i < Count; i++)
        {
            if (best < 0 || _entries[i].HeardAt > _entries[best].HeardAt)
            {
                best = i;
            }
        }

        if (best < 0)
        {
            return false;
        }

        tuple = _entries[best].Tuple;
        return true;
    }

    public bool TryTakeRemoved(out TransportTuple tuple) => _removed.TryDequeue(out tuple);

    private int IndexOf(in TransportTuple tuple)
    {
        for (var i = 0; i < Count; i++)
        {
            if (_entries[i].Tuple == tuple)
            {
                return i;
            }
        }

        return -1;
    }

    private int Evict(in TransportTuple keep)
    {
        var oldest = -1;
        for (var i = 0; i < Count; i++)
        {
            if (_entries[i].Tuple != keep && (oldest < 0 || _entries[i].HeardAt < _entries[oldest].HeardAt))
            {
                oldest = i;
            }
        }

        _removed.Enqueue(_entries[oldest].Tuple);
        return oldest;
    }

    private readonly record struct Entry(TransportTuple Tuple, Instant HeardAt);
}
