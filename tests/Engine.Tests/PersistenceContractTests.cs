using Nexus.FabricHarness;
using Orleans.Storage;

namespace Nexus.Engine.Tests;

public sealed class PersistenceContractTests : EngineTest
{
    private ILedgerGrain Ledger => Grain<ILedgerGrain>("l");

    [Fact]
    public async Task A_grain_without_stored_state_starts_with_a_new_one()
    {
        Assert.False(await Ledger.Stored());
        Assert.Equal(0, await Ledger.Total());
    }

    [Fact]
    public async Task Written_state_outlives_the_activation_and_unwritten_does_not()
    {
        await Ledger.Add(5, write: true);
        await Ledger.Add(100, write: false);
        Assert.Equal(105, await Ledger.Total());
        await Ledger.Leave();
        await Fabric.UntilAsync(async () => await Ledger.Total() == 5);
        Assert.True(await Ledger.Stored());
    }

    [Fact]
    public async Task Reading_again_drops_unwritten_changes()
    {
        await Ledger.Add(5, write: true);
        await Ledger.Add(100, write: false);
        await Ledger.Reread();
        Assert.Equal(5, await Ledger.Total());
    }

    [Fact]
    public async Task Clearing_removes_the_record()
    {
        await Ledger.Add(5, write: true);
        await Ledger.Clear();
        Assert.False(await Ledger.Stored());
        Assert.Equal(0, await Ledger.Total());
        await Ledger.Add(1, write: true);
        Assert.True(await Ledger.Stored());
    }

    [Fact]
    public async Task A_write_over_somebody_elses_write_is_refused_and_ends_the_activation()
    {
        await Ledger.Add(5, write: true);
        await Ledger.WriteBehindOwnBack(70);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Ledger.Add(1, write: true));
        await Fabric.UntilAsync(async () => await Ledger.Total() == 70);
        await Ledger.Add(1, write: true);
        Assert.Equal(71, await Ledger.Total());
    }

    [Fact]
    public async Task Two_grains_have_two_states()
    {
        await Ledger.Add(5, write: true);
        Assert.Equal(0, await Grain<ILedgerGrain>("other").Total());
    }
}
