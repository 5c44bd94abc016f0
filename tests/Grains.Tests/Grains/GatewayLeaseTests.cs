using Nexus.Contracts;
using Nexus.FabricHarness;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;

namespace Nexus.Grains.Tests.Grains;

/// <summary>What a gateway's one lease means for its clients, and how gateways and participants find each other again.</summary>
public sealed class GatewayLeaseTests : GrainTest
{
    private IParticipantGrain Alice => Rig.Participant("alice");

    [Fact]
    public async Task A_gateway_that_is_not_heard_of_for_thirty_seconds_has_lost_its_clients_after_their_grace()
    {
        await JoinAsync();
        await Until(ParticipantState.Reconnecting, atLeast: TimeSpan.FromSeconds(29));
        await Rig.UntilAsync(async () => await Alice.Describe() is null);
        Assert.Equal(ReasonCodes.ClientLost, Node.CloseReasons["SE_alice"]);
    }

    [Fact]
    public async Task A_gateway_that_says_that_it_is_there_keeps_its_clients_and_loses_nobody_elses()
    {
        await JoinAsync();
        var other = new GatewayProbe(Rig, "GW_2");
        await Rig.Participant("bob").Join(Rig.Request("SE_bob", SessionLeg.Duplex) with { Offer = null, Holder = other.Holder });
        await PassAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(ParticipantState.Active, (await Alice.Describe())!.State);
        Assert.Null(await Rig.Participant("bob").Describe());
    }

    [Fact]
    public async Task The_grace_begins_at_once_when_a_gateway_says_goodbye_and_a_resume_elsewhere_is_the_same_stay()
    {
        JoinResult joined = await JoinAsync();
        await Rig.Gateways.Leave(Probe.Holder.Gateway);
        await Rig.Fabric.QuietAsync();
        Assert.Equal(ParticipantState.Reconnecting, await StateAsync());

        var elsewhere = new GatewayProbe(Rig, "GW_2");
        Assert.Null((await Alice.Resume("SE_alice", elsewhere.Holder)).Error);
        await Rig.Gateways.Leave(Probe.Holder.Gateway); // a late word of the older one
        for (int i = 0; i < 6; i++)
        {
            await elsewhere.RenewAsync(Rig);
            await Rig.PassAsync(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(ParticipantState.Active, await StateAsync());
        Assert.Equal(joined.ParticipantSid, (await Alice.Describe())!.Sid);
    }

    [Fact]
    public async Task A_gateway_that_was_cut_off_and_is_heard_of_again_within_the_grace_has_its_clients_again()
    {
        await JoinAsync();
        await Until(ParticipantState.Reconnecting);
        await Probe.RenewAsync(Rig);
        await Rig.Fabric.QuietAsync();
        Assert.Equal(ParticipantState.Active, await StateAsync());
        await PassAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(ParticipantState.Active, await StateAsync());
    }

    [Fact]
    public async Task Who_was_detached_is_not_held_by_a_gateway_that_does_not_have_its_client()
    {
        await JoinAsync();
        Probe.Sessions.Clear();
        await Alice.Detach("SE_alice", Probe.Holder.Gateway);
        await Probe.RenewAsync(Rig);
        await Rig.Fabric.QuietAsync();
        Assert.Equal(ParticipantState.Reconnecting, await StateAsync());
    }

    [Fact]
    public async Task A_gateway_does_not_take_a_session_that_another_has()
    {
        await JoinAsync();
        var elsewhere = new GatewayProbe(Rig, "GW_2");
        await Alice.Resume("SE_alice", elsewhere.Holder);
        Assert.False(await Alice.Hold("SE_alice", Probe.Holder));
        Assert.True(await Alice.Hold("SE_alice", elsewhere.Holder));
        Assert.False(await Alice.Hold("SE_none", elsewhere.Holder));
    }

    [Fact]
    public async Task A_participant_that_lost_its_memory_finds_its_gateway_and_tells_it_once_how_the_session_is_now()
    {
        await JoinAsync();
        await Alice.Negotiate("SE_alice", new(1, "audio"), [new() { Mid = "0", Source = "microphone" }]);
        FabricSilo other = await Rig.Fabric.StartSiloAsync("local");
        await Probe.RenewAsync(Rig); // the new silo hears of the gateway by the old one
        await Rig.Fabric.QuietAsync();
        await Rig.KillSiloAsync(Rig.Fabric.Silos[0]);
        Assert.Equal([other], Rig.Fabric.Silos);
        while (Probe.News is not null)
        {
            // what was told before
        }

        await Rig.UntilAsync(async () => await Alice.Describe() is { State: ParticipantState.Active });
        SessionNews told = await Probe.NextNews(Rig);
        Assert.Equal("SE_alice", told.Session);
        Assert.Single(told.View!.Published);
        await PassAsync(TimeSpan.FromSeconds(60));
        Assert.Null(Probe.News); // once is enough
        Assert.Equal(ParticipantState.Active, await StateAsync());
    }

    [Fact]
    public async Task Nobody_is_thrown_out_when_all_silos_are_lost_and_the_gateway_is_heard_of_late()
    {
        await JoinAsync();
        await Rig.Fabric.StartSiloAsync("local");
        await Rig.KillSiloAsync(Rig.Fabric.Silos[0]); // nobody has said there that there is a gateway
        await Rig.PassAsync(TimeSpan.FromSeconds(20));
        await PassAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(ParticipantState.Active, await StateAsync());
    }

    private async Task<JoinResult> JoinAsync()
    {
        JoinResult joined = await Alice.Join(Rig.Request("SE_alice", SessionLeg.Duplex) with { Offer = null, Holder = Probe.Holder });
        Assert.Null(joined.Error);
        Probe.Sessions["SE_alice"] = Alice;
        Node.SetState("SE_alice", SessionState.Connected);
        await Until(ParticipantState.Active);
        return joined;
    }

    /// <summary>Time passes, and the gateway says that it is there.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        for (TimeSpan passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(10))
        {
            await Probe.RenewAsync(Rig);
            await Rig.PassAsync(TimeSpan.FromSeconds(10));
        }
    }

    private async Task<ParticipantState?> StateAsync() => (await Rig.Room().Describe())?.Participants.SingleOrDefault(p => p.Identity == "alice")?.State;

    private async Task Until(ParticipantState state, TimeSpan atLeast = default)
    {
        DateTimeOffset began = Rig.Fabric.Time.GetUtcNow();
        await Rig.UntilAsync(async () => await StateAsync() == state);
        Assert.True(Rig.Fabric.Time.GetUtcNow() - began >= atLeast);
    }
}
