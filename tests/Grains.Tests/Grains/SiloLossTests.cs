using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>Silos that are lost, alone or with a node: what comes back, and who is told.</summary>
public sealed class SiloLossTests : GrainTest
{
    [Fact]
    public async Task After_the_loss_of_all_silos_rooms_participants_and_tracks_are_rebuilt_from_the_node()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        string bob = await Rig.JoinAsync(Node, "bob", leg: SessionLeg.Play);
        await Rig.Participant("alice").Mute($"TR_{session}_video", true);
        ParticipantView alice = (await Rig.Participant("alice").Describe())!;
        string room = (await Rig.Room().Describe())!.Sid;

        await Rig.Fabric.StartSiloAsync("local");
        await Rig.KillSiloAsync(Rig.Fabric.Silos[0]);

        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 2);
        Assert.Equal(room, (await Rig.Room().Describe())!.Sid);
        await Rig.UntilAsync(async () => (await Rig.Participant("alice").Describe())?.State == ParticipantState.Active);
        ParticipantView rebuilt = (await Rig.Participant("alice").Describe())!;
        Assert.Equal((alice.Sid, alice.Name, alice.Node, alice.JoinedAt), (rebuilt.Sid, rebuilt.Name, rebuilt.Node, rebuilt.JoinedAt));
        Assert.Equal(alice.Tracks.Select(t => (t.Sid, t.Muted)), rebuilt.Tracks.Select(t => (t.Sid, t.Muted)));
        await Rig.UntilAsync(async () => (await Rig.Grains.GetGrain<ITenantGrain>(Keys.Tenant(Keys.AnyZone, GrainRig.Tenant)).Rooms(new())).Names.Contains("r"));
        Assert.Equal([session, bob], Node.Actual.Keys.Order(StringComparer.Ordinal));

        // and they are under command again
        Assert.Null((await Rig.Participant("bob").Remove(ReasonCodes.Removed)).Error);
        Assert.False(Node.Actual.ContainsKey(bob));
    }

    [Fact]
    public async Task Who_comes_first_to_a_room_that_lost_its_memory_is_sent_where_the_others_are()
    {
        string alice = await Rig.JoinAsync(Node, "alice");
        FakeNode other = await Rig.AddNodeAsync("ND_0"); // the first by name among equals
        await Rig.Fabric.StartSiloAsync("local");
        Rig.IsDeaf = true; // nobody tells the room who is in
        await Rig.KillSiloAsync(Rig.Fabric.Silos[0]);
        await Rig.LinkAsync(Node);
        await Rig.LinkAsync(other);
        JoinResult bob = await Rig.Participant("bob").Join(Rig.Request("SE_bob"));
        Assert.Equal((null, Node.Id), (bob.Error, bob.Node));
        Rig.IsDeaf = false;
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 2);
        Assert.Equal([alice, "SE_bob"], Node.Actual.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_room_whose_record_was_lost_with_its_silo_comes_back_with_those_who_are_in()
    {
        await Rig.JoinAsync(Node, "alice");
        await Rig.JoinAsync(Node, "bob");
        await Rig.Fabric.StartSiloAsync("local");
        await Rig.KillSiloAsync(Rig.Fabric.Silos[0]);
        Rig.Fabric.LoseStorage();
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 2);
        await Rig.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(["alice", "bob"], await Rig.RosterAsync());
        Assert.Equal(2, Node.Actual.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task After_the_loss_of_either_silo_everything_is_whole_again(int killed)
    {
        await Rig.Fabric.StartSiloAsync("local");
        var sessions = new List<(string Identity, string Session)>();
        for (int i = 0; i < 12; i++)
        {
            sessions.Add(($"p{i:00}", await Rig.JoinAsync(Node, $"p{i:00}", $"room{i % 4}")));
        }

        await Rig.KillSiloAsync(Rig.Fabric.Silos[killed]);
        await Rig.PassAsync(TimeSpan.FromSeconds(40));

        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(sessions.Where((_, n) => n % 4 == i).Select(s => s.Identity), await Rig.RosterAsync($"room{i}"));
        }

        for (int i = 0; i < 12; i++)
        {
            Assert.Equal(ParticipantState.Active, (await Rig.Participant(sessions[i].Identity, $"room{i % 4}").Describe())?.State);
            Assert.Null((await Rig.Participant(sessions[i].Identity, $"room{i % 4}").Leave(sessions[i].Session, ReasonCodes.ClientLeft)).Error);
        }

        Assert.Equal(4, (await Rig.Grains.GetGrain<ITenantGrain>(Keys.Tenant(Keys.AnyZone, GrainRig.Tenant)).Rooms(new())).Total);
        Assert.Empty(Node.Actual);
    }

    [Fact]
    public async Task The_people_of_a_node_that_is_lost_together_with_its_silo_are_told_within_seconds_and_meet_again_on_another()
    {
        await using GrainRig rig = await GrainRig.StartAsync(null, "eu", "us");
        FakeNode goes = await rig.AddNodeAsync("ND_us", "us");
        var probe = new GatewayProbe(rig);
        string[] rooms = [.. Enumerable.Range(0, 12).Select(i => $"r{i}")];
        var sids = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string room in rooms) // rooms and participants are on either silo: whoever is left must find out
        {
            await Join(room, "alice");
            await Join(room, "bob");
            sids[room] = (await rig.Room(room).Describe())!.Sid;
        }

        FakeNode stays = await rig.AddNodeAsync("ND_eu", "eu");
        rig.Abandon(goes);
        await rig.KillSiloAsync(rig.Fabric.Silos.Single(s => s.Region == "us"));
        await rig.UntilAsync(AreAllOut, TimeSpan.FromSeconds(5));
        while (probe.News is { } news)
        {
            Assert.True(news.Ended is null or ReasonCodes.NodeLost, news.Ended);
        }

        foreach (string room in rooms)
        {
            await Join(room, "alice");
            Assert.Equal(sids[room], (await rig.Room(room).Describe())!.Sid);
        }

        Assert.Equal(rooms.Length, stays.Actual.Count);

        async Task Join(string room, string identity)
        {
            JoinRequest request = rig.Request(rig.NewSession(), SessionLeg.Duplex) with { Offer = null, Holder = probe.Holder };
            Assert.Null((await rig.Participant(identity, room).Join(request)).Error);
        }

        async Task<bool> AreAllOut()
        {
            foreach (string room in rooms)
            {
                if ((await rig.RosterAsync(room)).Length > 0 || await rig.Participant("alice", room).Describe() is not null || await rig.Participant("bob", room).Describe() is not null)
                {
                    return false;
                }
            }

            return true;
        }
    }

    [Fact]
    public async Task A_node_that_is_lost_together_with_the_holder_of_its_link_loses_its_people_though_its_grain_was_told_nothing()
    {
        await Rig.JoinAsync(Node, "alice");
        Rig.Abandon(Node);
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 0, TimeSpan.FromSeconds(11));
        Assert.Equal(NodeState.Lost, (await Rig.Node(Node).Describe())!.State);
        Assert.Null(await Rig.Participant("alice").Describe());
        await Rig.LinkAsync(Node); // it lives, and was only not heard of
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 1 || Node.Actual.IsEmpty);
        Assert.Equal(NodeState.Ready, (await Rig.Node(Node).Describe())!.State);
    }

    [Fact]
    public async Task A_node_that_goes_while_its_grain_has_no_memory_still_loses_its_sessions()
    {
        await Rig.Fabric.StartSiloAsync("local");
        for (int i = 0; i < 8; i++)
        {
            await Rig.JoinAsync(Node, $"p{i}");
        }

        Rig.IsDeaf = true;
        await Rig.KillSiloAsync(Rig.Fabric.Silos[0]);
        await Rig.UnlinkAsync(Node);
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 0 && await AreOut(8), TimeSpan.FromSeconds(5));
        await Rig.UntilAsync(async () => await Rig.Room().Describe() is null);

        async Task<bool> AreOut(int people) => (await Task.WhenAll(Enumerable.Range(0, people).Select(i => Rig.Participant($"p{i}").Describe()))).All(p => p is null);
    }

    [Fact]
    public async Task A_session_that_ended_while_nobody_remembered_it_is_not_brought_back()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        await Rig.Fabric.StartSiloAsync("local");
        await Rig.KillSiloAsync(Rig.Fabric.Silos[0]);
        Node.SetState(session, SessionState.Closed, ReasonCodes.ClientLeft);
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        await Rig.UntilAsync(async () => await Rig.Participant("alice").Describe() is null);
        Assert.Empty(await Rig.RosterAsync());
    }
}
