using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>What is lost, and what comes back: commands, links, nodes.</summary>
public sealed class LossTests : GrainTest
{
    [Theory]
    [InlineData(Fate.CommandLost)]
    [InlineData(Fate.AnswerLost)]
    [InlineData(Fate.Doubled)]
    [InlineData(Fate.Late)]
    public async Task A_change_whose_first_command_has_trouble_reaches_the_node(Fate fate)
    {
        string session = await Rig.JoinAsync(Node, "alice");
        Trouble(fate, commands: 1);
        await Rig.Participant("alice").Mute($"TR_{session}_video", true);
        await Rig.UntilAsync(() => Node.Actual[session].MutedTracks.Length == 1);
    }

    [Theory]
    [InlineData(Fate.CommandLost)]
    [InlineData(Fate.AnswerLost)]
    [InlineData(Fate.Doubled)]
    [InlineData(Fate.Late)]
    public async Task An_end_whose_first_commands_have_trouble_reaches_the_node(Fate fate)
    {
        string session = await Rig.JoinAsync(Node, "alice");
        Trouble(fate, commands: 2);
        await Rig.Participant("alice").Leave(session, ReasonCodes.ClientLeft);
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.ClientLeft, Node.CloseReasons[session]);
    }

    [Fact]
    public async Task A_join_that_the_node_does_not_answer_is_refused_by_name_and_leaves_nothing_behind()
    {
        Rig.PortOf(Node).Fates = () => Fate.AnswerLost;
        JoinResult refused = await Rig.Participant("alice").Join(Rig.Request("SE_a"));
        Assert.Equal(ReasonCodes.NodeTimeout, refused.Error!.Code);
        Assert.Empty(await Rig.RosterAsync());
        Rig.PortOf(Node).Fates = () => Fate.Arrives;
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
    }

    [Fact]
    public async Task A_port_that_nobody_answers_at_ends_in_a_time_out_of_its_own()
    {
        Rig.Abandon(Node);
        var line = new NodeLine(Rig.Node(Node));
        TimeoutException late = await Assert.ThrowsAsync<TimeoutException>(() => line.Ask(port => port.Claim()));
        Assert.Contains(NodeLine.Deadline, late.Message, StringComparison.Ordinal); // and not by that of all calls
    }

    [Fact]
    public async Task Who_is_removed_while_nobody_answers_at_the_nodes_link_is_removed_when_it_is_linked_anew()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        Rig.Abandon(Node);
        Assert.Null((await Rig.Participant("alice").Remove(ReasonCodes.Removed)).Error);
        Assert.True(Node.Actual.ContainsKey(session));
        await Rig.LinkAsync(Node);
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.Removed, Node.CloseReasons[session]);
    }

    [Fact]
    public async Task A_node_linked_anew_gets_commands_at_once_though_nobody_answers_at_its_old_link()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        Rig.Abandon(Node);
        await Rig.LinkAsync(Node);
        Assert.Null((await Rig.Participant("alice").Remove(ReasonCodes.Removed)).Error);
        Assert.Equal(ReasonCodes.Removed, Node.CloseReasons[session]);
    }

    [Fact]
    public async Task A_node_that_restarts_has_lost_its_sessions()
    {
        await Rig.JoinAsync(Node, "alice");
        Node.Restart();
        await Rig.LinkAsync(Node);
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 0);
        Assert.Null(await Rig.Participant("alice").Describe());
        await Rig.JoinAsync(Node, "alice");
    }

    [Fact]
    public async Task A_node_that_stays_away_has_lost_its_sessions_and_brings_back_those_of_rooms_that_nobody_is_in()
    {
        string alice = await Rig.JoinAsync(Node, "alice", "s");
        string ann = await Rig.JoinAsync(Node, "ann");
        string bob = await Rig.JoinAsync(Node, "bob");
        string sid = (await Rig.Participant("alice", "s").Describe())!.Sid;
        FakeNode other = await Rig.AddNodeAsync("ND_2");
        await Rig.UnlinkAsync(Node);
        Assert.Equal(NodeState.Lost, (await Rig.Node(Node).Describe())!.State);
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 0);
        string bobAgain = await Rig.JoinAsync(other, "bob");

        await Rig.LinkAsync(Node);
        Assert.Equal(NodeState.Ready, (await Rig.Node(Node).Describe())!.State);
        await Rig.UntilAsync(async () => (await Rig.RosterAsync("s")).Length == 1);
        await Rig.UntilAsync(() => Node.Actual.Count == 1);
        Assert.Equal(ReasonCodes.SessionSuperseded, Node.CloseReasons[bob]);
        Assert.Equal(ReasonCodes.NodeChanged, Node.CloseReasons[ann]); // the room is on another node now, as a whole
        Assert.Equal(["bob"], await Rig.RosterAsync());
        Assert.Equal(sid, (await Rig.Participant("alice", "s").Describe())!.Sid);
        Assert.Equal([alice], Node.Actual.Keys);
        Assert.Equal([bobAgain], other.Actual.Keys);
    }

    [Fact]
    public async Task Who_was_removed_while_the_node_was_away_is_not_brought_back()
    {
        string alice = await Rig.JoinAsync(Node, "alice");
        Rig.PortOf(Node).Cut();
        await Rig.Participant("alice").Remove(ReasonCodes.Removed);
        Assert.Empty(await Rig.RosterAsync());
        await Rig.UnlinkAsync(Node);
        await Rig.PassAsync(TimeSpan.FromSeconds(60));

        await Rig.LinkAsync(Node);
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.Removed, Node.CloseReasons[alice]);
        Assert.Empty(await Rig.RosterAsync());
    }

    [Fact]
    public async Task A_link_that_is_soon_back_loses_nobody()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        await Rig.UnlinkAsync(Node);
        await Rig.LinkAsync(Node);
        await Rig.PassAsync(TimeSpan.FromSeconds(3));
        Assert.Equal(["alice"], await Rig.RosterAsync());
        Assert.True(Node.Actual.ContainsKey(session));
    }

    [Fact]
    public async Task The_sessions_of_a_node_whose_link_was_cut_are_lost_at_once_and_of_a_silent_one_soon()
    {
        FakeNode silent = await Rig.AddNodeAsync("ND_2");
        await Rig.JoinAsync(Node, "alice");
        await OperatorCall.By("me", Rig.Node(Node).Drain);
        await Rig.UntilAsync(async () => (await Rig.Participant("bob", "s").Join(Rig.Request("SE_bob"))).Node == "ND_2");
        await Rig.UnlinkAsync(Node);
        await Rig.UnlinkAsync(silent, wasSilent: true);
        await Rig.PassAsync(TimeSpan.FromSeconds(0.4));
        Assert.Empty(await Rig.RosterAsync());
        Assert.Equal(["bob"], await Rig.RosterAsync("s"));
        await Rig.UntilAsync(async () => (await Rig.RosterAsync("s")).Length == 0, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_room_goes_to_another_node_as_a_whole_with_the_first_who_is_sent_there()
    {
        await Rig.JoinAsync(Node, "alice");
        await Rig.Participant("bob").Join(Rig.Request("SE_bob", SessionLeg.Duplex) with { Offer = null, Holder = Probe.Holder });
        await Rig.AddNodeAsync("ND_2");
        await Rig.UnlinkAsync(Node);
        JoinResult carol = await Rig.Participant("carol").Join(Rig.Request("SE_carol"));
        Assert.Equal("ND_2", carol.Node);
        Assert.Equal(("SE_bob", ReasonCodes.NodeLost), await Told());
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 1);

        await Rig.LinkAsync(Node); // the process lives: who was let go is not taken back
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        Assert.Equal(["carol"], await Rig.RosterAsync());
        Assert.Equal("ND_2", (await Rig.Participant("bob").Join(Rig.Request("SE_bob2"))).Node);

        async Task<(string, string?)> Told()
        {
            SessionNews news;
            do
            {
                news = await Probe.NextNews(Rig);
            }
            while (news.Ended is null);
            return (news.Session, news.Ended);
        }
    }

    [Fact]
    public async Task A_join_whose_node_is_lost_under_it_goes_to_another()
    {
        await Rig.AddNodeAsync("ND_2");
        Rig.PortOf(Node).Fates = () =>
        {
            _ = Rig.UnlinkAsync(Node);
            return Fate.CommandLost;
        };
        JoinResult joined = await Rig.Participant("alice").Join(Rig.Request("SE_a"));
        Assert.Equal((null, "ND_2"), (joined.Error, joined.Node));
        Assert.Equal(["alice"], await Rig.RosterAsync());
    }

    [Fact]
    public async Task Who_lost_his_node_finds_the_room_open_and_comes_in_though_it_is_locked()
    {
        Rig.Rules = new() { DefaultPolicy = new RoomPolicy { EmptyTimeoutSeconds = 0, DepartureTimeoutSeconds = 0 } };
        await Rig.JoinAsync(Node, "alice");
        string sid = (await Rig.Room().Describe())!.Sid;
        Assert.Null((await Rig.Room().Lock(true)).Error);
        await Rig.AddNodeAsync("ND_2");
        await Rig.UnlinkAsync(Node);
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 0);
        await Rig.PassAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(ReasonCodes.RoomLocked, (await Rig.Participant("bob").Join(Rig.Request("SE_bob"))).Error!.Code);
        JoinResult back = await Rig.Participant("alice").Join(Rig.Request("SE_a"));
        Assert.Equal((null, sid, "ND_2"), (back.Error, back.RoomSid, back.Node));
        await Rig.Participant("alice").Leave("SE_a", ReasonCodes.ClientLeft);
        await Rig.UntilAsync(async () => await Rig.Room().Describe() is null, TimeSpan.FromSeconds(2)); // nobody is to come any more
    }

    [Fact]
    public async Task Who_lost_his_node_comes_back_as_he_was_made_since_unless_his_token_says_something_else()
    {
        await Join("SE_1", new Grants());
        Assert.Null((await Rig.Participant("alice").Administer(new("from an admin", ImmutableDictionary<string, string?>.Empty), new Grants { CanPublish = false })).Error);
        FakeNode other = await Rig.AddNodeAsync("ND_2");
        await Rig.UnlinkAsync(Node);
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 0);
        ParticipantView back = await Join("SE_2", new Grants());
        Assert.Equal((false, "from an admin"), (back.Grants!.CanPublish, back.Metadata));
        Assert.False(other.Actual["SE_2"].CanPublish);

        await Rig.AddNodeAsync("ND_3");
        await Rig.UnlinkAsync(other);
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 0);
        back = await Join("SE_3", new Grants { Hidden = true });
        Assert.Equal((true, true, "from an admin"), (back.Grants!.CanPublish, back.Hidden, back.Metadata));

        await Rig.Participant("alice").Leave("SE_3", ReasonCodes.ClientLeft);
        await Rig.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal("", (await Join("SE_4", new Grants())).Metadata); // a stay of its own

        async Task<ParticipantView> Join(string session, Grants grants)
        {
            JoinRequest request = Rig.Request(session, SessionLeg.Duplex) with { Offer = null, Holder = Probe.Holder, Grants = grants };
            Assert.Null((await Rig.Participant("alice").Join(request)).Error);
            return (await Rig.Participant("alice").Describe())!;
        }
    }

    [Fact]
    public async Task The_end_of_an_older_link_does_not_end_a_newer_one()
    {
        LossyPort older = Rig.PortOf(Node);
        await Rig.LinkAsync(Node);
        older.Cut();
        await Rig.Node(Node).Detach("link-1", "the older connection timed out");
        Assert.Equal(NodeState.Ready, (await Rig.Node(Node).Describe())!.State);
    }

    [Fact]
    public async Task A_session_that_the_node_silently_forgot_is_found_out_when_its_lease_ends()
    {
        await Rig.JoinAsync(Node, "alice");
        Node.Restart(); // and its link does not say so
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 0);
    }

    [Fact]
    public async Task A_session_whose_digests_are_lost_goes_on_while_the_node_has_it()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        Rig.IsDeaf = true;
        await Rig.PassAsync(TimeSpan.FromSeconds(40));
        Assert.Equal(["alice"], await Rig.RosterAsync());
        Assert.True(Node.Actual.ContainsKey(session));
    }

    /// <summary>The next commands meet this; the ones after them arrive.</summary>
    private void Trouble(Fate fate, int commands)
    {
        int left = commands;
        Rig.PortOf(Node).Fates = () => Interlocked.Decrement(ref left) >= 0 ? fate : Fate.Arrives;
    }
}
