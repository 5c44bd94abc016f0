using Nexus.Link;
using Nexus.MediaNode.Protocol.Sdp;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>Sessions whose answers name the track of each section, as LiveKit's clients want it over one connection; through the whole node, on virtual time.</summary>
public sealed class NamedTracksTests : NodeTest
{
    private static readonly TestSection Data = new("application", "sendrecv", []);
    private readonly Dictionary<string, (SessionDesired Desired, long Seq)> _sessions = [];

    [Fact]
    public void Sections_without_a_track_are_answered_inactive_and_never_rejected()
    {
        var bob = Node.Peer("bob");
        var joined = Offer(bob, Data, AudioIn, VideoIn);

        Assert.Equal([9, 9, 9], bob.Answer.Media.Select(m => m.Port));
        Assert.Equal(MediaDirection.Inactive, bob.Answer.Media[1].Direction);
        Assert.Equal(MediaDirection.Inactive, bob.Answer.Media[2].Direction);
        Assert.Equal(["0", "1", "2"], bob.Answer.Bundle!);
        Assert.Empty(joined.Answer!.Tracks);
        Assert.Null(joined.Actual.OfferWanted);
        Assert.Equal(SectionsWanted.None, joined.Actual.SectionsWanted);
    }

    [Fact]
    public void A_track_waits_for_an_offer_and_is_named_by_its_answer()
    {
        var bob = Node.Peer("bob");
        Offer(bob, Data, AudioIn, VideoIn);
        var alice = Node.Peer("alice");
        var (audio, video) = Tracks(Offer(alice, AudioOut, VideoOut));
        Node.RunUntil(() => ReportOf("bob")?.OfferWanted is not null);
        Assert.Equal(new OfferWanted(0, 0), ReportOf("bob")!.OfferWanted);
        var camera = new TestStream(alice, "1", 2222);
        SendFrames(camera, null, 5);
        Assert.Empty(bob.Packets);

        alice.Plis.Clear();
        var answered = Offer(bob, Data, AudioIn, VideoIn);
        Assert.Equal((audio, video), (answered.Answer!.Tracks["1"], answered.Answer.Tracks["2"]));
        Assert.Equal([$"PA_alice|camera {audio}", $"PA_alice|camera {video}"], bob.Answer.Media.Skip(1).Select(m => m.Msid!.ToString()));
        Assert.Equal([MediaDirection.SendOnly, MediaDirection.SendOnly], bob.Answer.Media.Skip(1).Select(m => m.Direction));
        Assert.Null(answered.Actual.OfferWanted);
        Node.RunUntil(() => alice.Plis.Contains(2222));
        var sent = camera.SentSequences.Count;
        SendFrames(camera, null, 5);
        Assert.Equal(camera.SentSequences.Skip(sent), bob.PacketsOf(bob.AnsweredSsrc(2)).Select(p => TestStream.MarkOf(p.Payload)));
    }

    [Fact]
    public void The_sections_that_lack_are_counted_by_kind()
    {
        Offer(Node.Peer("bob"), VideoIn);
        Offer(Node.Peer("alice"), AudioOut, VideoOut, VideoOut);
        Offer(Node.Peer("carol"), VideoOut);
        Assert.Equal(new OfferWanted(1, 2), Apply("bob", d => d).Actual.OfferWanted);
    }

    [Fact]
    public void A_section_whose_track_is_gone_falls_silent_at_once_and_carries_another_only_as_a_new_stream()
    {
        var reused = WatchForReusedNumbers();
        var alice = Node.Peer("alice");
        var first = Offer(alice, VideoOut).Actual.Tracks.Single().Sid;
        var bob = Node.Peer("bob");
        Assert.Equal(first, Offer(bob, VideoIn).Answer!.Tracks["0"]);
        var camera = new TestStream(alice, "0", 2222);
        SendFrames(camera, null, 5);
        var ssrc = bob.AnsweredSsrc(0);
        Assert.NotEmpty(bob.PacketsOf(ssrc));

        // the same section of the publisher again is another track
        Offer(alice, VideoOut with { Direction = "inactive" });
        var second = Offer(alice, VideoOut).Actual.Tracks.Single().Sid;
        var wanted = Apply("bob", d => d);
        Assert.Equal((new OfferWanted(0, 0), "NO_SECTION"), (wanted.Actual.OfferWanted, wanted.Actual.Subscriptions.Single().Reason));
        var got = bob.Packets.Count;
        var next = new TestStream(alice, "0", 3333);
        SendFrames(next, null, 5);
        Assert.Equal(got, bob.Packets.Count);

        Assert.Equal(new OfferWanted(0, 0), Offer(bob, VideoIn).Actual.OfferWanted);
        Assert.Equal(MediaDirection.Inactive, bob.Answer.Media[0].Direction);
        var bound = Offer(bob, VideoIn);
        Assert.Equal((second, null), (bound.Answer!.Tracks["0"], bound.Actual.OfferWanted));
        Assert.NotEqual(ssrc, bob.AnsweredSsrc(0));
        SendFrames(next, null, 5);
        Assert.NotEmpty(bob.PacketsOf(bob.AnsweredSsrc(0)));
        Assert.Empty(reused);
    }

