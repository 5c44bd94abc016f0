using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;

namespace Nexus.Grains.Tests.Grains;

/// <summary>What a join costs the grains, and what people cost them who only talk (docs/architecture.md, "What it costs").</summary>
public sealed class CostTests : GrainTest
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Rig.JoinAsync(Node, "first");
        await Rig.Fabric.QuietAsync();
    }

    /// <summary>Join, the room's word on it, the node's, and the room's again; one command to the node.</summary>
    [Theory]
    [InlineData(SessionLeg.Duplex, false)]
    [InlineData(SessionLeg.Publish, true)]
    public async Task A_join_is_at_most_five_messages_to_grains_and_one_round_trip_to_the_node(SessionLeg leg, bool offers)
    {
        int sent = Rig.PortOf(Node).Sent;
        Rig.Calls.Reset();
        JoinRequest request = Rig.Request("SE_a", leg);
        JoinResult joined = await Rig.Participant("alice").Join(request with
        {
            Offer = offers ? request.Offer : null,
            Holder = leg == SessionLeg.Duplex ? Probe.Holder : null,
        });
        await Rig.Fabric.QuietAsync();
        Assert.Null(joined.Error);
        Assert.True(Rig.Calls.Total <= 5, string.Join(", ", Rig.Calls.Calls));
        Assert.Equal(1, Rig.PortOf(Node).Sent - sent);
    }

    /// <summary>A gateway says that it is there six times a minute, whoever is connected to it.</summary>
    [Fact]
    public async Task People_with_websockets_cost_grains_nothing_however_many_they_are()
    {
        await JoinByWebSocket("w0");
        await MinuteAsync(); // what the joins led to is over
        (int callsOfOne, int ticksOfOne) = await MinuteAsync();
        Assert.Equal(6, Rig.Calls.Calls["IGatewayListGrain.Renew"]);
        for (int i = 1; i <= 10; i++)
        {
            await JoinByWebSocket($"w{i}");
        }

        await MinuteAsync();
        Assert.Equal((callsOfOne, ticksOfOne), await MinuteAsync());
        Assert.DoesNotContain(Rig.Calls.Calls.Keys, call => call.StartsWith("IParticipantGrain", StringComparison.Ordinal));
        Assert.Equal(ParticipantState.Active, (await Rig.Participant("w10").Describe())!.State);

        async Task JoinByWebSocket(string identity)
        {
            string session = Rig.NewSession();
            JoinResult joined = await Rig.Participant(identity).Join(Rig.Request(session, SessionLeg.Duplex) with { Offer = null, Holder = Probe.Holder });
            Assert.Null(joined.Error);
            Node.SetState(session, SessionState.Connected);
        }

        async Task<(int Calls, int Ticks)> MinuteAsync()
        {
            Rig.Calls.Reset();
            for (int i = 0; i < 6; i++)
            {
                await Probe.RenewAsync(Rig);
                await Rig.PassAsync(TimeSpan.FromSeconds(10));
            }

            return (Rig.Calls.Total, Rig.Calls.Ticks);
        }
    }

    [Fact]
    public async Task People_who_only_publish_and_play_cost_grains_nothing_however_many_they_are()
    {
        await Rig.PassAsync(TimeSpan.FromSeconds(30)); // what the first one's join led to is over
        (int callsOfOne, int ticksOfOne) = await MinuteAsync();
        for (int i = 0; i < 10; i++)
        {
            await Rig.JoinAsync(Node, $"p{i}", leg: i % 2 == 0 ? SessionLeg.Publish : SessionLeg.Play);
        }

        await Rig.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((callsOfOne, ticksOfOne), await MinuteAsync());
        Assert.DoesNotContain(Rig.Calls.Calls.Keys, call => call.StartsWith("IParticipantGrain", StringComparison.Ordinal));

        async Task<(int Calls, int Ticks)> MinuteAsync()
        {
            Rig.Calls.Reset();
            await Rig.PassAsync(TimeSpan.FromMinutes(1));
            return (Rig.Calls.Total, Rig.Calls.Ticks);
        }
    }
}
