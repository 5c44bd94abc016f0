using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.FabricHarness;
using Nexus.Grains.Nodes;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>The list of media nodes: one on each silo, fed by reports.</summary>
public sealed class NodeListTests
{
    [Fact]
    public async Task Every_silo_hears_of_a_node_and_of_what_becomes_of_it()
    {
        await using GrainRig rig = await GrainRig.StartAsync(null, "eu", "us");
        FakeNode node = await rig.AddNodeAsync("ND_us", "us");
        await Everywhere(rig, NodeState.Ready);
        Assert.Null((await OperatorCall.By("olga", () => rig.Node(node).Drain())).Error);
        await Everywhere(rig, NodeState.Draining);
        await rig.UnlinkAsync(node);
        await Everywhere(rig, NodeState.Lost);
        await rig.LinkAsync(node);
        await Everywhere(rig, NodeState.Draining); // the same boot
    }

    [Fact]
    public async Task A_node_that_went_down_with_its_silo_gets_nobody()
    {
        await using GrainRig rig = await GrainRig.StartAsync(null, "eu", "us");
        FakeNode stays = await rig.AddNodeAsync("ND_eu", "eu"), goes = await rig.AddNodeAsync("ND_us", "us");
        rig.Abandon(goes);
        await rig.KillSiloAsync(rig.Fabric.Silos.Single(s => s.Region == "us"));
        for (int i = 0; i < 10; i++)
        {
            JoinResult joined = await rig.Participant("ada", $"r{i}").Join(rig.Request($"SE_{i}", region: "us"));
            Assert.Null(joined.Error);
            Assert.Equal(stays.Id, joined.Node);
        }
    }

    [Fact]
    public async Task A_node_of_which_nothing_is_heard_any_more_is_lost_by_name()
    {
        (GrainRig rig, FakeNode node) = await GrainRig.StartWithNodeAsync();
        await using GrainRig _ = rig;
        rig.Abandon(node);
        await rig.PassAsync(TimeSpan.FromSeconds(7));
        NodeView lost = Assert.Single(ListOf(rig.Fabric.Silos[0]));
        Assert.Equal(NodeState.Lost, lost.State);
        Assert.Contains("nothing was heard", lost.Reason);
        Assert.Equal(ReasonCodes.NoNode, (await rig.Participant("ada").Join(rig.Request("SE_1"))).Error?.Code);
    }

    [Fact]
    public async Task A_new_silo_knows_the_nodes_before_they_report_again()
    {
        (GrainRig rig, FakeNode node) = await GrainRig.StartWithNodeAsync();
        await using GrainRig _ = rig;
        FabricSilo second = await rig.Fabric.StartSiloAsync("local");
        Assert.Equal((node.Id, NodeState.Ready), Assert.Single(ListOf(second).Select(n => (n.Id, n.State))));
    }

    private static ImmutableArray<NodeView> ListOf(FabricSilo silo) => silo.Services.GetRequiredService<NodeList>().Nodes;

    private static async Task Everywhere(GrainRig rig, NodeState state)
    {
        await rig.Fabric.QuietAsync();
        Assert.All(rig.Fabric.Silos, silo => Assert.Equal(state, Assert.Single(ListOf(silo)).State));
        Assert.Equal(state, Assert.Single(await rig.Grains.GetGrain<INodeListGrain>(0).List()).State);
    }
}