    [Fact]
    public void What_is_subscribed_again_before_the_next_offer_has_its_section_back()
    {
        var reused = WatchForReusedNumbers();
        var alice = Node.Peer("alice");
        var track = Offer(alice, VideoOut).Actual.Tracks.Single().Sid;
        var bob = Node.Peer("bob");
        Offer(bob, VideoIn, VideoIn);
        var camera = new TestStream(alice, "0", 2222);
        SendFrames(camera, null, 3);

        var left = Apply("bob", d => d with { Subscriptions = [new() { TrackSid = track, Unwanted = true }] });
        Assert.Equal(new OfferWanted(0, 0), left.Actual.OfferWanted);
        Assert.Empty(left.Actual.Subscriptions);
        var back = Apply("bob", d => d with { Subscriptions = [new() { TrackSid = track }] });
        Assert.Equal((null, "0"), (back.Actual.OfferWanted, back.Actual.Subscriptions.Single().Mid));
        SendFrames(camera, null, 3);
        AssertContinuous([.. bob.PacketsOf(bob.AnsweredSsrc(0))]);
        Assert.Equal(["0"], Offer(bob, VideoIn, VideoIn).Answer!.Tracks.Keys);
        Assert.Empty(reused);
    }

    [Fact]
    public void A_track_that_no_section_decodes_is_refused_by_name_and_wants_no_offer()
    {
        var track = Offer(Node.Peer("alice"), VideoOut with { Codecs = ["AV1"] }).Actual.Tracks.Single().Sid;
        var bob = Node.Peer("bob");
        var joined = Offer(bob, VideoIn, VideoIn);
        Assert.Equal(new SubscriptionDescription(track, "", "refused", null, "CODEC", "PA_alice"), joined.Actual.Subscriptions.Single());
        Assert.Null(joined.Actual.OfferWanted);
        Assert.Equal([MediaDirection.Inactive, MediaDirection.Inactive], bob.Answer.Media.Select(m => m.Direction));
    }

    [Fact]
    public void Negotiating_again_leaves_what_flows_alone()
    {
        var alice = Node.Peer("alice");
        Offer(alice, VideoOut);
        var bob = Node.Peer("bob");
        Offer(bob, VideoIn, AudioIn);
        var camera = new TestStream(alice, "0", 2222);
        SendFrames(camera, null, 5);
        var ssrc = bob.AnsweredSsrc(0);
        Offer(bob, VideoIn, AudioIn, AudioOut, VideoIn);
        Assert.Equal(ssrc, bob.AnsweredSsrc(0));
        SendFrames(camera, null, 5, keyFrames: false);
        Assert.Equal(camera.SentSequences, bob.PacketsOf(ssrc).Select(p => TestStream.MarkOf(p.Payload)));
    }

    [Fact]
    public void Who_may_not_receive_a_track_is_told_so_and_gets_nothing_from_that_moment_on()
    {
        var alice = Node.Peer("alice");
        var track = Offer(alice, VideoOut).Actual.Tracks.Single().Sid;
        var bob = Node.Peer("bob");
        Offer(bob, VideoIn);
        var camera = new TestStream(alice, "0", 2222);
        SendFrames(camera, null, 3);
        var got = bob.Packets.Count;
        Assert.NotEqual(0, got);

        Apply("alice", d => d with { Audience = new() { Everyone = false, Members = [new() { Identity = "carol", AllTracks = true }] } });
        SendFrames(camera, null, 3);
        Assert.Equal(got, bob.Packets.Count);
        var refused = new SubscriptionDescription(track, "", "refused", null, "PERMISSION", "PA_alice");
        Assert.Equal(refused, Apply("bob", d => d).Actual.Subscriptions.Single());
        Assert.Equal(refused, Apply("bob", d => d with { Subscriptions = [new() { TrackSid = track }] }).Actual.Subscriptions.Single());

        Apply("alice", d => d with { Audience = new() { Everyone = false, Members = [new() { ParticipantSid = "PA_bob", TrackSids = [track] }] } });
        SendFrames(camera, null, 3);
        Assert.NotEqual(got, bob.Packets.Count);
    }

    [Fact]
    public void A_screen_plays_in_sync_with_its_own_sound_and_what_has_no_source_by_itself()
    {
        var alice = Node.Peer("alice");
        Publication[] publications = [new() { Mid = "0", Source = "screenAudio" }, new() { Mid = "1", Source = "screen" }, new() { Mid = "2", Source = "unknown" }];
        Apply("alice", d => d with { Publications = [.. publications] });
        var strange = Offer(alice, AudioOut, VideoOut, VideoOut).Actual.Tracks.Single(t => t.Mid == "2").Sid;
        var bob = Node.Peer("bob");
        Offer(bob, AudioIn, VideoIn, VideoIn);
        Assert.Equal(["PA_alice|screen", "PA_alice|screen", $"PA_alice|{strange}"], bob.Answer.Media.Select(m => m.Msid!.StreamId));
    }

    private static (string Audio, string Video) Tracks(SessionApplied applied) =>
        (applied.Actual.Tracks.Single(t => t.Kind == "audio").Sid, applied.Actual.Tracks.Single(t => t.Kind == "video").Sid);

    private SessionApplied Apply(string name, Func<SessionDesired, SessionDesired> change)
    {
        var (desired, seq) = _sessions.GetValueOrDefault(
            name, (VirtualNode.Desired(name, SessionLeg.Duplex) with { TrackNaming = TrackNaming.Answered, Subscribe = new() { Auto = name == "bob" } }, 0));
        desired = change(desired);
        _sessions[name] = (desired, ++seq);
        return Node.Apply(name, desired, seq, mustExist: seq > 1);
    }

    private SessionApplied Offer(TestPeer peer, params TestSection[] sections)
    {
        var applied = Apply(peer.Name, d => d with { Offer = new((d.Offer?.Id ?? 0) + 1, peer.Offer(sections)) });
        Assert.True(applied.Status == ApplyStatus.Applied, applied.Error?.Message);
        peer.Accept(Node.Clock.Now, applied.Answer!.Sdp);
        Node.RunUntil(() => peer.IsConnected && StateOf(peer.Name) == SessionState.Connected);
        return applied;
    }
}
