namespace Nexus.MediaNode.Collections;

/// <summary>
/// The earliest of many deadlines: a binary heap over small integer keys that knows where each key stands, so that a deadline
/// moves in O(log n) without search and without allocation (after growth).
/// </summary>
public sealed class DeadlineHeap
{
    private Instant[] _deadline = new Instant[64];
    private int[] _position = NewPositions(64);
    private int[] _heap = new int[64];
    private int _count;

    public int Count => _count;

    /// <summary>The earliest deadline, or <see cref="Instant.Never"/>.</summary>
    public Instant Earliest => _count == 0 ? Instant.Never : _deadline[_heap[0]];

    /// <summary>Sets or moves a key's deadline; <see cref="Instant.Never"/> removes it.</summary>
    public void Set(int key, Instant deadline)
    {
        Grow(key);
        var position = _position[key];
        if (deadline == Instant.Never)
        {
            if (position >= 0)
            {
                RemoveAt(position);
            }

            return;
        }

        _deadline[key] = deadline;
        if (position < 0)
        {
            position = _count++;
            Place(key, position);
            Rise(position);
        }
        else if (!Rise(position))
        {
            Sink(position);
        }
    }

    public void Remove(int key) => Set(key, Instant.Never);

    /// <summary>Takes the earliest key off if its deadline has come.</summary>
    public bool TryPopDue(Instant now, out int key)
    {
        if (_count == 0 || _deadline[_heap[0]] > now)
        {
            key = -1;
            return false;
        }

        key = _heap[0];
        RemoveAt(0);
        return true;
    }

    private static int[] NewPositions(int size)
    {
        var positions = new int[size];
        Array.Fill(positions, -1);
        return positions;
    }

    private void RemoveAt(int position)
    {
        _position[_heap[position]] = -1;
        var last = _heap[--_count];
        if (position == _count)
        {
            return;
        }

        Place(last, position);
        if (!Rise(position))
        {
            Sink(position);
        }
    }

    private bool Rise(int position)
    {
        var key = _heap[position];
        var start = position;
        while (position > 0)
        {
            var parent = (position - 1) >> 1;
            if (_deadline[_heap[parent]] <= _deadline[key])
            {
                break;
            }

            Place(_heap[parent], position);
            position = parent;
        }

        Place(key, position);
        return position != start;
    }

    private void Sink(int position)
    {
        var key = _heap[position];
        while (true)
        {
            var child = (2 * position) + 1;
            if (child >= _count)
            {
                break;
            }

            if (child + 1 < _count && _deadline[_heap[child + 1]] < _deadline[_heap[child]])
            {
                child++;
            }

            if (_deadline[key] <= _deadline[_heap[child]])
            {
                break;
            }

            Place(_heap[child], position);
            position = child;
        }

        Place(key, position);
    }

    private void Place(int key, int position)
    {
        _heap[position] = key;
        _position[key] = position;
    }

    private void Grow(int key)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(key);
        var size = _position.Length;
        if (key < size)
        {
            return;
        }

        var larger = size;
        while (larger <= key)
        {
            larger *= 2;
        }

        Array.Resize(ref _deadline, larger);
        Array.Resize(ref _heap, larger);
        Array.Resize(ref _position, larger);
        Array.Fill(_position, -1, size, larger - size);
    }
}
