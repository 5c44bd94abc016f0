using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>Nodes that are emptied, and rooms that go to another node by an act.</summary>
public sealed class DrainTests : GrainTest
{
    [Fact]
    public async Task A_drained_nodes_rooms_go_to_another_as_wholes_and_their_people_are_told_to_come_again()
    {
        string alice = await Rig.JoinAsync(Node, "alice"), bob = await Rig.JoinAsync(Node, "bob"), carol = await Rig.JoinAsync(Node, "carol", "s");
        (string r, string s) = ((await Rig.Room().Describe())!.Sid, (await Rig.Room("s").Describe())!.Sid);
        FakeNode other = await Rig.AddNodeAsync("ND_2");
        await Drain();
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        Assert.All([alice, bob, carol], session => Assert.Equal(ReasonCodes.NodeChanged, Node.CloseReasons[session]));
        Assert.Equal((NodeState.Draining, "drained by an operator"), await Standing());
        await Told(new DrainNode(true, true));

        string again = await Rig.JoinAsync(other, "alice");
        await Rig.JoinAsync(other, "bob");
        await Rig.JoinAsync(other, "carol", "s");
        Assert.Equal((r, s), ((await Rig.Room().Describe())!.Sid, (await Rig.Room("s").Describe())!.Sid));
        Assert.Equal(["alice", "bob"], await Rig.RosterAsync());
        Assert.Contains(again, other.Actual.Keys);
    }

    [Fact]
    public async Task Rooms_go_a_few_at_once_and_the_node_may_end_when_none_is_left()
    {
        for (int i = 0; i < 10; i++)
        {
            await Rig.JoinAsync(Node, "alice", $"r{i}");
        }

        await Rig.AddNodeAsync("ND_2");
        Rig.PortOf(Node).Fates = () => Fate.CommandLost; // so that those who were told do not leave the node yet
        await Rig.Node(Node).OnLeaving(Node.BootId);
        Assert.Equal(DrainPlan.MostAtOnce, await Gone());
        Assert.Equal((NodeState.Draining, "its process is about to end"), await Standing());
        await Told(new DrainNode(true, false));

        Rig.PortOf(Node).Fates = () => Fate.Arrives;
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        await Told(new DrainNode(true, true));

        async Task<int> Gone()
        {
            int gone = 0;
            for (int i = 0; i < 10; i++)
            {
                gone += (await Rig.RosterAsync($"r{i}")).Length == 0 ? 1 : 0;
            }

            return gone;
        }
    }

    [Fact]
    public async Task A_lone_node_that_is_to_end_may_do_so_at_once_and_nobody_is_told_to_go()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        await Rig.Node(Node).OnLeaving(Node.BootId);
        await Told(new DrainNode(true, true));
        Assert.Equal([session], Node.Actual.Keys);
        Assert.Equal(ReasonCodes.ServerShutdown, (await OperatorCall.By("me", Rig.Node(Node).Undrain)).Error!.Code);

        await Rig.AddNodeAsync("ND_2"); // that comes just in time
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.NodeChanged, Node.CloseReasons[session]);
    }

    [Fact]
    public async Task A_drain_that_is_taken_back_moves_nobody_more()
    {
        await Rig.JoinAsync(Node, "alice");
        await Drain();
        Assert.Equal(ReasonCodes.NoNode, (await Rig.Participant("bob", "s").Join(Rig.Request("SE_bob"))).Error!.Code);
        Assert.Null((await OperatorCall.By("me", Rig.Node(Node).Undrain)).Error);
        Assert.Equal((NodeState.Ready, null), await Standing());
        await Told(new DrainNode(false, false));
        await Rig.AddNodeAsync("ND_2");
        await Rig.PassAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(["alice"], await Rig.RosterAsync());
        Assert.Single(Node.Actual);
    }

    [Fact]
    public async Task A_node_that_comes_back_over_another_link_is_still_drained_and_is_told_so()
    {
        await Drain();
        await Rig.UnlinkAsync(Node);
        await Rig.LinkAsync(Node);
        Assert.Equal((NodeState.Draining, "drained by an operator"), await Standing());
        await Told(new DrainNode(true, true));
        Node.Restart();
        await Rig.LinkAsync(Node);
        Assert.Equal((NodeState.Ready, null), await Standing());
    }

    [Fact]
    public async Task A_room_goes_where_an_admin_says_or_is_refused_by_name()
    {
        string alice = await Rig.JoinAsync(Node, "alice");
        FakeNode other = await Rig.AddNodeAsync("ND_2"), far = await Rig.AddNodeAsync("ND_far", "us");
        Assert.Equal((null, "ND_1"), await Moved(new() { Region = "local" })); // it is there
        Assert.Equal((ReasonCodes.NoNode, null), await Moved(new() { Node = "ND_x" }));
        Assert.Equal((ReasonCodes.ParticipantNotFound, null), await Moved(new() { Node = "ND_2", Identity = "bob" }));
        Assert.Equal([alice], Node.Actual.Keys);

        Assert.Equal((null, "ND_2"), await Moved(new() { Node = "ND_2", Identity = "alice" })); // she is alone
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        await Rig.JoinAsync(other, "alice");
        await Rig.JoinAsync(other, "bob");
        Assert.Equal((ReasonCodes.RoomOnOneNode, null), await Moved(new() { Region = "us", Identity = "bob" }));
        Assert.Equal((null, "ND_far"), await Moved(new() { Region = "us" }));
        await Rig.UntilAsync(() => other.Actual.IsEmpty);
        await Rig.JoinAsync(far, "alice");
        Assert.Single(far.Actual);

        async Task<(string?, string?)> Moved(RoomMove move)
        {
            RoomMoved moved = await Rig.Room().Relocate(move);
            return (moved.Error?.Code, moved.Node);
        }
    }

    private Task Told(DrainNode drain) => Rig.UntilAsync(() => Rig.PortOf(Node).Told == drain);

    private async Task Drain() => Assert.Null((await OperatorCall.By("me", Rig.Node(Node).Drain)).Error);

    private async Task<(NodeState, string?)> Standing()
    {
        NodeView view = (await Rig.Node(Node).Describe())!;
        return (view.State, view.Reason);
    }
}
