using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Nexus.Embedded.Calls;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Nexus.Embedded;

/// <summary>
/// One grain in memory: its queue of turns and its life from placement to the end. It is in the directory from before it
/// has a silo until it has ended, so that calls that arrive meanwhile wait in order.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A token source without timer or wait handle holds nothing to dispose.")]
internal sealed class Activation : IGrainContext
{
    private readonly Lock _gate = new();
    private readonly Queue<Turn> _waiting = new();
    private readonly List<ActivationTimer> _timers = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource _deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly EmbeddedCluster _cluster;
    private readonly ActivationScheduler _scheduler;
    private readonly Action _currentDone;

    private Stage _stage = Stage.Placing;
    private Turn? _current;
    private Task? _currentWork;
    private DeactivationReason? _leaving;
    private long _lastUsed;
    private long _keepUntil;
    private EmbeddedSilo? _silo;

    public Activation(EmbeddedCluster cluster, GrainClass grainClass, GrainId grainId)
    {
        _cluster = cluster;
        Class = grainClass;
        GrainId = grainId;
        _scheduler = new(this, cluster.Work);
        _currentDone = () => End(_current!, _currentWork!);
        _lastUsed = _keepUntil = cluster.Time.GetTimestamp();
    }

    private enum Stage
    {
        Placing,
        Activating,
        Active,
        Deactivating,
        Ended,
    }

    public GrainClass Class { get; }

    public GrainId GrainId { get; }

    public EmbeddedSilo Silo => _silo ?? throw new InvalidOperationException($"{GrainId} is not placed yet.");

    /// <summary>The silo, or null before placement.</summary>
    public EmbeddedSilo? PlacedOn => _silo;

    public object? GrainInstance { get; set; }

    public ActivationId ActivationId { get; } = ActivationId.NewId();

    public GrainAddress Address => new() { GrainId = GrainId, ActivationId = ActivationId, SiloAddress = Silo.SiloAddress };

    public GrainReference GrainReference => (GrainReference)_cluster.Reference(Class.PrimaryInterface, GrainId);

    public IServiceProvider ActivationServices => Silo.Services;

    public Task Deactivated => _deactivated.Task;

    /// <summary>The turn that runs; read in that turn only.</summary>
    public Turn? Current => _current;

    public bool HasEnded => _stage == Stage.Ended;

    /// <summary>Queues a turn.</summary>
    /// <returns>False when this activation has ended: ask the directory again.</returns>
    public bool Accept(Turn turn)
    {
        lock (_gate)
        {
            if (_stage == Stage.Ended)
            {
                return false;
            }

            if (_stage != Stage.Active || _current is not null)
            {
                _waiting.Enqueue(turn);
                return true;
            }

            _current = turn;
        }

        _scheduler.Enqueue(turn);
        return true;
    }

    /// <summary>Starts life on a silo.</summary>
    /// <returns>False when that silo has just gone: place again.</returns>
    public bool ActivateOn(EmbeddedSilo silo)
    {
        Turn turn;
        lock (_gate)
        {
            if (_stage != Stage.Placing)
            {
                return true;
            }

            _silo = silo;
            if (!silo.IsAlive)
            {
                return false;
            }

            _stage = Stage.Activating;
            _current = turn = new ActivateTurn(GrainId, _waiting.TryPeek(out var first) ? first.Caller : null);
        }

        _scheduler.Enqueue(turn);
        return true;
    }

    /// <summary>Begins a turn; called by the scheduler.</summary>
    public void Begin(Turn turn)
    {
        Task work;
        try
        {
            work = turn.Run(this) ?? throw new InvalidOperationException($"{turn} returned null instead of a task.");
        }
        catch (Exception e)
        {
            work = Task.FromException(e);
        }

        if (work.IsCompleted)
        {
            End(turn, work);
            return;
        }

        _currentWork = work;
        work.GetAwaiter().UnsafeOnCompleted(_currentDone);
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_leaving is not null || _stage is Stage.Deactivating or Stage.Ended)
            {
                return;
            }

