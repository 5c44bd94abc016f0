namespace Nexus.MediaNode.Protocol.Ice;

/// <summary>
/// The remote ends from which authentic checks came, and when last. At most <see cref="Capacity"/>: a new one takes the
/// place of the one that was silent longest. What leaves the table is reported once, so that the loop can unmap it.
/// </summary>
internal sealed class ValidatedTuples
{
    public const int Capacity = 16;

    private readonly Entry[] _entries = new Entry[Capacity];
    private readonly Queue<TransportTuple> _removed = new(Capacity);

    public int Count { get; private set; }

    public bool Contains(in TransportTuple tuple) => IndexOf(tuple) >= 0;

    public Instant LastCheck(in TransportTuple tuple) => IndexOf(tuple) is >= 0 and var i ? _entries[i].LastCheck : Instant.Zero;

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

    public void RemoveSilentSince(Instant limit)
    {
        for (var i = Count - 1; i >= 0; i--)
        {
            if (_entries[i].LastCheck <= limit)
            {
                Remove(_entries[i].Tuple);
            }
        }
    }

    /// <summary>The one with the latest check.</summary>
    public bool TryGetFreshest(out TransportTuple tuple)
    {
        tuple = default;
        var best = -1;
        for (var i = 0; i < Count; i++)
        {
            if (best < 0 || _entries[i].LastCheck > _entries[best].LastCheck)
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
            if (_entries[i].Tuple != keep && (oldest < 0 || _entries[i].LastCheck < _entries[oldest].LastCheck))
            {
                oldest = i;
            }
        }

        _removed.Enqueue(_entries[oldest].Tuple);
        return oldest;
    }

    private readonly record struct Entry(TransportTuple Tuple, Instant LastCheck);
}
