namespace Nexus.Silo.Control;

/// <summary>What became of work that was posted.</summary>
internal enum Posted
{
    Queued,

    /// <summary>It took the place of older work of its kind that had not begun.</summary>
    Replaced,

    /// <summary>Too many lanes wait; it was dropped.</summary>
    Dropped,
}

/// <summary>
/// Work that waits for somebody slow. In a lane it is done one after the other; lanes are served in turn, a few at once. A lane
/// has one place for each kind of work, and the latest takes it: whoever posts tells the whole each time, so that what waits is
/// bounded by who there is to tell of, not by how long it waits. Costs nothing while there is no work. Thread-safe.
/// </summary>
/// <typeparam name="TKind">Kinds of work, in the order in which a lane does what waits for it.</typeparam>
/// <param name="concurrency">Lanes served at once.</param>
/// <param name="mostLanes">Lanes that may have work.</param>
/// <param name="failed">Told of work that failed, with its lane. The lane goes on.</param>
internal sealed class LatestWork<TKind>(int concurrency, int mostLanes, Action<string, Exception> failed)
    where TKind : struct, Enum
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);
    private readonly Queue<Lane> _turns = new();
    private readonly List<TaskCompletionSource> _drains = [];
    private int _workers;

    /// <summary>Lanes that have work, waiting or being done.</summary>
    public int Busy
    {
        get
        {
            lock (_gate)
            {
                return _lanes.Count;
            }
        }
    }

    /// <summary>Never waits.</summary>
    public Posted Post(string lane, TKind kind, Func<Task> work)
    {
        lock (_gate)
        {
            if (!_lanes.TryGetValue(lane, out Lane? known))
            {
                if (_lanes.Count >= mostLanes)
                {
                    return Posted.Dropped;
                }

                _lanes[lane] = known = new Lane(lane);
                _turns.Enqueue(known);
            }

            bool replaced = known.Waiting.ContainsKey(kind);
            known.Waiting[kind] = work;
            if (_turns.Count > 0 && _workers < concurrency)
            {
                _workers++;
                _ = Task.Run(WorkAsync);
            }

            return replaced ? Posted.Replaced : Posted.Queued;
        }
    }

    /// <summary>Completes when nothing is left to do; what is posted meanwhile counts too.</summary>
    public Task WhenIdle()
    {
        lock (_gate)
        {
            if (_lanes.Count == 0)
            {
                return Task.CompletedTask;
            }

            var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _drains.Add(drained);
            return drained.Task;
        }
    }

    private async Task WorkAsync()
    {
        while (Next() is var (lane, work))
        {
            foreach (Func<Task> piece in work)
            {
                try
                {
                    await piece();
                }
                catch (Exception e)
                {
                    failed(lane.Name, e);
                }
            }

            Finish(lane);
        }
    }

    /// <summary>The lane whose turn it is with all that waits in it; null ends a worker.</summary>
    private (Lane Lane, Func<Task>[] Work)? Next()
    {
        lock (_gate)
        {
            if (_turns.TryDequeue(out Lane? lane))
            {
                Func<Task>[] work = [.. lane.Waiting.Values];
                lane.Waiting.Clear();
                return (lane, work);
            }

            _workers--;
            return null;
        }
    }

    private void Finish(Lane lane)
    {
        lock (_gate)
        {
            if (lane.Waiting.Count > 0)
            {
                _turns.Enqueue(lane);
                return;
            }

            _lanes.Remove(lane.Name);
            if (_lanes.Count == 0)
            {
                _drains.ForEach(d => d.TrySetResult());
                _drains.Clear();
            }
        }
    }

    private sealed class Lane(string name)
    {
        public string Name => name;

        public SortedDictionary<TKind, Func<Task>> Waiting { get; } = [];
    }
}
