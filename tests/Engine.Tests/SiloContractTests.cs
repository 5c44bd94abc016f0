using Nexus.FabricHarness;

namespace Nexus.Engine.Tests;

public sealed class SiloContractTests : EngineTest
{
    protected override FabricOptions Options => new() { Regions = ["eu", "us"] };

    [Theory]
    [InlineData("eu")]
    [InlineData("us")]
    public async Task A_grain_lands_where_the_director_says(string region)
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(SiloIn(region).Address.ToString(), await Grain<IPinnedGrain>($"{region}/{i}").Where());
        }
    }

    [Fact]
    public async Task Grains_on_different_silos_call_each_other()
        => Assert.Equal(SiloIn("us").Address.ToString(), await Grain<IPinnedGrain>("eu/a").CallOther("us/b"));

    [Fact]
    public async Task A_grain_that_no_silo_may_hold_is_refused_by_name()
    {
        var failure = await Assert.ThrowsAsync<OrleansException>(() => Grain<IPinnedGrain>("ap/a").Where());
        Assert.Contains("No silo in region ap", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_silo_takes_the_grains_that_had_no_place()
    {
        await Assert.ThrowsAsync<OrleansException>(() => Grain<IPinnedGrain>("ap/a").Where());
        var silo = await Fabric.StartSiloAsync("ap");
        await Fabric.UntilAsync(async () => await WhereOrNull("ap/a") == silo.Address.ToString());
    }

    [Fact]
    public async Task A_killed_silo_loses_the_memory_of_its_grains_and_no_other()
    {
        await Grain<IPinnedGrain>("eu/a").Count();
        await Grain<IPinnedGrain>("us/a").Count();
        await Fabric.StartSiloAsync("us");
        await Fabric.KillSiloAsync(SiloIn("us"));
        await Fabric.UntilAsync(async () => await WhereOrNull("us/a") is not null, TimeSpan.FromSeconds(60));
        Assert.Equal(1, await Grain<IPinnedGrain>("us/a").Count());
        Assert.Equal(2, await Grain<IPinnedGrain>("eu/a").Count());
    }

    [Fact]
    public async Task A_call_in_flight_to_a_killed_silo_fails_as_unavailable()
    {
        var call = Grain<IPinnedGrain>("us/a").WaitFor("gate");
        await Probe.Gate("gate reached");
        await Fabric.KillSiloAsync(SiloIn("us"));
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => call);
        Assert.True(failure is SiloUnavailableException or TimeoutException, $"{failure}");
        Assert.DoesNotContain("gate passed", Probe.Log);
    }

    [Fact]
    public async Task When_the_only_silo_of_a_region_is_gone_its_grains_move_nowhere()
    {
        await Grain<IPinnedGrain>("us/a").Count();
        await Fabric.KillSiloAsync(SiloIn("us"));
        await Fabric.UntilAsync(async () => await FailureOf("us/a") is { } failure && failure.GetType() == typeof(OrleansException), TimeSpan.FromSeconds(60));
        Assert.Equal(SiloIn("eu").Address.ToString(), await Grain<IPinnedGrain>("eu/a").Where());
    }

    [Fact]
    public async Task A_stopped_silo_deactivates_its_grains_and_they_come_back_elsewhere()
    {
        var turn = Grain<ITurnGrain>("t");
        await turn.Count();
        var home = Fabric.Silos.Single(silo => silo.Address.ToString() == turn.Where().GetAwaiter().GetResult());
        await Fabric.StopSiloAsync(home);
        Assert.Contains("t off ShuttingDown", Probe.Log);
        Assert.Equal(1, await turn.Count());
    }

    private FabricSilo SiloIn(string region) => Fabric.Silos.First(silo => silo.Region == region);

    private async Task<string?> WhereOrNull(string key)
    {
        try
        {
            return await Grain<IPinnedGrain>(key).Where();
        }
        catch (OrleansException)
        {
            return null;
        }
    }

    private async Task<Exception?> FailureOf(string key)
    {
        try
        {
            await Grain<IPinnedGrain>(key).Where();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
