using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

public sealed class ParticipantTests : IAsyncLifetime
{
    private GrainRig _rig = null!;
    private FakeNode _node = null!;

    public async ValueTask InitializeAsync() => (_rig, _node) = await GrainRig.StartWithNodeAsync();

    public async ValueTask DisposeAsync() => await _rig.DisposeAsync();

    [Fact]
    public async Task What_the_participant_says_is_what_the_node_has()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        ParticipantView alice = (await _rig.Participant("alice").Describe())!;
        Assert.Equal(ParticipantState.Active, alice.State);
        Assert.Equal(("ND_1", "local"), (alice.Node, alice.Region));
        Assert.Equal([$"TR_{session}_audio", $"TR_{session}_video"], alice.Tracks.Select(t => t.Sid).Order());
        TrackView video = (await _rig.Track($"TR_{session}_video").Describe())!;
        Assert.Equal(("alice", "video", "VP8", "camera", "ND_1"), (video.Identity, video.Kind, video.Codec, video.Source, video.Node));
    }

    [Fact]
    public async Task A_retry_of_a_join_is_the_same_join()
    {
        JoinResult first = await _rig.Participant("alice").Join(_rig.Request("SE_a"));
        JoinResult again = await _rig.Participant("alice").Join(_rig.Request("SE_a"));
        Assert.Equal((first.ParticipantSid, first.Answer), (again.ParticipantSid, again.Answer));
        Assert.Single(_node.Actual);
    }

    [Theory]
    [InlineData(SessionLeg.Publish, SessionLeg.Publish, true)]
    [InlineData(SessionLeg.Play, SessionLeg.Play, true)]
    [InlineData(SessionLeg.Publish, SessionLeg.Play, false)]
    [InlineData(SessionLeg.Publish, SessionLeg.Duplex, true)]
    [InlineData(SessionLeg.Duplex, SessionLeg.Play, true)]
    public async Task The_same_identity_joining_twice_makes_the_older_leg_leave(SessionLeg older, SessionLeg newer, bool leaves)
    {
        string first = await _rig.JoinAsync(_node, "alice", leg: older);
        string second = await _rig.JoinAsync(_node, "alice", leg: newer);
        Assert.Equal(leaves, !_node.Actual.ContainsKey(first));
        Assert.Equal(leaves ? ReasonCodes.DuplicateIdentity : null, _node.CloseReasons.GetValueOrDefault(first));
        Assert.True(_node.Actual.ContainsKey(second));
        Assert.Equal(["alice"], await _rig.RosterAsync());
    }

    [Fact]
    public async Task Who_takes_the_place_of_all_is_a_new_stay_and_a_further_leg_is_not()
    {
        JoinResult publish = await _rig.Participant("alice").Join(_rig.Request("SE_1", SessionLeg.Publish));
        JoinResult play = await _rig.Participant("alice").Join(_rig.Request("SE_2", SessionLeg.Play));
        JoinResult duplex = await _rig.Participant("alice").Join(_rig.Request("SE_3", SessionLeg.Duplex));
        Assert.Equal(publish.ParticipantSid, play.ParticipantSid);
        Assert.NotEqual(publish.ParticipantSid, duplex.ParticipantSid);
    }

    [Fact]
    public async Task A_bad_offer_is_refused_by_name_and_leaves_nothing_behind()
    {
        JoinResult refused = await _rig.Participant("alice").Join(_rig.Request("SE_a", offer: "bad"));
        Assert.Equal(ReasonCodes.SdpInvalid, refused.Error!.Code);
        Assert.Null(await _rig.Participant("alice").Describe());
        Assert.Empty(await _rig.RosterAsync());
        Assert.Empty(_node.Actual);
    }

    [Fact]
    public async Task A_bad_offer_does_not_push_out_the_leg_that_is_there()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        JoinResult refused = await _rig.Participant("alice").Join(_rig.Request("SE_bad", offer: "bad"));
        Assert.Equal(ReasonCodes.SdpInvalid, refused.Error!.Code);
        Assert.True(_node.Actual.ContainsKey(session));
        Assert.Equal(["alice"], await _rig.RosterAsync());
        Assert.Equal(ParticipantState.Active, (await _rig.Participant("alice").Describe())!.State);
    }

    [Fact]
    public async Task Leaving_ends_the_session_tracks_and_place()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        Assert.Null((await _rig.Participant("alice").Leave(session, ReasonCodes.ClientLeft)).Error);
        Assert.Empty(_node.Actual);
        Assert.Empty(await _rig.RosterAsync());
        Assert.Null(await _rig.Participant("alice").Describe());
        await _rig.UntilAsync(async () => await _rig.Track($"TR_{session}_video").Describe() is null);
        Assert.Equal(ReasonCodes.SessionNotFound, (await _rig.Participant("alice").Leave(session, ReasonCodes.ClientLeft)).Error!.Code);
    }

    [Fact]
    public async Task Removing_ends_all_sessions_once_the_node_has_confirmed()
    {
        await _rig.JoinAsync(_node, "alice");
        string play = await _rig.JoinAsync(_node, "alice", leg: SessionLeg.Play);
        Assert.Null((await _rig.Participant("alice").Remove(ReasonCodes.Removed)).Error);
        Assert.Empty(_node.Actual);
        Assert.Equal(ReasonCodes.Removed, _node.CloseReasons[play]);
        Assert.Equal(ReasonCodes.ParticipantNotFound, (await _rig.Participant("alice").Remove(ReasonCodes.Removed)).Error!.Code);
    }

    [Fact]
    public async Task Server_mute_reaches_the_node_and_everyone_who_reads()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        string video = $"TR_{session}_video";
        Assert.Null((await _rig.Participant("alice").Mute(video, true)).Error);
        Assert.Equal(video, Assert.Single(_node.Actual[session].MutedTracks));
        Assert.True((await _rig.Participant("alice").Describe())!.Tracks.Single(t => t.Sid == video).Muted);
        Assert.True((await _rig.Room().Describe())!.Participants.Single().Tracks.Single(t => t.Sid == video).Muted);
        await _rig.UntilAsync(async () => (await _rig.Track(video).Describe())!.Muted);

        Assert.Null((await _rig.Participant("alice").Mute(video, false)).Error);
        Assert.Empty(_node.Actual[session].MutedTracks);
        Assert.Equal(ReasonCodes.TrackNotFound, (await _rig.Participant("alice").Mute("TR_x", true)).Error!.Code);
    }

    [Fact]
    public async Task An_ice_restart_is_answered_and_counted()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        Assert.Equal(0, (await _rig.Participant("alice").Standing(session)).IceGeneration);
        RestartResult restarted = await _rig.Participant("alice").RestartIce(session, new IceRestart(1, "ufrag", "password"));
        Assert.Equal("a=ice-ufrag:1", restarted.Answer!.SdpFragment);
        Assert.Equal(1, (await _rig.Participant("alice").Standing(session)).IceGeneration);
        Assert.Equal(ReasonCodes.SessionNotFound, (await _rig.Participant("alice").Standing("SE_other")).Ended);
        Assert.Equal(ReasonCodes.SessionNotFound, (await _rig.Participant("alice").RestartIce("SE_other", new IceRestart(1, "u", "p"))).Error!.Code);
    }

    [Fact]
    public async Task A_lost_client_keeps_its_place_for_the_time_of_grace_and_may_come_back()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        _node.SetState(session, SessionState.Disconnected);
        await _rig.UntilAsync(async () => (await _rig.Participant("alice").Describe())!.State == ParticipantState.Reconnecting);
        Assert.Equal(["alice"], await _rig.RosterAsync());

        _node.SetState(session, SessionState.Connected);
        await _rig.UntilAsync(async () => (await _rig.Participant("alice").Describe())!.State == ParticipantState.Active);
        await _rig.PassAsync(TimeSpan.FromSeconds(4)); // past the grace
        Assert.True(_node.Actual.ContainsKey(session));
    }

    [Fact]
    public async Task A_client_lost_for_longer_than_the_time_of_grace_is_removed()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        _node.SetState(session, SessionState.Disconnected);
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.ClientLost, _node.CloseReasons[session]);
        Assert.Empty(await _rig.RosterAsync());
    }

    [Fact]
    public async Task A_client_that_never_connects_is_removed_by_name()
    {
        await _rig.Participant("alice").Join(_rig.Request("SE_a"));
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.NoIce, _node.CloseReasons["SE_a"]);
    }

    [Fact]
    public async Task A_client_that_hangs_up_leaves()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        _node.SetState(session, SessionState.Closed, ReasonCodes.ClientLeft);
        await _rig.UntilAsync(async () => (await _rig.RosterAsync()).Length == 0);
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
    }

    [Fact]
    public async Task A_late_report_of_an_older_state_changes_nothing()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        SessionReport old = _node.ReportOf(session) with { Version = 1, State = SessionState.Disconnected };
        await _rig.Participant("alice").OnSessionReport(old);
        Assert.Equal(ParticipantState.Active, (await _rig.Participant("alice").Describe())!.State);
        Assert.True(_node.Actual.ContainsKey(session));
    }
}
