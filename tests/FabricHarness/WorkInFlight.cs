namespace Nexus.FabricHarness;

/// <summary>
/// What the grains of a cluster still have to do: calls that are under way, one-way ones included, and timer ticks. The next
/// thing is begun before the one that leads to it has ended, so that nothing is in flight means: all is done. Thread-safe.
/// </summary>
internal sealed class WorkInFlight
{
    /// <summary>Real time without anything happening, after which one-way calls that have not arrived are taken for lost.</summary>
    private static readonly TimeSpan Stalled = TimeSpan.FromMilliseconds(500);

    /// <summary>Real time that work may take: longer than Orleans waits for any answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Dictionary<long, Work> _works = [];
    private TaskCompletionSource _quiet = NewSource();
    private long _changes;

    /// <param name="place">The silo that goes with it, see <see cref="Forget"/>.</param>
    /// <param name="what">For the message of those who waited in vain.</param>
    /// <param name="mayBeLost">Whether nobody may ever hear of it again.</param>
    /// <returns>To be given to <see cref="End"/>.</returns>
    public long Begin(string place, string what, bool mayBeLost = false)
    {
        lock (_gate)
        {
            _works.Add(++_changes, new Work(place, what, mayBeLost));
            return _changes;
        }
    }

    public void End(long work)
    {
        lock (_gate)
        {
            _changes++;
            _works.Remove(work);
            Tell();
        }
    }

    /// <summary>A silo is dead: what it did will never end.</summary>
    public void Forget(string place) => Remove(work => work.Place == place);

    /// <summary>Completes when nothing is in flight.</summary>
    /// <exception cref="InvalidOperationException">Something goes on for a minute of real time.</exception>
    public async Task WhenQuietAsync()
    {
        for (TimeSpan waited = TimeSpan.Zero; waited < Patience; waited += Stalled)
        {
            Task quiet;
            long changes;
            lock (_gate)
            {
                if (_works.Count == 0)
                {
                    return;
                }

                (quiet, changes) = (_quiet.Task, _changes);
            }

            await quiet.WaitAsync(Stalled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await TurnsOfThePool();
            GiveUpLost(changes);
        }

        lock (_gate)
        {
            throw new InvalidOperationException($"the grains do not come to rest, in flight: {string.Join(", ", _works.Values)}");
        }
    }

    /// <summary>On a machine that hardly runs us, real time says nothing: a call on its way gets as many turns as it has hops.</summary>
    private static async Task TurnsOfThePool()
    {
        for (int hop = 0; hop < 100; hop++)
        {
            await Task.Run(() => { });
        }
    }

    /// <summary>A one-way call to a silo that died, or to an observer that is gone, arrives nowhere and nothing says so.</summary>
    private void GiveUpLost(long changesBefore)
    {
        lock (_gate)
        {
            if (_changes == changesBefore && _works.Values.All(work => work.MayBeLost))
            {
                _works.Clear();
                Tell();
            }
        }
    }

    private void Remove(Func<Work, bool> which)
    {
        lock (_gate)
        {
            foreach (long work in _works.Where(work => which(work.Value)).Select(work => work.Key).ToList())
            {
                _works.Remove(work);
            }

            Tell();
        }
    }

    private void Tell()
    {
        if (_works.Count == 0)
        {
            _quiet.SetResult();
            _quiet = NewSource();
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Work(string Place, string What, bool MayBeLost)
    {
        public override string ToString() => $"{What} at {Place}";
    }
}
