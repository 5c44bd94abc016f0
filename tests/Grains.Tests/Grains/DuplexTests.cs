using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;

namespace Nexus.Grains.Tests.Grains;

/// <summary>Sessions whose client has a connection to a gateway: further offers, resume, profile, calls.</summary>
public sealed class DuplexTests : GrainTest
{
    [Fact]
    public async Task Offers_follow_the_join_and_the_same_one_again_has_the_same_answer()
    {
        await Join("alice");
        SessionResult first = await Alice.Negotiate("SE_alice", new(1, "audio"), [new() { Mid = "0", Source = "microphone" }]);
        SessionResult second = await Alice.Negotiate("SE_alice", new(2, "audio,video"), []);
        SessionResult again = await Alice.Negotiate("SE_alice", new(2, "audio,video"), []);
        SessionResult old = await Alice.Negotiate("SE_alice", new(1, "audio"), []);

        Assert.Equal("answer to audio", first.Answer!.Sdp);
        Assert.Equal(2, second.Session!.Published.Count);
        Assert.Equal(second.Answer, again.Answer);
        Assert.Equal("BAD_REQUEST", old.Error!.Code);
        Assert.Equal(2, (await Alice.Describe())!.Tracks.Length);
    }

    [Fact]
    public async Task A_report_from_before_an_offer_that_arrives_after_its_answer_takes_no_track_away()
    {
        await Join("alice");
        await Rig.Room().Watch(Probe.Holder, 1, RoomVersion.None);
        List<SessionReport> reports = [];
        Node.Reported += reports.Add;
        Rig.IsDeaf = true; // the reports are on their way
        Node.SetState("SE_alice", SessionState.Connected);
        await Alice.Negotiate("SE_alice", new(1, "audio,video"), []);

        foreach (SessionReport report in reports.ToArray())
        {
            await Rig.Node(Node).OnReport(report);
            await Rig.Room().Page(""); // the participant has taken it, and the room has told of it
            Assert.Null((await Alice.Subscribe("SE_alice", [Change("TR_1", SubscriptionChangeKind.Acknowledge)])).Error);
        }

        ParticipantView told;
        do
        {
            told = (await Probe.NextDelta(Rig)).Participants.Single();
            Assert.Equal(2, told.Tracks.Length);
        }
        while (told.State != ParticipantState.Active);
        Assert.Equal(2, (await Rig.Room().Describe())!.Participants.Single().Tracks.Length);
    }

    [Fact]
    public async Task A_refused_offer_changes_nothing()
    {
        await Join("alice");
        await Alice.Negotiate("SE_alice", new(1, "audio"), []);
        Assert.Equal("SDP_INVALID", (await Alice.Negotiate("SE_alice", new(2, "bad"), [])).Error!.Code);
        Assert.Equal("audio", Node.Actual["SE_alice"].Offer!.Sdp);
        Assert.Null((await Alice.Negotiate("SE_alice", new(3, "audio,video"), [])).Error);
    }

    [Fact]
    public async Task Wishes_reach_the_node_as_state()
    {
        await Join("alice");
        await Alice.Subscribe("SE_alice", [Change("TR_1", SubscriptionChangeKind.Subscribe), Change("TR_2", SubscriptionChangeKind.Acknowledge)]);
        await Alice.Subscribe("SE_alice", [Change("TR_1", SubscriptionChangeKind.Wish) with { Width = 640, Height = 360, Priority = 200, Paused = true }, Change("TR_2", SubscriptionChangeKind.Unsubscribe)]);

        Assert.Equal<SubscriptionWish>(
            [new SubscriptionWish { TrackSid = "TR_1", Width = 640, Height = 360, Priority = 200, Paused = true }, new SubscriptionWish { TrackSid = "TR_2", Unwanted = true }],
            Node.Actual["SE_alice"].Subscriptions);
    }

    [Fact]
    public async Task What_the_node_wants_of_a_client_and_says_of_its_tracks_reaches_its_gateway()
    {
        await Alice.Join(Request("SE_alice") with { TrackNaming = TrackNaming.Answered });
        Assert.Equal(TrackNaming.Answered, Node.Actual["SE_alice"].TrackNaming);
        await Alice.Negotiate("SE_alice", new(1, "video"), []);
        while (Probe.News is not null)
        {
        }

        Node.Say("SE_alice", r => r with { OfferWanted = new(0, 1) });
        Assert.Equal(new OfferWanted(0, 1), (await Probe.NextNews(Rig)).View!.Actual.OfferWanted);
        Node.Say("SE_alice", r => r with { Tracks = [r.Tracks[0] with { Demand = LayerDemand.Low, Played = true }] });
        SessionView view = (await Probe.NextNews(Rig)).View!;
        TrackDescription video = view.Actual.Tracks.Single();
        Assert.Equal((null, "TR_SE_alice_video", LayerDemand.Low, true), (view.Actual.OfferWanted, video.Sid, video.Demand, video.Played));
    }

