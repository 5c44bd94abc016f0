using System.Buffers.Binary;
using Nexus.Link;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>Sessions that negotiate again and again, and ask for tracks one by one; through the whole node, on virtual time.</summary>
public sealed class DuplexTests : IDisposable
{
    private static readonly TestSection VideoOut = new("video", "sendonly", ["VP8"]);
    private static readonly TestSection VideoIn = new("video", "recvonly", ["VP8"]);
    private static readonly TestSection AudioIn = new("audio", "recvonly", ["opus"]);
    private static readonly TestSection AudioOut = new("audio", "sendonly", ["opus"]);
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(33);

    private readonly VirtualNode _node = new();
    private readonly Dictionary<string, (SessionDesired Desired, long Seq)> _sessions = [];

    public void Dispose() => _node.Dispose();

    [Fact]
    public void A_session_may_come_without_an_offer_and_is_told_which_sections_it_lacks()
    {
        var alice = Publish(VideoOut);
        var track = TrackOf("alice");
        var joined = Apply("bob", d => d);
        Assert.Equal((ApplyStatus.Applied, null), (joined.Status, joined.Answer));

        var asked = Apply("bob", d => d with { Subscriptions = [new() { TrackSid = track }] });
        Assert.Equal(new SectionsWanted(2, 2), asked.Actual.SectionsWanted);
        Assert.Equal(new SubscriptionDescription(track, "", "waiting", null, "NO_SECTION", "PA_alice"), asked.Actual.Subscriptions.Single());

        var offered = Offer(_node.Peer("bob"), VideoIn);
        Assert.Equal(new SectionsWanted(2, 2), offered.Actual.SectionsWanted);
        Assert.Equal(new SubscriptionDescription(track, "0", "paused", null, "NOT_ACKED", "PA_alice"), offered.Actual.Subscriptions.Single());
        Assert.True(alice.IsConnected);
    }

    [Fact]
    public void Nothing_flows_before_the_acknowledgement_and_then_a_keyframe_comes_first()
    {
        var alice = Publish(VideoOut);
        var video = new TestStream(alice, "0", 2222);
        var bob = Subscribe(new() { TrackSid = TrackOf("alice") });
        Send(video, 30, keyFrames: true);
        Assert.Empty(bob.PacketsOf(bob.AnsweredSsrc(0)));
        Assert.Equal("NOT_ACKED", _node.ReportOf("bob").Subscriptions.Single().Reason);

        alice.Plis.Clear();
        Apply("bob", d => d with { Subscriptions = [d.Subscriptions[0] with { Acknowledged = true }] });
        Send(video, 5, keyFrames: false);
        Assert.Empty(bob.PacketsOf(bob.AnsweredSsrc(0)));
        _node.RunUntil(() => alice.Plis.Contains(2222));
        var first = video.Sequence;
        Send(video, 5, keyFrames: true);
        Assert.Equal(first, TestStream.MarkOf(bob.PacketsOf(bob.AnsweredSsrc(0)).First().Payload));
    }

    [Fact]
    public void What_the_rule_brings_waits_for_the_acknowledgement_too_and_can_be_unwanted()
    {
        Publish(VideoOut);
        var track = TrackOf("alice");
        var rule = new SubscribeRule { Auto = true, Acknowledge = true };
        var joined = Apply("bob", d => d with { Subscribe = rule });
        Assert.Equal((new SectionsWanted(2, 2), "NO_SECTION"), (joined.Actual.SectionsWanted, joined.Actual.Subscriptions.Single().Reason));
        Assert.Equal("NOT_ACKED", Offer(_node.Peer("bob"), VideoIn).Actual.Subscriptions.Single().Reason);
        Assert.Empty(Apply("bob", d => d with { Subscriptions = [new() { TrackSid = track, Unwanted = true }] }).Actual.Subscriptions);
    }

