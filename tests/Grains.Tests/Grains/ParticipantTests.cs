using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;

namespace Nexus.Grains.Tests.Grains;

public sealed class ParticipantTests : GrainTest
{
    [Fact]
    public async Task What_the_participant_says_is_what_the_node_has()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        ParticipantView alice = (await Rig.Participant("alice").Describe())!;
        Assert.Equal(ParticipantState.Active, alice.State);
        Assert.Equal(("ND_1", "local"), (alice.Node, alice.Region));
        Assert.Equal([$"TR_{session}_audio", $"TR_{session}_video"], alice.Tracks.Select(t => t.Sid).Order());
        TrackView video = alice.Tracks.Single(t => t.Kind == "video");
        Assert.Equal(("alice", "video", "VP8", "camera", "ND_1"), (video.Identity, video.Kind, video.Codec, video.Source, video.Node));
    }

    [Fact]
    public async Task A_retry_of_a_join_is_the_same_join()
    {
        JoinResult first = await Rig.Participant("alice").Join(Rig.Request("SE_a"));
        JoinResult again = await Rig.Participant("alice").Join(Rig.Request("SE_a"));
        Assert.Equal((first.ParticipantSid, first.Answer), (again.ParticipantSid, again.Answer));
        Assert.Single(Node.Actual);
    }

    [Theory]
    [InlineData(SessionLeg.Publish, SessionLeg.Publish, true)]
    [InlineData(SessionLeg.Play, SessionLeg.Play, true)]
    [InlineData(SessionLeg.Publish, SessionLeg.Play, false)]
    [InlineData(SessionLeg.Publish, SessionLeg.Duplex, true)]
    [InlineData(SessionLeg.Duplex, SessionLeg.Play, true)]
    public async Task The_same_identity_joining_twice_makes_the_older_leg_leave(SessionLeg older, SessionLeg newer, bool leaves)
    {
        string first = await Rig.JoinAsync(Node, "alice", leg: older);
        string second = await Rig.JoinAsync(Node, "alice", leg: newer);
        Assert.Equal(leaves, !Node.Actual.ContainsKey(first));
        Assert.Equal(leaves ? ReasonCodes.DuplicateIdentity : null, Node.CloseReasons.GetValueOrDefault(first));
        Assert.True(Node.Actual.ContainsKey(second));
        Assert.Equal(["alice"], await Rig.RosterAsync());
    }

    [Fact]
    public async Task Who_takes_the_place_of_all_is_a_new_stay_and_a_further_leg_is_not()
    {
        JoinResult publish = await Rig.Participant("alice").Join(Rig.Request("SE_1", SessionLeg.Publish));
        JoinResult play = await Rig.Participant("alice").Join(Rig.Request("SE_2", SessionLeg.Play));
        JoinResult duplex = await Rig.Participant("alice").Join(Rig.Request("SE_3", SessionLeg.Duplex));
        Assert.Equal(publish.ParticipantSid, play.ParticipantSid);
        Assert.NotEqual(publish.ParticipantSid, duplex.ParticipantSid);
    }

    [Fact]
    public async Task A_bad_offer_is_refused_by_name_and_leaves_nothing_behind()
    {
        JoinResult refused = await Rig.Participant("alice").Join(Rig.Request("SE_a", offer: "bad"));
        Assert.Equal(ReasonCodes.SdpInvalid, refused.Error!.Code);
        Assert.Null(await Rig.Participant("alice").Describe());
        Assert.Empty(await Rig.RosterAsync());
        Assert.Empty(Node.Actual);
    }

    [Fact]
    public async Task A_bad_offer_does_not_push_out_the_leg_that_is_there()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        JoinResult refused = await Rig.Participant("alice").Join(Rig.Request("SE_bad", offer: "bad"));
        Assert.Equal(ReasonCodes.SdpInvalid, refused.Error!.Code);
        Assert.True(Node.Actual.ContainsKey(session));
        Assert.Equal(["alice"], await Rig.RosterAsync());
        Assert.Equal(ParticipantState.Active, (await Rig.Participant("alice").Describe())!.State);
    }

    [Fact]
    public async Task Leaving_ends_the_session_tracks_and_place()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        Assert.Null((await Rig.Participant("alice").Leave(session, ReasonCodes.ClientLeft)).Error);
        Assert.Empty(Node.Actual);
        Assert.Empty(await Rig.RosterAsync());
        Assert.Null(await Rig.Participant("alice").Describe());
        Assert.Equal(ReasonCodes.SessionNotFound, (await Rig.Participant("alice").Leave(session, ReasonCodes.ClientLeft)).Error!.Code);
    }

    [Fact]
    public async Task Removing_ends_all_sessions_once_the_node_has_confirmed()
    {
        await Rig.JoinAsync(Node, "alice");
        string play = await Rig.JoinAsync(Node, "alice", leg: SessionLeg.Play);
        Assert.Null((await Rig.Participant("alice").Remove(ReasonCodes.Removed)).Error);
        Assert.Empty(Node.Actual);
        Assert.Equal(ReasonCodes.Removed, Node.CloseReasons[play]);
        Assert.Equal(ReasonCodes.ParticipantNotFound, (await Rig.Participant("alice").Remove(ReasonCodes.Removed)).Error!.Code);
    }

    [Fact]
    public async Task Server_mute_reaches_the_node_and_everyone_who_reads()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        string video = $"TR_{session}_video";
        Assert.Null((await Rig.Participant("alice").Mute(video, true)).Error);
        Assert.Equal(video, Assert.Single(Node.Actual[session].MutedTracks));
        Assert.True((await Rig.Participant("alice").Describe())!.Tracks.Single(t => t.Sid == video).Muted);
        Assert.True((await Rig.Room().Describe())!.Participants.Single().Tracks.Single(t => t.Sid == video).Muted);

        Assert.Null((await Rig.Participant("alice").Mute(video, false)).Error);
        Assert.Empty(Node.Actual[session].MutedTracks);
        Assert.Equal(ReasonCodes.TrackNotFound, (await Rig.Participant("alice").Mute("TR_x", true)).Error!.Code);
    }

    [Fact]
    public async Task An_ice_restart_is_answered_and_counted()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        Assert.Equal(0, (await Rig.Participant("alice").Standing(session)).IceGeneration);
        RestartResult restarted = await Rig.Participant("alice").RestartIce(session, new IceRestart(1, "ufrag", "password"));
        Assert.Equal("a=ice-ufrag:1", restarted.Answer!.SdpFragment);
        Assert.Equal(1, (await Rig.Participant("alice").Standing(session)).IceGeneration);
        Assert.Equal(ReasonCodes.SessionNotFound, (await Rig.Participant("alice").Standing("SE_other")).Ended);
        Assert.Equal(ReasonCodes.SessionNotFound, (await Rig.Participant("alice").RestartIce("SE_other", new IceRestart(1, "u", "p"))).Error!.Code);
    }

    [Fact]
    public async Task A_lost_client_keeps_its_place_for_the_time_of_grace_and_may_come_back()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        Node.SetState(session, SessionState.Disconnected);
        await Rig.UntilAsync(async () => (await Rig.Participant("alice").Describe())!.State == ParticipantState.Reconnecting);
        Assert.Equal(["alice"], await Rig.RosterAsync());

        Node.SetState(session, SessionState.Connected);
        await Rig.UntilAsync(async () => (await Rig.Participant("alice").Describe())!.State == ParticipantState.Active);
        await Rig.PassAsync(TimeSpan.FromSeconds(4)); // past the grace
        Assert.True(Node.Actual.ContainsKey(session));
    }

    [Fact]
    public async Task A_client_lost_for_longer_than_the_time_of_grace_is_removed()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        Node.SetState(session, SessionState.Disconnected);
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.ClientLost, Node.CloseReasons[session]);
        Assert.Empty(await Rig.RosterAsync());
    }

    [Fact]
    public async Task A_client_that_never_connects_is_removed_by_name()
    {
        await Rig.Participant("alice").Join(Rig.Request("SE_a"));
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.NoIce, Node.CloseReasons["SE_a"]);
    }

    [Fact]
    public async Task A_client_that_hangs_up_leaves()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        Node.SetState(session, SessionState.Closed, ReasonCodes.ClientLeft);
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 0);
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
    }

    [Fact]
    public async Task A_late_report_of_an_older_state_changes_nothing()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        await Rig.Participant("alice").OnActual(session, new("local", "ND_1"), new SessionActual { Version = 1, State = SessionState.Disconnected });
        Assert.Equal(ParticipantState.Active, (await Rig.Participant("alice").Describe())!.State);
        Assert.True(Node.Actual.ContainsKey(session));
    }
}