    [Fact]
    public async Task Who_may_receive_ones_tracks_is_said_to_the_node_again_and_again()
    {
        await Join("alice");
        var audience = new Audience { Everyone = false, Members = [new() { Identity = "bob", TrackSids = ["TR_1"] }] };
        Assert.Null((await Alice.Admit("SE_alice", audience)).Error);
        await Alice.Negotiate("SE_alice", new(1, "video"), []);
        Assert.Equal(audience, Node.Actual["SE_alice"].Audience);
        Assert.Equal("SESSION_NOT_FOUND", (await Alice.Admit("SE_other", Audience.All)).Error!.Code);
    }

    [Fact]
    public async Task A_session_is_found_by_the_sid_of_the_stay_until_another_takes_its_place()
    {
        string sid = (await Join("alice")).ParticipantSid;
        Assert.Equal("SE_alice", await Alice.DuplexSession(sid));
        string later = (await Alice.Join(Request("SE_alice2"))).ParticipantSid;
        Assert.Equal((null, "SE_alice2"), (await Alice.DuplexSession(sid), await Alice.DuplexSession(later)));
    }

    [Fact]
    public async Task What_a_protocol_says_of_its_client_and_what_it_may_are_in_the_roster()
    {
        await Alice.Join(Request("SE_alice") with { Client = "of its own", Grants = new() { CanPublish = false } });
        ParticipantView alice = (await Rig.Room().Describe())!.Participants.Single();
        Assert.Equal(("of its own", false), (alice.Client, alice.Grants!.CanPublish));
    }

    [Fact]
    public async Task A_lost_connection_is_reconnecting_and_a_resume_within_the_grace_is_the_same_stay()
    {
        JoinResult joined = await Join("alice");
        Node.SetState("SE_alice", SessionState.Connected);
        await Until("alice", ParticipantState.Active);
        await Alice.Detach("SE_alice", "GW_1");
        await Until("alice", ParticipantState.Reconnecting);

        var elsewhere = new GatewayProbe(Rig, "GW_2");
        SessionResult resumed = await Alice.Resume("SE_alice", elsewhere.Holder);
        Assert.Equal(("SE_alice", "ND_1"), (resumed.Session!.Session, resumed.Session.Node));
        await Alice.Detach("SE_alice", "GW_1"); // a late word of the older gateway
        await Until("alice", ParticipantState.Active);
        Assert.Equal(joined.ParticipantSid, (await Alice.Describe())!.Sid);
    }

    [Fact]
    public async Task After_the_grace_the_participant_has_left_and_a_resume_finds_nothing()
    {
        await Join("alice");
        await Alice.Detach("SE_alice", "GW_1");
        await Rig.UntilAsync(async () => await Alice.Describe() is null);

        Assert.Equal("SESSION_NOT_FOUND", (await Alice.Resume("SE_alice", Probe.Holder)).Error!.Code);
        Assert.Equal("CLIENT_LOST", Node.CloseReasons["SE_alice"]);
        Assert.Empty(await Rig.RosterAsync());
    }

    [Fact]
    public async Task A_resume_on_another_gateway_is_told_to_the_first()
    {
        await Join("alice");
        await Alice.Resume("SE_alice", new GatewayProbe(Rig, "GW_2").Holder);
        Assert.True((await Probe.NextNews(Rig)).MovedAway);
    }

    [Fact]
    public async Task Who_is_replaced_or_removed_is_told_why()
    {
        await Join("alice");
        await Alice.Join(Request("SE_alice2"));
        SessionNews replaced = await Probe.NextNews(Rig);
        Assert.Equal(("SE_alice", "DUPLICATE_IDENTITY"), (replaced.Session, replaced.Ended));
        await Alice.Remove(ReasonCodes.Removed);
        SessionNews removed = await Probe.NextNews(Rig);
        Assert.Equal(("SE_alice2", "REMOVED"), (removed.Session, removed.Ended));
    }

    [Fact]
    public async Task Own_mute_is_undone_by_oneself_and_the_servers_is_not()
    {
        await Join("alice");
        string sid = (await Alice.Negotiate("SE_alice", new(1, "audio"), [new() { Mid = "0", Source = "microphone" }])).Session!.Published["0"];
        Assert.Null((await Alice.MuteOwn("SE_alice", sid, true)).Error);
        Assert.True(Node.Actual["SE_alice"].Publications.Single().Muted);
        Assert.Equal("TRACK_NOT_FOUND", (await Alice.MuteOwn("SE_alice", "TR_none", true)).Error!.Code);
        await Alice.Mute(sid, true);
        Assert.Equal("PERMISSION", (await Alice.MuteOwn("SE_alice", sid, false)).Error!.Code);
    }

