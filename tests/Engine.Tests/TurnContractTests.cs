using Nexus.FabricHarness;

namespace Nexus.Engine.Tests;

public sealed class TurnContractTests : EngineTest
{
    private ITurnGrain Turn => Grain<ITurnGrain>("t");

    protected override FabricOptions Options => new() { CollectionAge = TimeSpan.FromSeconds(2) };

    [Fact]
    public async Task A_request_runs_to_its_end_before_the_next_begins()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Turn.Step($"{i}")));
        var steps = Probe.Log.Where(entry => entry.Contains(' ', StringComparison.Ordinal) && char.IsDigit(entry[0])).ToList();
        Assert.Equal(40, steps.Count);
        for (var i = 0; i < steps.Count; i += 2)
        {
            Assert.Equal(steps[i].Replace("begins", "ends", StringComparison.Ordinal), steps[i + 1]);
        }
    }

    [Fact]
    public async Task A_request_that_awaits_keeps_others_waiting()
    {
        var first = Turn.WaitFor("gate");
        await Probe.Gate("gate reached");
        var second = Turn.Step("second");
        Assert.False(second.IsCompleted);
        Probe.Open("gate");
        await Task.WhenAll(first, second);
        Assert.Equal(["t on", "gate passed", "second begins", "second ends"], Probe.Log);
    }

    [Fact]
    public async Task Grains_run_beside_each_other()
    {
        var first = Grain<ITurnGrain>("a").WaitFor("gate");
        await Probe.Gate("gate reached");
        await Grain<ITurnGrain>("b").Step("b");
        Probe.Open("gate");
        await first;
    }

    [Fact]
    public async Task Calls_go_through_chains_of_grains()
        => Assert.Equal("a,b,c", await Grain<ITurnGrain>("a").CallThrough(["b", "c"]));

    [Fact]
    public async Task One_way_calls_return_at_once_and_report_no_failure()
    {
        var busy = Turn.WaitFor("gate");
        await Probe.Gate("gate reached");
        await Turn.Shout("loud");
        Assert.DoesNotContain("loud", Probe.Log);
        Probe.Open("gate");
        await busy;
        await Probe.Gate("loud");
    }

    [Fact]
    public async Task A_failed_activation_fails_the_call()
    {
        var failure = await Assert.ThrowsAsync<TestFailureException>(() => Grain<ITurnGrain>("unborn").Ticks());
        Assert.Equal("not today", failure.Message);
    }

    [Fact]
    public async Task DeactivateOnIdle_ends_the_activation_after_the_request_and_forgets_memory()
    {
        Assert.Equal(1, await Turn.Count());
        await Turn.Leave();
        await Fabric.UntilAsync(() => Task.FromResult(Probe.Log.Contains("t off ApplicationRequested")));
        Assert.Equal(1, await Turn.Count());
        Assert.Equal(["t on", "t off ApplicationRequested", "t on"], Probe.Log);
    }

    [Fact]
    public async Task Calls_that_wait_while_the_grain_leaves_go_to_the_next_activation()
    {
        var busy = Turn.WaitFor("gate");
        await Probe.Gate("gate reached");
        var leave = Turn.Leave();
        var count = Turn.Count();
        Probe.Open("gate");
        await Task.WhenAll(busy, leave);
        Assert.Equal(1, await count);
    }

    [Fact]
    public async Task An_idle_grain_is_deactivated_and_comes_back_when_called()
    {
        await Turn.Count();
        await Fabric.UntilAsync(() => Task.FromResult(Probe.Log.Contains("t off ActivationIdle")));
        Assert.Equal(1, await Turn.Count());
    }

    [Fact]
    public async Task A_timer_ticks_until_it_is_disposed()
    {
        await Turn.StartTimer(100, once: false);
        await Fabric.UntilAsync(async () => await Turn.Ticks() >= 3);
        await Turn.StopTimer();
        var ticks = await Turn.Ticks();
        await Fabric.AdvanceAsync(TimeSpan.FromMilliseconds(400));
        Assert.Equal(ticks, await Turn.Ticks());
    }

    [Fact]
    public async Task A_timer_without_period_ticks_once()
    {
        await Turn.StartTimer(50, once: true);
        await Fabric.UntilAsync(async () => await Turn.Ticks() == 1);
        await Fabric.AdvanceAsync(TimeSpan.FromMilliseconds(300));
        Assert.Equal(1, await Turn.Ticks());
    }

    [Fact]
    public async Task A_tick_that_throws_does_not_end_the_timer()
    {
        await Turn.StartFailingTimer(50);
        await Fabric.UntilAsync(async () => await Turn.Ticks() >= 2);
    }

    [Fact]
    public async Task A_tick_waits_for_the_running_request()
    {
        await Turn.StartTimer(50, once: true);
        var busy = Turn.WaitFor("gate");
        await Probe.Gate("gate reached");
        await Fabric.AdvanceAsync(TimeSpan.FromMilliseconds(200));
        var ticks = Turn.Ticks();
        Assert.False(ticks.IsCompleted);
        Probe.Open("gate");
        await busy;
        await Fabric.UntilAsync(async () => await Turn.Ticks() == 1);
    }

    [Fact]
    public async Task A_timer_does_not_keep_its_grain_alive()
    {
        await Turn.StartTimer(500, once: false);
        await Fabric.UntilAsync(() => Task.FromResult(Probe.Log.Contains("t off ActivationIdle")));
    }
}