    [Fact]
    public void A_paused_subscription_says_so_and_resumes_at_a_keyframe()
    {
        var video = new TestStream(Publish(VideoOut), "0", 2222);
        var bob = Subscribe(new() { TrackSid = TrackOf("alice"), Acknowledged = true });
        Send(video, 3, keyFrames: true);
        var got = bob.PacketsOf(bob.AnsweredSsrc(0)).Count();
        Assert.NotEqual(0, got);

        var paused = Apply("bob", d => d with { Subscriptions = [d.Subscriptions[0] with { Paused = true }] });
        Assert.Equal(("paused", "WISH"), (paused.Actual.Subscriptions.Single().State, paused.Actual.Subscriptions.Single().Reason));
        Send(video, 5, keyFrames: true);
        Assert.Equal(got, bob.PacketsOf(bob.AnsweredSsrc(0)).Count());

        Apply("bob", d => d with { Subscriptions = [d.Subscriptions[0] with { Paused = false }] });
        Send(video, 2, keyFrames: false);
        var first = video.Sequence;
        Send(video, 2, keyFrames: true);
        var next = bob.PacketsOf(bob.AnsweredSsrc(0)).ElementAt(got);
        Assert.Equal(first, TestStream.MarkOf(next.Payload));
    }

    [Fact]
    public void Negotiating_again_leaves_what_flows_alone()
    {
        var video = new TestStream(Publish(VideoOut), "0", 2222);
        var bob = Subscribe(new() { TrackSid = TrackOf("alice"), Acknowledged = true });
        Send(video, 10, keyFrames: true);
        var ssrc = bob.AnsweredSsrc(0);

        var again = Offer(bob, VideoIn, AudioOut);
        Assert.Equal("audio", again.Actual.Tracks.Single().Kind);
        Assert.Equal(ssrc, bob.AnsweredSsrc(0));
        Send(video, 10, keyFrames: false);
        Assert.Equal(video.SentSequences, bob.PacketsOf(ssrc).Select(p => TestStream.MarkOf(p.Payload)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_sent_before_negotiating_again_is_still_repeated(bool withOtherExtensions)
    {
        var video = new TestStream(Publish(VideoOut), "0", 2222);
        var bob = Subscribe(new() { TrackSid = TrackOf("alice"), Acknowledged = true });
        Send(video, 3, keyFrames: true);
        var sent = bob.PacketsOf(bob.AnsweredSsrc(0)).Last().Header.SequenceNumber;

        bob.EditOffer = sdp => withOtherExtensions
            ? string.Concat(sdp.Split("\r\n").Where(l => !l.Contains("transport-wide-cc-extensions", StringComparison.Ordinal)).Select(l => l.Length > 0 ? l + "\r\n" : ""))
            : sdp;
        Offer(bob, VideoIn, AudioOut, VideoIn);
        bob.SendNack(bob.AnsweredSsrc(0), sent);
        _node.RunUntil(() => bob.PacketsOf(bob.AnsweredRtxSsrc(0)).Any());
        var repeat = bob.PacketsOf(bob.AnsweredRtxSsrc(0)).First();
        Assert.Equal(sent, BinaryPrimitives.ReadUInt16BigEndian(repeat.Payload));
    }

    [Fact]
    public void A_subscription_is_told_active_within_100_ms_of_its_first_keyframe()
    {
        var video = new TestStream(Publish(VideoOut), "0", 2222);
        Subscribe(new() { TrackSid = TrackOf("alice"), Acknowledged = true });
        string State() => _node.Sent.OfType<SessionChanged>().Last(c => c.Report.Session == "bob").Report.Actual.Subscriptions.Single().State;
        _node.Run(TimeSpan.FromSeconds(2));
        _node.RunUntil(() => _node.Sent[^1] is LoadReport);
        Assert.Equal("waiting", State());
        Send(video, 3, keyFrames: true);
        Assert.Equal("active", State());
    }

    [Fact]
    public void What_comes_from_one_publisher_shares_a_stream()
    {
        // carol has no sound: alice's two tracks are not both the n-th of their kind
        Offer(_node.Peer("carol"), VideoOut);
        Offer(_node.Peer("alice"), AudioOut, VideoOut);
        var bob = _node.Peer("bob");
        Apply("bob", d => d with { Subscribe = new() { Auto = true } });
        Offer(bob, AudioIn, VideoIn, VideoIn, VideoIn);
        Assert.Equal(["PA_alice", "PA_carol", "PA_alice", "stream-3"], bob.Answer.Media.Select(m => m.Msid!.StreamId));

        var tracks = bob.Answer.Media.Select(m => m.Msid!.TrackId).ToList();
        Offer(_node.Peer("dave"), VideoOut);
        Offer(bob, AudioIn, VideoIn, VideoIn, VideoIn);
        Assert.Equal(["PA_alice", "PA_carol", "PA_alice", "PA_dave"], bob.Answer.Media.Select(m => m.Msid!.StreamId));
        Assert.Equal(tracks, bob.Answer.Media.Select(m => m.Msid!.TrackId));
    }

    [Fact]
    public void A_section_that_the_client_ends_is_a_track_that_is_gone_and_a_new_one_is_another_track()
    {
        var alice = Publish(VideoOut);
        var before = TrackOf("alice");
        Assert.Empty(Offer(alice, VideoOut with { Direction = "inactive" }).Actual.Tracks);
        Assert.NotEqual(before, Offer(alice, VideoOut).Actual.Tracks.Single().Sid);
    }

    [Fact]
    public void A_track_that_the_client_cannot_decode_is_refused_by_name_and_the_session_lives()
    {
        Publish(VideoOut with { Codecs = ["H264"] });
        var track = TrackOf("alice");
        var bob = _node.Peer("bob");
        Apply("bob", d => d with { Subscriptions = [new() { TrackSid = track }, new() { TrackSid = "TR_none" }] });
        var offered = Offer(bob, VideoIn);

        Assert.Equal(ApplyStatus.Applied, offered.Status);
        Assert.Contains(new SubscriptionDescription(track, "", "refused", null, "CODEC", "PA_alice"), offered.Actual.Subscriptions);
        Assert.Contains(new SubscriptionDescription("TR_none", "", "refused", null, "TRACK_NOT_FOUND"), offered.Actual.Subscriptions);
        Assert.Equal(new SectionsWanted(2, 2), offered.Actual.SectionsWanted);
    }

    [Fact]
    public void A_publisher_names_its_tracks_and_mutes_them()
    {
        var video = new TestStream(Publish(VideoOut), "0", 2222);
        var bob = Subscribe(new() { TrackSid = TrackOf("alice"), Acknowledged = true });
        var named = Apply("alice", d => d with { Publications = [new() { Mid = "0", Source = "screen", Name = "slides", Muted = true }] }).Actual.Tracks.Single();
        Assert.Equal(("screen", "slides", true), (named.Source, named.Name, named.Muted));
        Send(video, 5, keyFrames: true);
        Assert.Empty(bob.PacketsOf(bob.AnsweredSsrc(0)));
        Assert.Equal("MUTED", _node.ReportOf("bob").Subscriptions.Single().Reason);

        Apply("alice", d => d with { Publications = [d.Publications[0] with { Muted = false }] });
        Send(video, 5, keyFrames: true);
        Assert.NotEmpty(bob.PacketsOf(bob.AnsweredSsrc(0)));
    }

    [Fact]
    public void A_track_has_the_sid_that_its_publisher_was_told_before_it_offered()
    {
        Apply("alice", d => d with { Publications = [new() { Mid = "0", Source = "camera", TrackSid = "TR_told", Details = "its own" }] });
        Publish(VideoOut);
        Assert.Equal(("TR_told", "its own"), (Apply("alice", d => d).Actual.Tracks.Single().Sid, Apply("alice", d => d).Actual.Tracks.Single().Details));
    }

    [Fact]
    public void What_a_publisher_may_not_send_any_more_is_no_track_until_it_may_again()
    {
        var video = new TestStream(Publish(VideoOut), "0", 2222);
        var bob = Subscribe(new() { TrackSid = TrackOf("alice"), Acknowledged = true });
        Send(video, 3, keyFrames: true);
        Assert.Empty(Apply("alice", d => d with { CanPublish = false }).Actual.Tracks);
        var got = bob.PacketsOf(bob.AnsweredSsrc(0)).Count();
        Send(video, 3, keyFrames: true);
        Assert.Equal(got, bob.PacketsOf(bob.AnsweredSsrc(0)).Count());

        Assert.Empty(Apply("alice", d => d with { CanPublish = true, Grants = new() { CanPublishSources = ["microphone"] } }).Actual.Tracks);
        Assert.Single(Apply("alice", d => d with { Grants = new() { CanPublishSources = ["camera"] } }).Actual.Tracks);
        Send(video, 3, keyFrames: true);
        Assert.NotEqual(got, bob.PacketsOf(bob.AnsweredSsrc(0)).Count());
    }

    [Fact]
    public void Who_may_not_receive_any_more_gets_nothing()
    {
        var video = new TestStream(Publish(VideoOut), "0", 2222);
        var bob = Subscribe(new() { TrackSid = TrackOf("alice"), Acknowledged = true });
        Send(video, 3, keyFrames: true);
        Apply("bob", d => d with { CanSubscribe = false });
        var got = bob.PacketsOf(bob.AnsweredSsrc(0)).Count();
        Send(video, 3, keyFrames: true);
        Assert.Equal(got, bob.PacketsOf(bob.AnsweredSsrc(0)).Count());
    }

    [Fact]
    public void A_session_goes_to_another_room_over_the_same_connection()
    {
        var video = new TestStream(Publish(VideoOut), "0", 2222);
        var bob = Subscribe(new() { TrackSid = TrackOf("alice"), Acknowledged = true });
        var carol = _node.Peer("carol");
        Apply("carol", d => d with { RoomKey = "any/acme/other", Subscribe = new() { Auto = true } });
        Offer(carol, VideoIn);
        Send(video, 3, keyFrames: true);
        Assert.NotEmpty(bob.PacketsOf(bob.AnsweredSsrc(0)));
        Assert.Empty(carol.PacketsOf(carol.AnsweredSsrc(0)));

        var moved = Apply("alice", d => d with { RoomKey = "any/acme/other" });
        Assert.Equal(ApplyStatus.Applied, moved.Status);
        Assert.Single(moved.Actual.Tracks);
        var got = bob.PacketsOf(bob.AnsweredSsrc(0)).Count();
        Send(video, 3, keyFrames: true);
        Assert.Equal(got, bob.PacketsOf(bob.AnsweredSsrc(0)).Count());
        Assert.Equal("TRACK_NOT_FOUND", _node.ReportOf("bob").Subscriptions.Single().Reason);
        Assert.NotEmpty(carol.PacketsOf(carol.AnsweredSsrc(0)));

        Apply("carol", d => d with { RoomKey = VirtualNode.Desired("bob", SessionLeg.Duplex).RoomKey });
        got = carol.PacketsOf(carol.AnsweredSsrc(0)).Count();
        Send(video, 3, keyFrames: true);
        Assert.Equal(got, carol.PacketsOf(carol.AnsweredSsrc(0)).Count());
    }

    private static SessionDesired Duplex(string name) =>
        VirtualNode.Desired(name, SessionLeg.Duplex) with { Subscribe = new() };

    private SessionApplied Apply(string name, Func<SessionDesired, SessionDesired> change)
    {
        var (desired, seq) = _sessions.GetValueOrDefault(name, (Duplex(name), 0));
        desired = change(desired);
        _sessions[name] = (desired, ++seq);
        return _node.Apply(name, desired, seq, mustExist: seq > 1);
    }

    private SessionApplied Offer(TestPeer peer, params TestSection[] sections)
    {
        var applied = Apply(peer.Name, d => d with { Offer = new((d.Offer?.Id ?? 0) + 1, peer.Offer(sections)) });
        Assert.True(applied.Status == ApplyStatus.Applied, applied.Error?.Message);
        peer.Accept(_node.Clock.Now, applied.Answer!.Sdp);
        _node.RunUntil(() => peer.IsConnected);
        return applied;
    }

    private TestPeer Publish(params TestSection[] sections)
    {
        var alice = _node.Peer("alice");
        Offer(alice, sections);
        return alice;
    }

    private TestPeer Subscribe(SubscriptionWish wish)
    {
        var bob = _node.Peer("bob");
        Apply("bob", d => d with { Subscriptions = [wish] });
        Offer(bob, VideoIn);
        _node.RunUntil(() => _node.ReportOf("bob").State == SessionState.Connected);
        return bob;
    }

    private string TrackOf(string name) => _node.ReportOf(name).Tracks.Single().Sid;

    private void Send(TestStream video, int frames, bool keyFrames)
    {
        for (var i = 0; i < frames; i++)
        {
            video.SendVp8Frame(_node.Clock.Now, keyFrame: keyFrames && i == 0);
            _node.Run(FrameTime);
        }
    }
}
