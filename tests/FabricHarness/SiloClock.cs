namespace Nexus.FabricHarness;

/// <summary>
/// The clock of one silo: the cluster's, and it knows which ticks are not done yet. Orleans arms a grain timer anew when its tick
/// has ended; until then, or until it is disposed, the tick is in flight.
/// </summary>
internal sealed class SiloClock(string silo, ManualTimeProvider clock, WorkInFlight work) : TimeProvider
{
    private readonly string _silo = silo;
    private readonly ManualTimeProvider _clock = clock;
    private readonly WorkInFlight _work = work;
    private volatile bool _stopped;

    public override long TimestampFrequency => _clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => _clock.GetUtcNow();

    public override long GetTimestamp() => _clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SiloTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>The silo is dead: its timers fire no more.</summary>
    public void Stop() => _stopped = true;

    private sealed class SiloTimer : ITimer
    {
        private readonly Lock _gate = new();
        private readonly SiloClock _clock;
        private readonly ITimer _timer;
        private bool _disposed;
        private long? _tick;

        public SiloTimer(SiloClock clock, TimerCallback callback, object? state)
        {
            _clock = clock;
            _timer = clock._clock.CreateTimer(_ => Fire(callback, state), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            bool changed = _timer.Change(dueTime, period);
            Rest(isLast: false);
            return changed;
        }

        public void Dispose()
        {
            _timer.Dispose();
            Rest(isLast: true);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire(TimerCallback callback, object? state)
        {
            lock (_gate)
            {
                if (_disposed || _clock._stopped)
                {
                    return;
                }

                _tick = _clock._work.Begin(_clock._silo, "a tick");
            }

            callback(state);
        }

        /// <summary>The tick before, if there was one, is done.</summary>
        private void Rest(bool isLast)
        {
            lock (_gate)
            {
                _disposed |= isLast;
                if (_tick is { } tick)
                {
                    _tick = null;
                    _clock._work.End(tick);
                }
            }
        }
    }
}
