using Orleans;
using Orleans.Concurrency;

namespace Nexus.Embedded.Tests;

public interface INodeGrain : IGrainWithStringKey
{
    Task<int> Add(int a, int b);

    /// <summary>Calls the next of the path, which calls the next …</summary>
    Task Follow(string[] path);

    Task WaitFor(Signal signal);

    [ResponseTimeout("00:00:05")]
    Task WaitShortly(Signal signal);

    Task<int> Ask(IPort port, int value);

    Task TickEvery(TimeSpan due, TimeSpan period, Signal signal);

    Task<int> Ticks();

    Task PassSelf();
}

/// <summary>A way for a test to hold a grain; passed by reference.</summary>
[GenerateSerializer, Immutable]
public sealed class Signal
{
    public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

public interface IPort : IGrainObserver
{
    Task<int> Double(int value);

    [AlwaysInterleave]
    Task Hold(Signal signal);

    Task HoldInTurn(Signal signal);
}

public sealed class NodeGrain : Grain, INodeGrain
{
    private int _ticks;

    public Task<int> Add(int a, int b) => Task.FromResult(a + b);

    public Task Follow(string[] path) => path.Length == 0
        ? Task.CompletedTask
        : GrainFactory.GetGrain<INodeGrain>(path[0]).Follow(path[1..]);

    public async Task WaitFor(Signal signal)
    {
        signal.Reached.TrySetResult();
        await signal.Go.Task;
    }

    public Task WaitShortly(Signal signal) => WaitFor(signal);

    public Task<int> Ask(IPort port, int value) => port.Double(value);

    public Task TickEvery(TimeSpan due, TimeSpan period, Signal signal)
    {
        this.RegisterGrainTimer(
            () =>
            {
                _ticks++;
                signal.Reached.TrySetResult();
                return Task.CompletedTask;
            },
            due,
            period);
        return Task.CompletedTask;
    }

    public Task<int> Ticks() => Task.FromResult(_ticks);

    public Task PassSelf() => GrainFactory.GetGrain<IHolderGrain>("h").Hold(this);
}

public interface IHolderGrain : IGrainWithStringKey
{
    Task Hold(INodeGrain node);
}

public sealed class HolderGrain : Grain, IHolderGrain
{
    public Task Hold(INodeGrain node) => Task.CompletedTask;
}