    [Fact]
    public async Task Attributes_are_merged_and_reach_the_roster()
    {
        await Alice.Join(Request("SE_alice") with { Grants = new() { CanUpdateOwnMetadata = true } });
        await Alice.UpdateProfile("SE_alice", new("m", Attributes(("a", "1"), ("b", "2"))));
        await Alice.UpdateProfile("SE_alice", new(null, Attributes(("a", null), ("c", "3")), "Alice"));
        ParticipantView alice = (await Rig.Room().Describe())!.Participants.Single();
        Assert.Equal(("Alice", "m", "b=2 c=3"), (alice.Name, alice.Metadata, string.Join(' ', alice.Attributes.OrderBy(a => a.Key).Select(a => $"{a.Key}={a.Value}"))));
        Assert.Equal("LIMIT_EXCEEDED", (await Alice.UpdateProfile("SE_alice", new(null, Attributes([.. Enumerable.Range(0, 63).Select(i => ($"k{i}", (string?)"v"))])))).Error!.Code);
    }

    [Fact]
    public async Task A_call_rings_and_is_accepted()
    {
        CallView call = await Call();
        Assert.Equal(CallState.Inviting, (await Next("bob")).State);
        await Bob.ActOnCall(call.CallId, CallAction.Ringing, null);
        Assert.Equal(CallState.Ringing, (await Next("alice")).State);
        await Bob.ActOnCall(call.CallId, CallAction.Accept, null);
        Assert.Equal(CallState.Accepted, (await Next("alice")).State);
        Assert.Equal("CALL_ENDED", (await Alice.ActOnCall(call.CallId, CallAction.Cancel, null)).Error!.Code);
        Assert.Equal("CALL_NOT_FOUND", (await Alice.ActOnCall("CA_none", CallAction.Cancel, null)).Error!.Code);
    }

    [Fact]
    public async Task Only_the_caller_cancels_and_only_the_called_one_answers()
    {
        CallView call = await Call();
        Assert.Equal("PERMISSION", (await Alice.ActOnCall(call.CallId, CallAction.Accept, null)).Error!.Code);
        Assert.Equal("PERMISSION", (await Bob.ActOnCall(call.CallId, CallAction.Cancel, null)).Error!.Code);
        await Alice.ActOnCall(call.CallId, CallAction.Cancel, "changed my mind");
        CallView heard = await Next("bob", CallState.Cancelled);
        Assert.Equal("changed my mind", heard.Reason);
    }

    [Fact]
    public async Task A_call_that_nobody_takes_times_out_on_both_sides()
    {
        await Call();
        await Next("alice", CallState.TimedOut);
        await Next("bob", CallState.TimedOut);
    }

    [Fact]
    public async Task Who_leaves_ends_his_calls()
    {
        await Call();
        await Bob.Leave("SE_bob", ReasonCodes.ClientLeft);
        Assert.Equal("CLIENT_LEFT", (await Next("alice", CallState.Rejected)).Reason);
        Assert.Equal("PARTICIPANT_NOT_FOUND", (await Bob.Ring(NewCall() with { CallId = "CA_2" })).Error!.Code);
    }

    private readonly Queue<SessionNews> _kept = new();

    private IParticipantGrain Alice => Rig.Participant("alice");

    private IParticipantGrain Bob => Rig.Participant("bob");

    private static SubscriptionChange Change(string sid, SubscriptionChangeKind kind) => new() { TrackSid = sid, Kind = kind };

    private static ImmutableDictionary<string, string?> Attributes(params (string Key, string? Value)[] attributes) =>
        attributes.ToImmutableDictionary(a => a.Key, a => a.Value);

    private JoinRequest Request(string session) => Rig.Request(session, SessionLeg.Duplex) with { Offer = null, Holder = Probe.Holder };

    private async Task<JoinResult> Join(string identity)
    {
        JoinResult joined = await Rig.Participant(identity).Join(Request($"SE_{identity}"));
        Assert.Null(joined.Error);
        return joined;
    }

    private CallView NewCall() => new() { CallId = "CA_1", From = "alice", To = "bob", ExpiresAt = Rig.Fabric.Time.GetUtcNow() + TimeSpan.FromSeconds(5) };

    private async Task<CallView> Call()
    {
        await Join("alice");
        await Join("bob");
        CallView call = NewCall();
        Assert.Null((await Alice.PlaceCall(call)).Error);
        Assert.Null((await Bob.Ring(call)).Error);
        return call;
    }

    /// <summary>The next word of a call to one of the two.</summary>
    private async Task<CallView> Next(string identity, CallState? state = null)
    {
        while (true)
        {
            SessionNews? news = _kept.FirstOrDefault(n => n.Session == $"SE_{identity}" && n.Call is { } c && (state is null || c.State == state));
            if (news is not null)
            {
                List<SessionNews> rest = [.. _kept.Where(n => n != news)];
                _kept.Clear();
                rest.ForEach(_kept.Enqueue);
                return news.Call!;
            }

            _kept.Enqueue(await Probe.NextNews(Rig));
        }
    }

    private Task Until(string identity, ParticipantState state) =>
        Rig.UntilAsync(async () => (await Rig.Room().Describe())?.Participants.SingleOrDefault(p => p.Identity == identity)?.State == state);
}
