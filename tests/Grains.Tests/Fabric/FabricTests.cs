using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Nexus.FabricHarness;
using Orleans.Storage;

namespace Nexus.Grains.Tests.Fabric;

/// <summary>That virtual time is exact and waits for all that is to be done, on two silos of real Orleans.</summary>
public sealed class FabricTests : IAsyncLifetime, IFabricListener
{
    private readonly ConcurrentQueue<string> _heard = new();
    private TestFabric _fabric = null!;

    public async ValueTask InitializeAsync() => _fabric = await TestFabric.StartAsync(new() { Regions = ["one", "two"] });

    public async ValueTask DisposeAsync() => await _fabric.DisposeAsync();

    Task IFabricListener.Hear(string what)
    {
        _heard.Enqueue(what);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Ten_minutes_are_six_hundred_ticks_of_each_timer_and_what_they_lead_to()
    {
        IFabricGrain[] grains = [.. Enumerable.Range(0, 5).Select(i => Grain($"{i}"))];
        IFabricListener listener = Listener();
        await Task.WhenAll(grains.Select(grain => grain.Tick(listener)));
        DateTimeOffset began = _fabric.Time.GetUtcNow();
        await _fabric.AdvanceAsync(TimeSpan.FromMinutes(10));

        Assert.Equal(TimeSpan.FromMinutes(10), _fabric.Time.GetUtcNow() - began);
        Assert.Equal(3000, _heard.Count);
        Assert.All(grains, grain => Assert.Equal(600, _heard.Count(what => what.StartsWith(grain.GetPrimaryKeyString() + " ", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task Quiet_is_when_the_last_one_way_call_of_a_chain_is_done()
    {
        IFabricListener listener = Listener();
        for (int i = 1; i <= 20; i++)
        {
            await Grain($"{i}").Pass(times: 25, $"{i}", listener);
            await _fabric.QuietAsync();
            Assert.Equal(i, _heard.Count);
        }
    }

    [Fact]
    public async Task A_one_way_call_to_nobody_is_not_waited_for_for_ever()
    {
        IFabricListener listener = Listener();
        _fabric.Client.DeleteObjectReference<IFabricListener>(listener);
        await Grain("a").Pass(times: 3, "lost", listener);
        await _fabric.QuietAsync();
        Assert.Empty(_heard);
    }

    [Fact]
    public async Task An_observer_that_nobody_else_holds_is_told()
    {
        IFabricListener listener = ListenerThatNobodyHolds();
        GC.Collect();
        await Grain("a").Pass(times: 3, "kept", listener);
        await _fabric.QuietAsync();
        Assert.Single(_heard);
    }

    [Fact]
    public async Task Grains_of_a_killed_silo_tick_no_more_and_begin_anew_on_the_other()
    {
        IFabricGrain[] grains = [.. Enumerable.Range(0, 8).Select(i => Grain($"{i}"))];
        await Task.WhenAll(grains.Select(grain => grain.Tick(Listener())));
        await _fabric.AdvanceAsync(TimeSpan.FromSeconds(3));
        FabricSilo killed = _fabric.Silos[0];
        int lost = 0;
        foreach (IFabricGrain grain in grains)
        {
            lost += await grain.Where() == killed.Address ? 1 : 0;
        }

        await _fabric.KillSiloAsync(killed);
        _heard.Clear();
        await _fabric.AdvanceAsync(TimeSpan.FromSeconds(4));
        Assert.Equal((8 - lost) * 4, _heard.Count);
        int[] ticks = await Task.WhenAll(grains.Select(grain => grain.Ticks()));
        Assert.Equal(lost, ticks.Count(count => count == 0));
        Assert.Equal(8 - lost, ticks.Count(count => count == 7));
    }

    [Fact]
    public async Task A_write_over_somebody_elses_is_refused_and_ends_the_activation()
    {
        Assert.Equal(5, await Grain("a").Add(5));
        await Grain("a").WriteBehindOwnBack(70);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Grain("a").Add(1));
        Assert.Equal(71, await Grain("a").Add(1));
    }

    private IFabricGrain Grain(string key) => _fabric.Client.GetGrain<IFabricGrain>(key);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private IFabricListener ListenerThatNobodyHolds() => _fabric.Refer<IFabricListener>(new Ear(_heard));

    private IFabricListener Listener() => _fabric.Refer<IFabricListener>(this);

    private sealed class Ear(ConcurrentQueue<string> heard) : IFabricListener
    {
        public Task Hear(string what)
        {
            heard.Enqueue(what);
            return Task.CompletedTask;
        }
    }
}
