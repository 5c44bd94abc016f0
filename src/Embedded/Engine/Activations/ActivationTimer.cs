using Microsoft.Extensions.Logging;
using Nexus.Embedded.Calls;
using Orleans.Runtime;

namespace Nexus.Embedded;

/// <summary>A grain timer: due times come from the cluster's time provider, ticks are turns.</summary>
internal sealed class ActivationTimer : IGrainTimer
{
    private readonly Activation _activation;
    private readonly EmbeddedCluster _cluster;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly CancellationToken _ended;
    private readonly ITimer _timer;
    private TimeSpan _period;
    private bool _isTicking;
    private bool _wasChanged;
    private volatile bool _isDisposed;

    public ActivationTimer(
        Activation activation, EmbeddedCluster cluster, Func<CancellationToken, Task> callback, bool keepAlive, CancellationToken ended)
    {
        _activation = activation;
        _cluster = cluster;
        _callback = callback;
        _ended = ended;
        KeepsAlive = keepAlive;
        using (ExecutionContext.SuppressFlow())
        {
            _timer = cluster.Time.CreateTimer(static timer => ((ActivationTimer)timer!).Due(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public bool KeepsAlive { get; }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        _period = period;
        _wasChanged = _isTicking;
        _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _isDisposed = true;
        _timer.Dispose();
        _activation.Forget(this);
    }

    public Task Tick()
    {
        if (_isDisposed)
        {
            return Task.CompletedTask;
        }

        _isTicking = true;
        if (KeepsAlive)
        {
            _activation.Touch();
        }

        return _callback(_ended);
    }

    /// <summary>After a tick: the next period starts now.</summary>
    public void Ticked(Task finished)
    {
        if (!finished.IsCompletedSuccessfully)
        {
            _cluster.Log.LogError(finished.Exception, "A timer of {Grain} threw; it goes on", _activation.GrainId);
        }

        var restarted = _wasChanged;
        _isTicking = _wasChanged = false;
        if (!_isDisposed && !restarted && _period != Timeout.InfiniteTimeSpan)
        {
            _timer.Change(_period, Timeout.InfiniteTimeSpan);
        }
    }

    private void Due() => _activation.Accept(new TimerTurn(_activation.GrainId, this));
}

/// <summary>One tick of a grain timer.</summary>
internal sealed class TimerTurn(GrainId grain, ActivationTimer timer) : Turn(grain, caller: null)
{
    public override Task Run(Activation activation) => timer.Tick();

    public override void Finish(Task finished) => timer.Ticked(finished);

    public override string ToString() => $"timer of {Grain}";
}
