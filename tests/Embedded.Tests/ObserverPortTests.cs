using System.Runtime.CompilerServices;
using Nexus.FabricHarness;
using Orleans.Hosting;

namespace Nexus.Embedded.Tests;

/// <summary>Observers whose callers wait for an answer, as the holder of a node's link.</summary>
public sealed class ObserverPortTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly EmbeddedCluster _cluster;

    public ObserverPortTests()
    {
        _cluster = new(_time);
        _cluster.StartSilo("one", silo => silo.AddMemoryGrainStorageAsDefault());
    }

    private INodeGrain Node => _cluster.Client.GetGrain<INodeGrain>("a");

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task The_answer_comes_back()
    {
        var port = new Port();
        Assert.Equal(42, await Node.Ask(_cluster.Client.CreateObjectReference<IPort>(port), 21));
        GC.KeepAlive(port);
    }

    [Fact]
    public async Task A_failure_comes_back()
    {
        var port = new Port();
        await Assert.ThrowsAsync<ArgumentException>(() => Node.Ask(_cluster.Client.CreateObjectReference<IPort>(port), -1));
        GC.KeepAlive(port);
    }

    [Fact]
    public async Task Waiting_for_an_observer_that_is_gone_fails()
    {
        var reference = MakeAndForget();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        await Assert.ThrowsAsync<TimeoutException>(() => Node.Ask(reference, 1));
    }

    [Fact]
    public async Task Waiting_for_an_observer_that_never_answers_ends_in_a_timeout()
    {
        var port = new Port();
        var signal = new Signal();
        var call = _cluster.Client.CreateObjectReference<IPort>(port).HoldInTurn(signal);
        await signal.Reached.Task;
        _time.Advance(TimeSpan.FromSeconds(32));
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        GC.KeepAlive(port);
    }

    [Fact]
    public async Task Calls_run_one_after_the_other_unless_they_are_marked_to_interleave()
    {
        var port = new Port();
        var reference = _cluster.Client.CreateObjectReference<IPort>(port);
        var (first, second) = (new Signal(), new Signal());
        var holding = reference.HoldInTurn(first);
        await first.Reached.Task;
        var interleaving = reference.Hold(second);
        await second.Reached.Task;
        var waiting = reference.Double(1);
        Assert.False(waiting.IsCompleted);
        first.Go.SetResult();
        Assert.Equal(2, await waiting);
        second.Go.SetResult();
        await Task.WhenAll(holding, interleaving);
        GC.KeepAlive(port);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private IPort MakeAndForget() => _cluster.Client.CreateObjectReference<IPort>(new Port());

    private sealed class Port : IPort
    {
        public Task<int> Double(int value) => value >= 0
            ? Task.FromResult(value * 2)
            : Task.FromException<int>(new ArgumentException("negative"));

        public Task Hold(Signal signal) => HoldInTurn(signal);

        public async Task HoldInTurn(Signal signal)
        {
            signal.Reached.TrySetResult();
            await signal.Go.Task;
        }
    }
}
