using Nexus.FabricHarness;
using Orleans.Hosting;
using Orleans.Serialization;

namespace Nexus.Embedded.Tests;

public sealed class CallTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly EmbeddedCluster _cluster;

    public CallTests()
    {
        _cluster = new(_time);
        _cluster.StartSilo("one", silo => silo.AddMemoryGrainStorageAsDefault());
    }

    private INodeGrain Node(string key) => _cluster.Client.GetGrain<INodeGrain>(key);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a", "b,a")]
    [InlineData("a", "b,c,d,b")]
    public async Task A_call_cycle_fails_at_once_and_names_the_chain(string first, string path)
    {
        var failure = await Assert.ThrowsAsync<CallCycleException>(() => Node(first).Follow(path.Split(',')));
        Assert.Contains("INodeGrain.Follow on node/a → INodeGrain.Follow on node/", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_cycle_the_grains_go_on()
    {
        await Assert.ThrowsAsync<CallCycleException>(() => Node("a").Follow(["b", "a"]));
        await Node("a").Follow(["b", "c"]);
    }

    [Fact]
    public async Task The_same_grain_may_be_called_twice_one_after_the_other()
    {
        await Node("a").Follow(["b"]);
        await Node("a").Follow(["b"]);
    }

    [Fact]
    public async Task A_caller_that_waits_too_long_gets_a_timeout_and_the_grain_goes_on()
    {
        var signal = new Signal();
        var call = Node("a").WaitFor(signal);
        await signal.Reached.Task;
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(call.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        signal.Go.SetResult();
        Assert.Equal(3, await Node("a").Add(1, 2));
    }

    [Fact]
    public async Task A_waiting_request_times_out_too()
    {
        var signal = new Signal();
        var first = Node("a").WaitFor(signal);
        await signal.Reached.Task;
        var second = Node("a").Add(1, 2);
        _time.Advance(TimeSpan.FromSeconds(32));
        await Assert.ThrowsAsync<TimeoutException>(() => second);
        signal.Go.SetResult();
        await Assert.ThrowsAsync<TimeoutException>(() => first);
    }

    [Fact]
    public async Task A_method_may_have_its_own_timeout()
    {
        var signal = new Signal();
        var call = Node("a").WaitShortly(signal);
        await signal.Reached.Task;
        _time.Advance(TimeSpan.FromSeconds(7));
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        signal.Go.SetResult();
    }

    [Fact]
    public async Task A_grain_that_passes_itself_is_told_how_to_make_a_reference()
    {
        var failure = await Assert.ThrowsAsync<CodecNotFoundException>(() => Node("a").PassSelf());
        Assert.Contains("AsReference", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_silo_calls_fail_as_unavailable()
    {
        await using var empty = new EmbeddedCluster(_time);
        await Assert.ThrowsAsync<Orleans.Runtime.SiloUnavailableException>(() => empty.Client.GetGrain<INodeGrain>("a").Add(1, 2));
    }

    [Fact]
    public async Task A_timer_ticks_exactly_when_due()
    {
        var signal = new Signal();
        await Node("a").TickEvery(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60), signal);
        _time.Advance(TimeSpan.FromMilliseconds(9_999));
        Assert.Equal(0, await Node("a").Ticks());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await Node("a").Ticks());
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(2, await Node("a").Ticks());
    }

    [Fact]
    public async Task Many_grains_are_called_from_many_threads()
    {
        var sums = await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            var sum = 0;
            for (var i = 0; i < 2_000; i++)
            {
                sum += await Node($"{(i * 7 + worker) % 100}").Add(i, 1);
            }

            return sum;
        })));
        Assert.All(sums, sum => Assert.Equal(2_001_000, sum));
    }
}
