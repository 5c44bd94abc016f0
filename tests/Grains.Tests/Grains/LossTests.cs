using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>What is lost, and what comes back: commands, links, nodes, silos.</summary>
public sealed class LossTests : IAsyncLifetime
{
    private GrainRig _rig = null!;
    private FakeNode _node = null!;

    public async ValueTask InitializeAsync() => (_rig, _node) = await GrainRig.StartWithNodeAsync();

    public async ValueTask DisposeAsync() => await _rig.DisposeAsync();

    [Theory]
    [InlineData(Fate.CommandLost)]
    [InlineData(Fate.AnswerLost)]
    [InlineData(Fate.Doubled)]
    [InlineData(Fate.Late)]
    public async Task A_change_whose_first_command_has_trouble_reaches_the_node(Fate fate)
    {
        string session = await _rig.JoinAsync(_node, "alice");
        Trouble(fate, commands: 1);
        await _rig.Participant("alice").Mute($"TR_{session}_video", true);
        await _rig.UntilAsync(() => _node.Actual[session].MutedTracks.Length == 1);
    }

    [Theory]
    [InlineData(Fate.CommandLost)]
    [InlineData(Fate.AnswerLost)]
    [InlineData(Fate.Doubled)]
    [InlineData(Fate.Late)]
    public async Task An_end_whose_first_commands_have_trouble_reaches_the_node(Fate fate)
    {
        string session = await _rig.JoinAsync(_node, "alice");
        Trouble(fate, commands: 2);
        await _rig.Participant("alice").Leave(session, ReasonCodes.ClientLeft);
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.ClientLeft, _node.CloseReasons[session]);
    }

    [Fact]
    public async Task A_join_that_the_node_does_not_answer_is_refused_by_name_and_leaves_nothing_behind()
    {
        _rig.PortOf(_node).Fates = () => Fate.AnswerLost;
        JoinResult refused = await _rig.Participant("alice").Join(_rig.Request("SE_a"));
        Assert.Equal(ReasonCodes.NodeTimeout, refused.Error!.Code);
        Assert.Empty(await _rig.RosterAsync());
        _rig.PortOf(_node).Fates = () => Fate.Arrives;
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
    }

    [Fact]
    public async Task A_port_that_nobody_answers_at_ends_in_a_time_out_of_its_own()
    {
        _rig.Abandon(_node);
        var line = new NodeLine(_rig.Node(_node));
        TimeoutException late = await Assert.ThrowsAsync<TimeoutException>(() => line.Ask(port => port.Claim("SE_a")));
        Assert.Contains(NodeLine.Deadline, late.Message, StringComparison.Ordinal); // and not by that of all calls
    }

    [Fact]
    public async Task Who_is_removed_while_nobody_answers_at_the_nodes_link_is_removed_when_it_is_linked_anew()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        _rig.Abandon(_node);
        Assert.Null((await _rig.Participant("alice").Remove(ReasonCodes.Removed)).Error);
        Assert.True(_node.Actual.ContainsKey(session));
        await _rig.LinkAsync(_node);
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.Removed, _node.CloseReasons[session]);
    }

    [Fact]
    public async Task A_node_linked_anew_gets_commands_at_once_though_nobody_answers_at_its_old_link()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        _rig.Abandon(_node);
        await _rig.LinkAsync(_node);
        Assert.Null((await _rig.Participant("alice").Remove(ReasonCodes.Removed)).Error);
        Assert.Equal(ReasonCodes.Removed, _node.CloseReasons[session]);
    }

    [Fact]
    public async Task A_node_that_restarts_has_lost_its_sessions()
    {
        await _rig.JoinAsync(_node, "alice");
        _node.Restart();
        await _rig.LinkAsync(_node);
        await _rig.UntilAsync(async () => (await _rig.RosterAsync()).Length == 0);
        Assert.Null(await _rig.Participant("alice").Describe());
        await _rig.JoinAsync(_node, "alice");
    }

    [Fact]
    public async Task A_node_that_stays_away_has_lost_its_sessions_and_brings_back_those_whose_place_nobody_took()
    {
        string alice = await _rig.JoinAsync(_node, "alice");
        string bob = await _rig.JoinAsync(_node, "bob");
        string sid = (await _rig.Participant("alice").Describe())!.Sid;
        FakeNode other = await _rig.AddNodeAsync("ND_2");
        await _rig.UnlinkAsync(_node);
        Assert.Equal(NodeState.Lost, (await _rig.Node(_node).Describe())!.State);
        await _rig.UntilAsync(async () => (await _rig.RosterAsync()).Length == 0);
        string bobAgain = await _rig.JoinAsync(other, "bob");

        await _rig.LinkAsync(_node);
        Assert.Equal(NodeState.Ready, (await _rig.Node(_node).Describe())!.State);
        await _rig.UntilAsync(async () => (await _rig.RosterAsync()).Length == 2);
        await _rig.UntilAsync(() => !_node.Actual.ContainsKey(bob));
        Assert.Equal(ReasonCodes.SessionSuperseded, _node.CloseReasons[bob]);
        Assert.Equal(sid, (await _rig.Participant("alice").Describe())!.Sid);
        Assert.Equal([alice], _node.Actual.Keys);
        Assert.Equal([bobAgain], other.Actual.Keys);
    }

    [Fact]
    public async Task Who_was_removed_while_the_node_was_away_is_not_brought_back()
    {
        string alice = await _rig.JoinAsync(_node, "alice");
        _rig.PortOf(_node).Cut();
        await _rig.Participant("alice").Remove(ReasonCodes.Removed);
        Assert.Empty(await _rig.RosterAsync());
        await _rig.UnlinkAsync(_node);
        await _rig.PassAsync(TimeSpan.FromSeconds(60));

        await _rig.LinkAsync(_node);
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.Removed, _node.CloseReasons[alice]);
        Assert.Empty(await _rig.RosterAsync());
    }

    [Fact]
    public async Task A_link_that_is_soon_back_loses_nobody()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        await _rig.UnlinkAsync(_node);
        await _rig.LinkAsync(_node);
        await _rig.PassAsync(TimeSpan.FromSeconds(3));
        Assert.Equal(["alice"], await _rig.RosterAsync());
        Assert.True(_node.Actual.ContainsKey(session));
    }

    [Fact]
    public async Task The_end_of_an_older_link_does_not_end_a_newer_one()
    {
        LossyPort older = _rig.PortOf(_node);
        await _rig.LinkAsync(_node);
        older.Cut();
        await _rig.Node(_node).Detach("link-1", "the older connection timed out");
        Assert.Equal(NodeState.Ready, (await _rig.Node(_node).Describe())!.State);
    }

    [Fact]
    public async Task A_session_that_the_node_silently_forgot_is_found_out_when_its_lease_ends()
    {
        await _rig.JoinAsync(_node, "alice");
        _node.Restart(); // and its link does not say so
        await _rig.UntilAsync(async () => (await _rig.RosterAsync()).Length == 0);
    }

    [Fact]
    public async Task A_session_whose_digests_are_lost_goes_on_while_the_node_has_it()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        _rig.IsDeaf = true;
        await _rig.PassAsync(TimeSpan.FromSeconds(40));
        Assert.Equal(["alice"], await _rig.RosterAsync());
        Assert.True(_node.Actual.ContainsKey(session));
    }

    [Fact]
    public async Task After_the_loss_of_all_silos_rooms_participants_and_tracks_are_rebuilt_from_the_node()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        string bob = await _rig.JoinAsync(_node, "bob", leg: SessionLeg.Play);
        await _rig.Participant("alice").Mute($"TR_{session}_video", true);
        ParticipantView alice = (await _rig.Participant("alice").Describe())!;
        string room = (await _rig.Room().Describe())!.Sid;

        await _rig.Fabric.StartSiloAsync("local");
        await _rig.Fabric.KillSiloAsync(_rig.Fabric.Silos[0]);

        await _rig.UntilAsync(async () => (await _rig.RosterAsync()).Length == 2);
        Assert.Equal(room, (await _rig.Room().Describe())!.Sid);
        await _rig.UntilAsync(async () => (await _rig.Participant("alice").Describe())?.State == ParticipantState.Active);
        ParticipantView rebuilt = (await _rig.Participant("alice").Describe())!;
        Assert.Equal((alice.Sid, alice.Name, alice.Node), (rebuilt.Sid, rebuilt.Name, rebuilt.Node));
        Assert.Equal(alice.Tracks.Select(t => (t.Sid, t.Muted)), rebuilt.Tracks.Select(t => (t.Sid, t.Muted)));
        await _rig.UntilAsync(async () => (await _rig.Track($"TR_{session}_video").Describe())?.Muted == true);
        await _rig.UntilAsync(async () => (await _rig.Grains.GetGrain<ITenantGrain>(Keys.Tenant(Keys.AnyZone, GrainRig.Tenant)).Rooms(new())).Names.Contains("r"));
        Assert.Equal([session, bob], _node.Actual.Keys.Order(StringComparer.Ordinal));

        // and they are under command again
        Assert.Null((await _rig.Participant("bob").Remove(ReasonCodes.Removed)).Error);
        Assert.False(_node.Actual.ContainsKey(bob));
    }

    [Fact]
    public async Task A_room_whose_record_was_lost_with_its_silo_comes_back_with_those_who_are_in()
    {
        await _rig.JoinAsync(_node, "alice");
        await _rig.JoinAsync(_node, "bob");
        await _rig.Fabric.StartSiloAsync("local");
        await _rig.Fabric.KillSiloAsync(_rig.Fabric.Silos[0]);
        _rig.Fabric.LoseStorage();
        await _rig.UntilAsync(async () => (await _rig.RosterAsync()).Length == 2);
        await _rig.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(["alice", "bob"], await _rig.RosterAsync());
        Assert.Equal(2, _node.Actual.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task After_the_loss_of_either_silo_everything_is_whole_again(int killed)
    {
        await _rig.Fabric.StartSiloAsync("local");
        var sessions = new List<(string Identity, string Session)>();
        for (int i = 0; i < 12; i++)
        {
            sessions.Add(($"p{i:00}", await _rig.JoinAsync(_node, $"p{i:00}", $"room{i % 4}")));
        }

        await _rig.Fabric.KillSiloAsync(_rig.Fabric.Silos[killed]);
        await _rig.PassAsync(TimeSpan.FromSeconds(40));

        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(sessions.Where((_, n) => n % 4 == i).Select(s => s.Identity), await _rig.RosterAsync($"room{i}"));
        }

        for (int i = 0; i < 12; i++)
        {
            Assert.Equal(ParticipantState.Active, (await _rig.Participant(sessions[i].Identity, $"room{i % 4}").Describe())?.State);
            Assert.NotNull(await _rig.Track($"TR_{sessions[i].Session}_audio", $"room{i % 4}").Describe());
            Assert.Null((await _rig.Participant(sessions[i].Identity, $"room{i % 4}").Leave(sessions[i].Session, ReasonCodes.ClientLeft)).Error);
        }

        Assert.Equal(4, (await _rig.Grains.GetGrain<ITenantGrain>(Keys.Tenant(Keys.AnyZone, GrainRig.Tenant)).Rooms(new())).Total);
        Assert.Empty(_node.Actual);
    }

    [Fact]
    public async Task A_node_that_goes_while_its_grain_has_no_memory_still_loses_its_sessions()
    {
        await _rig.Fabric.StartSiloAsync("local");
        for (int i = 0; i < 8; i++)
        {
            await _rig.JoinAsync(_node, $"p{i}");
        }

        _rig.IsDeaf = true;
        await _rig.Fabric.KillSiloAsync(_rig.Fabric.Silos[0]);
        await _rig.UnlinkAsync(_node);
        await _rig.UntilAsync(async () => (await _rig.RosterAsync()).Length == 0, TimeSpan.FromSeconds(120));
        await _rig.UntilAsync(async () => await _rig.Room().Describe() is null);
    }

    [Fact]
    public async Task A_session_that_ended_while_nobody_remembered_it_is_not_brought_back()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        await _rig.Fabric.StartSiloAsync("local");
        await _rig.Fabric.KillSiloAsync(_rig.Fabric.Silos[0]);
        _node.SetState(session, SessionState.Closed, ReasonCodes.ClientLeft);
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
        await _rig.UntilAsync(async () => await _rig.Participant("alice").Describe() is null);
        Assert.Empty(await _rig.RosterAsync());
    }

    /// <summary>The next commands meet this; the ones after them arrive.</summary>
    private void Trouble(Fate fate, int commands)
    {
        int left = commands;
        _rig.PortOf(_node).Fates = () => Interlocked.Decrement(ref left) >= 0 ? fate : Fate.Arrives;
    }
}