            _leaving = deactivationReason;
        }

        Proceed(finished: null);
    }

    public void DelayDeactivation(TimeSpan timeSpan)
        => _keepUntil = Math.Max(_keepUntil, _cluster.Time.GetTimestamp() + _cluster.Ticks(timeSpan));

    /// <summary>Deactivates when unused for longer than its class allows.</summary>
    public void CollectIfIdle(long now)
    {
        bool idle;
        lock (_gate)
        {
            idle = _stage == Stage.Active && _current is null && _waiting.Count == 0
                && now - _lastUsed > _cluster.Ticks(Class.AgeLimit(Silo)) && now > _keepUntil;
        }

        if (idle)
        {
            Deactivate(new(DeactivationReasonCode.ActivationIdle, "The activation was not used for its collection age."));
        }
    }

    /// <summary>Tells callers that waited too long. The turn itself goes on, as with Orleans.</summary>
    public void FailOverdue(long now)
    {
        if (_current is null && _stage != Stage.Placing)
        {
            return;
        }

        List<Turn>? overdue = null;
        lock (_gate)
        {
            foreach (var turn in _current is null ? _waiting : _waiting.Append(_current))
            {
                if (turn.Limit(_silo?.ResponseTimeout ?? _cluster.ResponseTimeout) is { } limit && now - turn.AskedAt > _cluster.Ticks(limit))
                {
                    (overdue ??= []).Add(turn);
                }
            }
        }

        overdue?.ForEach(turn => turn.Fail(new TimeoutException(
            $"Response did not arrive on time: {turn} is still waiting or running. Call chain: {CallChain.Describe(turn)}")));
    }

    /// <summary>The silo died: memory is gone, calls in flight fail.</summary>
    public void Kill(Exception reason) => Abandon(reason);

    /// <summary>No silo could be found, or activation failed: everybody who waits gets the reason.</summary>
    public void Abandon(Exception reason)
    {
        List<Turn> lost;
        lock (_gate)
        {
            if (_stage == Stage.Ended)
            {
                return;
            }

            lost = [.. _waiting];
            if (_current is not null)
            {
                lost.Add(_current);
            }

            Close();
        }

        _scheduler.Stop();
        Release();
        lost.ForEach(turn => turn.Fail(reason));
    }

    public IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        if (options.Interleave)
        {
            throw new NotSupportedException("Interleaving timers are outside the dialect (src/Embedded/README.md).");
        }

        var timer = new ActivationTimer(this, _cluster, callback, options.KeepAlive, _ended.Token);
        lock (_gate)
        {
            _timers.Add(timer);
        }

        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    public void Forget(ActivationTimer timer)
    {
        lock (_gate)
        {
            _timers.Remove(timer);
        }
    }

    public void Touch() => _lastUsed = _cluster.Time.GetTimestamp();

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => GrainId.GetHashCode();

    public override string ToString() => $"{GrainId} ({_stage}, {_waiting.Count} waiting)";

    /// <summary>Called by <see cref="ActivateTurn"/> when the grain is ready, or could not be made so.</summary>
    public void Activated(Exception? failure)
    {
        if (failure is not null)
        {
            _cluster.Log.LogWarning(failure, "Activation of {Grain} failed", GrainId);
            Abandon(failure);
            return;
        }

        lock (_gate)
        {
            if (_stage == Stage.Activating)
            {
                _stage = Stage.Active;
            }
        }
    }

    /// <summary>Called by <see cref="DeactivateTurn"/> at the very end: whoever still waits goes to a new activation.</summary>
    public void Leave()
    {
        List<Turn> left;
        lock (_gate)
        {
            if (_stage == Stage.Ended)
            {
                return;
            }

            left = [.. _waiting];
            Close();
        }

        Release();
        foreach (var turn in left)
        {
            if (turn is not TimerTurn)
            {
                _cluster.Dispatch(turn, _silo);
            }
        }
    }

    private void End(Turn turn, Task work)
    {
        turn.Finish(work);
        if (work.Exception?.InnerException is InconsistentStateException { IsSourceActivation: true } conflict)
        {
            conflict.IsSourceActivation = false;
            Deactivate(new(DeactivationReasonCode.ApplicationError, conflict, "Somebody else wrote the state of this grain."));
        }

        Proceed(turn);
    }

    // Chooses what runs next, after a turn has ended or when something else changed.
    private void Proceed(Turn? finished)
    {
        Turn? next = null;
        lock (_gate)
        {
            if (finished is not null && ReferenceEquals(_current, finished))
            {
                _current = null;
                if (finished is not TimerTurn)
                {
                    Touch();
                }
            }

            if (_stage == Stage.Active && _current is null)
            {
                if (_leaving is { } reason)
                {
                    _stage = Stage.Deactivating;
                    next = new DeactivateTurn(GrainId, reason);
                }
                else
                {
                    _waiting.TryDequeue(out next);
                }

                _current = next;
            }
        }

        if (next is not null)
        {
            _scheduler.Enqueue(next);
        }
    }

    // Under the lock: leaves the directory and takes no further turn.
    private void Close()
    {
        _cluster.Remove(this);
        _stage = Stage.Ended;
        _current = null;
        _waiting.Clear();
    }

    private void Release()
    {
        StopTimers();
        _deactivated.TrySetResult();
    }

    internal void StopTimers()
    {
        ActivationTimer[] timers;
        lock (_gate)
        {
            timers = [.. _timers];
            _timers.Clear();
        }

        _ended.Cancel();
        Array.ForEach(timers, timer => timer.Dispose());
    }
}
