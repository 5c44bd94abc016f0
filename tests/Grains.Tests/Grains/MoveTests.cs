using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>Participants that an admin moves to another room.</summary>
public sealed class MoveTests : IAsyncLifetime
{
    private GrainRig _rig = null!;
    private FakeNode _node = null!;
    private GatewayProbe _probe = null!;

    public async ValueTask InitializeAsync()
    {
        (_rig, _node) = await GrainRig.StartWithNodeAsync();
        _probe = new GatewayProbe(_rig);
    }

    public async ValueTask DisposeAsync() => await _rig.DisposeAsync();

    [Fact]
    public async Task A_moved_participant_is_the_same_stay_with_the_same_media_in_the_other_room()
    {
        (JoinResult joined, string track) = await Join();
        Assert.Null((await Alice("r").Move("s", _rig.Rules)).Error);

        SessionNews news = await _probe.NextNews(_rig);
        Assert.Equal(("SE_1", "s", joined.ParticipantSid, null), (news.Session, news.Moved!.Room, news.Moved.Joined!.ParticipantSid, news.Ended));
        Assert.Equal(Keys.Room(Keys.AnyZone, GrainRig.Tenant, "s"), _node.Actual["SE_1"].RoomKey);
        Assert.Empty(await _rig.RosterAsync("r"));
        Assert.Equal(["alice"], await _rig.RosterAsync("s"));
        Assert.Null(await Alice("r").Describe());
        Assert.Null(await _rig.Track(track, "r").Describe());
        Assert.Equal(track, (await _rig.Track(track, "s").Describe())!.Sid);
        Assert.Equal((joined.ParticipantSid, ParticipantState.Active), ((await Alice("s").Describe())!.Sid, (await Alice("s").Describe())!.State));

        // its session is commanded and reported there from now on
        Assert.Null((await Alice("s").Negotiate("SE_1", new(2, "audio,video"), [])).Error);
        _node.SetState("SE_1", SessionState.Disconnected);
        await _rig.UntilAsync(async () => (await Alice("s").Describe())!.State == ParticipantState.Reconnecting);
        Assert.Empty(_node.CloseReasons);
    }

    [Fact]
    public async Task Late_words_of_the_owner_do_not_bring_a_moved_participant_back()
    {
        await Join();
        await Alice("r").Move("s", _rig.Rules);
        await Alice("r").OnSessionAlive(_node.Actual["SE_1"].OwnerKey, 99);
        await _rig.PassAsync(TimeSpan.FromSeconds(15));
        Assert.Empty(await _rig.RosterAsync("r"));
        Assert.Equal(["alice"], await _rig.RosterAsync("s"));
    }

    [Fact]
    public async Task Where_another_node_serves_the_room_the_client_is_told_to_join_it_there()
    {
        await Join();
        FakeNode other = await _rig.AddNodeAsync("ND_2");
        await OperatorCall.By("me", _rig.Node(_node).Drain);
        await _rig.UntilAsync(async () => (await _rig.Participant("bob", "s").Join(_rig.Request("SE_2") with { Offer = new(1, "audio") })).Node == "ND_2");
        Assert.Null((await Alice("r").Move("s", _rig.Rules)).Error);

        SessionNews news = await _probe.NextNews(_rig);
        Assert.Equal(("MOVED", "s", null), (news.Ended, news.Moved!.Room, news.Moved.Joined));
        Assert.Equal("MOVED", _node.CloseReasons["SE_1"]);
        Assert.Equal(["bob"], await _rig.RosterAsync("s"));
        Assert.True(other.Actual.ContainsKey("SE_2"));
    }

    [Fact]
    public async Task A_refused_move_changes_nothing()
    {
        (_, string track) = await Join();
        await _rig.Room("full").Create(new RoomPolicy { MaxParticipants = 1 }, _rig.Rules);
        await _rig.Participant("bob", "full").Join(_rig.Request("SE_2") with { Offer = new(1, "audio") });

        Assert.Equal("ROOM_FULL", (await Alice("r").Move("full", _rig.Rules)).Error!.Code);
        Assert.Equal("BAD_REQUEST", (await Alice("r").Move("r", _rig.Rules)).Error!.Code);
        Assert.Equal("PARTICIPANT_NOT_FOUND", (await _rig.Participant("nobody").Move("s", _rig.Rules)).Error!.Code);
        Assert.Equal(["alice"], await _rig.RosterAsync("r"));
        Assert.Equal(["bob"], await _rig.RosterAsync("full"));
        Assert.NotNull(await _rig.Track(track, "r").Describe());
    }

    [Fact]
    public async Task Who_has_the_identity_in_the_other_room_is_replaced()
    {
        await Join();
        await Alice("s").Join(_rig.Request("SE_old") with { Offer = new(1, "audio") });
        Assert.Null((await Alice("r").Move("s", _rig.Rules)).Error);
        await _rig.UntilAsync(() => _node.CloseReasons.ContainsKey("SE_old"));
        Assert.Equal("DUPLICATE_IDENTITY", _node.CloseReasons["SE_old"]);
        Assert.Single((await _rig.Room("s").Describe())!.Participants);
    }

    private IParticipantGrain Alice(string room) => _rig.Participant("alice", room);

    private async Task<(JoinResult Joined, string Track)> Join()
    {
        JoinResult joined = await Alice("r").Join(_rig.Request("SE_1", SessionLeg.Duplex) with { Offer = null, Holder = _probe.Holder });
        SessionResult negotiated = await Alice("r").Negotiate("SE_1", new(1, "audio"), [new() { Mid = "0", Source = "microphone" }]);
        _node.SetState("SE_1", SessionState.Connected);
        await _rig.UntilAsync(async () => (await Alice("r").Describe())?.State == ParticipantState.Active);
        while (_probe.News is not null)
        {
        }

        return (joined, negotiated.Session!.Published["0"]);
    }
}
