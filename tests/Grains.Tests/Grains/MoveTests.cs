using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>Participants that an admin moves to another room.</summary>
public sealed class MoveTests : GrainTest
{
    [Fact]
    public async Task A_moved_participant_is_the_same_stay_with_the_same_media_in_the_other_room()
    {
        (JoinResult joined, string track) = await Join();
        Assert.Null((await Alice("r").Move("s", Rig.Rules)).Error);

        SessionNews news = await Probe.NextNews(Rig);
        Assert.Equal(("SE_1", "s", joined.ParticipantSid, null), (news.Session, news.Moved!.Room, news.Moved.Joined!.ParticipantSid, news.Ended));
        Assert.Equal(Keys.Room(Keys.AnyZone, GrainRig.Tenant, "s"), Node.Actual["SE_1"].RoomKey);
        Assert.Empty(await Rig.RosterAsync("r"));
        Assert.Equal(["alice"], await Rig.RosterAsync("s"));
        Assert.Null(await Alice("r").Describe());
        Assert.Equal(track, (await Alice("s").Describe())!.Tracks.Single().Sid);
        Assert.Equal((joined.ParticipantSid, ParticipantState.Active), ((await Alice("s").Describe())!.Sid, (await Alice("s").Describe())!.State));

        // its session is commanded and reported there from now on
        Assert.Null((await Alice("s").Negotiate("SE_1", new(2, "audio,video"), [])).Error);
        Node.SetState("SE_1", SessionState.Disconnected);
        await Rig.UntilAsync(async () => (await Alice("s").Describe())!.State == ParticipantState.Reconnecting);
        Assert.Empty(Node.CloseReasons);
    }

    [Fact]
    public async Task Late_words_of_the_node_do_not_bring_a_moved_participant_back()
    {
        await Join();
        await Alice("r").Move("s", Rig.Rules);
        Assert.False(await Alice("r").OnActual("SE_1", new("local", "ND_1"), new SessionActual { Version = 99 }));
        await Rig.PassAsync(TimeSpan.FromSeconds(15));
        Assert.Empty(await Rig.RosterAsync("r"));
        Assert.Equal(["alice"], await Rig.RosterAsync("s"));
    }

    [Fact]
    public async Task Where_another_node_serves_the_room_the_client_is_told_to_join_it_there()
    {
        await Join();
        FakeNode other = await Rig.AddNodeAsync("ND_2");
        await Rig.Room("s").Create(Rig.Rules.DefaultPolicy, Rig.Rules);
        Assert.Equal("ND_2", (await Rig.Room("s").Relocate(new() { Node = "ND_2" })).Node);
        Assert.Equal("ND_2", (await Rig.Participant("bob", "s").Join(Rig.Request("SE_2") with { Offer = new(1, "audio") })).Node);
        Assert.Null((await Alice("r").Move("s", Rig.Rules)).Error);

        SessionNews news = await Probe.NextNews(Rig);
        Assert.Equal(("MOVED", "s", null), (news.Ended, news.Moved!.Room, news.Moved.Joined));
        Assert.Equal("MOVED", Node.CloseReasons["SE_1"]);
        Assert.Equal(["bob"], await Rig.RosterAsync("s"));
        Assert.True(other.Actual.ContainsKey("SE_2"));
    }

    [Fact]
    public async Task A_refused_move_changes_nothing()
    {
        (_, string track) = await Join();
        await Rig.Room("full").Create(new RoomPolicy { MaxParticipants = 1 }, Rig.Rules);
        await Rig.Participant("bob", "full").Join(Rig.Request("SE_2") with { Offer = new(1, "audio") });

        Assert.Equal("ROOM_FULL", (await Alice("r").Move("full", Rig.Rules)).Error!.Code);
        Assert.Equal("BAD_REQUEST", (await Alice("r").Move("r", Rig.Rules)).Error!.Code);
        Assert.Equal("PARTICIPANT_NOT_FOUND", (await Rig.Participant("nobody").Move("s", Rig.Rules)).Error!.Code);
        Assert.Equal(["alice"], await Rig.RosterAsync("r"));
        Assert.Equal(["bob"], await Rig.RosterAsync("full"));
        Assert.Equal(track, (await Alice("r").Describe())!.Tracks.Single().Sid);
    }

    [Fact]
    public async Task Who_has_the_identity_in_the_other_room_is_replaced()
    {
        await Join();
        await Alice("s").Join(Rig.Request("SE_old") with { Offer = new(1, "audio") });
        Assert.Null((await Alice("r").Move("s", Rig.Rules)).Error);
        await Rig.UntilAsync(() => Node.CloseReasons.ContainsKey("SE_old"));
        Assert.Equal("DUPLICATE_IDENTITY", Node.CloseReasons["SE_old"]);
        Assert.Single((await Rig.Room("s").Describe())!.Participants);
    }

    [Fact]
    public async Task A_command_that_was_under_way_reaches_the_session_where_it_is_now()
    {
        await Join();
        Assert.Null((await Alice("r").Move("s", Rig.Rules)).Error);
        SessionResult offered = await Alice("r").Negotiate("SE_1", new(2, "audio,video"), [new() { Mid = "0", Source = "microphone" }, new() { Mid = "1", Source = "camera" }]);
        Assert.Null(offered.Error);
        Assert.Equal("answer to audio,video", offered.Answer!.Sdp);
        Assert.Equal((Keys.Room(Keys.AnyZone, GrainRig.Tenant, "s"), 2), (Node.Actual["SE_1"].RoomKey, Node.Actual["SE_1"].Publications.Length));
        Assert.Null((await Alice("r").MuteOwn("SE_1", offered.Session!.Published["0"], muted: true)).Error);
        Assert.Equal(["alice"], await Rig.RosterAsync("s"));
        Assert.Empty(await Rig.RosterAsync("r"));

        Assert.Null((await Alice("s").Move("r", Rig.Rules)).Error);
        Assert.Null((await Alice("s").MuteOwn("SE_1", offered.Session.Published["0"], muted: false)).Error);
        Assert.Equal(Keys.Room(Keys.AnyZone, GrainRig.Tenant, "r"), Node.Actual["SE_1"].RoomKey);
        Assert.Null((await Alice("s").Leave("SE_1", ReasonCodes.ClientLeft)).Error);
        Assert.Equal("SESSION_NOT_FOUND", (await Alice("s").MuteOwn("SE_1", "TR_1", muted: true)).Error!.Code);
        Assert.Equal("SESSION_NOT_FOUND", (await Alice("r").MuteOwn("SE_1", "TR_1", muted: true)).Error!.Code);
    }

    private IParticipantGrain Alice(string room) => Rig.Participant("alice", room);

    private async Task<(JoinResult Joined, string Track)> Join()
    {
        JoinResult joined = await Alice("r").Join(Rig.Request("SE_1", SessionLeg.Duplex) with { Offer = null, Holder = Probe.Holder });
        SessionResult negotiated = await Alice("r").Negotiate("SE_1", new(1, "audio"), [new() { Mid = "0", Source = "microphone" }]);
        Node.SetState("SE_1", SessionState.Connected);
        await Rig.UntilAsync(async () => (await Alice("r").Describe())?.State == ParticipantState.Active);
        while (Probe.News is not null)
        {
        }

        return (joined, negotiated.Session!.Published["0"]);
    }
}
