using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Tests.Session;
using Nexus.MediaNode.Tracks;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Rings;

/// <summary>What goes over a ring and what does not: a publisher on the first loop, those who watch on both.</summary>
public sealed class RingCallTests() : SimulcastTest(change: Small)
{
    private ForwardingLoop Here => Node.Loops[0];

    private ForwardingLoop There => Node.Loops[1];

    [Fact]
    public void Viewers_of_both_loops_see_every_packet_and_a_track_crosses_once_for_all_of_them()
    {
        var (video, _) = PublishPlain();
        var viewers = Enumerable.Range(0, 4).Select(i => View($"viewer-{i}")).ToList();
        Assert.Equal([3, 2], Node.Loops.Select(l => l.SessionCount));
        SendFrames(video, null, 60);
        var sent = video.SentSequences.Count;
        foreach (var viewer in viewers)
        {
            var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
            Assert.Equal(sent, got.Count);
            AssertContinuous(got);
        }

        Assert.Equal(sent, Here.Counters.PacketsToLoops);
        Assert.Equal(0, Node.Dropped(DropReason.LoopRingFull));
    }

    [Fact]
    public void What_a_viewer_has_lost_is_mended_by_its_own_loop()
    {
        var (video, _) = PublishPlain();
        var viewer = View("bob");
        SendFrames(video, null, 10);
        var lost = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ElementAt(7);
        var crossed = Here.Counters.PacketsToLoops;
        viewer.SendNack(viewer.AnsweredSsrc(0), lost.Header.SequenceNumber);
        Node.RunUntil(() => viewer.RepeatsOf(0).Any());
        Assert.Equal(TestStream.MarkOf(lost.Payload), TestStream.MarkOf(viewer.RepeatsOf(0).Single().Payload));
        Assert.Equal((1, 0), (There.Counters.PacketsRepeated, Here.Counters.PacketsRepeated));
        Assert.Equal(crossed, Here.Counters.PacketsToLoops);
    }

    [Fact]
    public void Keyframes_that_many_beyond_ask_for_at_once_are_asked_of_the_publisher_once()
    {
        var (video, publisher) = PublishPlain();
        var viewers = Enumerable.Range(0, 6).Select(i => View($"viewer-{i}")).ToList();
        SendFrames(video, null, 30);
        Node.Run(TimeSpan.FromSeconds(2));
        publisher.Plis.Clear();
        viewers.ForEach(v => v.SendPli(v.AnsweredSsrc(0)));
        Node.Run(TimeSpan.FromMilliseconds(100));
        Assert.Single(publisher.Plis);
    }

    [Fact]
    public void Only_the_layers_that_somebody_beyond_gets_cross_and_a_switch_is_seamless()
    {
        Publish();
        var bob = Watch(LayerWish.Low);
        SendFor(3);
        Assert.Equal("q", LayerOf("bob"));
        Assert.Equal(30, Crossed(1), 2.0); // of 360 a second

        Node.Apply("bob", Desired(LayerWish.High), seq: 2);
        SendUntil(() => LayerOf("bob") == "f", 2);
        SendFor(0.5);
        Assert.Equal(240, Crossed(1), 10.0);

        Node.Apply("bob", Desired(LayerWish.Middle), seq: 3);
        SendUntil(() => LayerOf("bob") == "h", 2);
        SendFor(0.5);
        Assert.Equal(90, Crossed(1), 4.0);
        AssertContinuous([.. bob.PacketsOf(bob.AnsweredSsrc(0))]);
    }

    [Fact]
    public void Nothing_crosses_for_who_has_paused_and_the_picture_comes_back()
    {
        Publish();
        var bob = Watch(LayerWish.High);
        SendUntil(() => LayerOf("bob") == "f", 3);
        var sid = Node.ReportOf("alice").Tracks.Single().Sid;
        var wish = new SubscriptionWish { TrackSid = sid, Paused = true, Acknowledged = true };
        Node.Apply("bob", Desired(LayerWish.High) with { Subscriptions = [wish] }, seq: 2);
        Assert.Equal(0, Crossed(1));
        Assert.Null(There.Rings.FindTrack(1));

        Node.Apply("bob", Desired(LayerWish.High) with { Subscriptions = [wish with { Paused = false }] }, seq: 3);
        SendUntil(() => LayerOf("bob") == "f", 3);
        Assert.NotNull(There.Rings.FindTrack(2));
        AssertContinuous([.. bob.PacketsOf(bob.AnsweredSsrc(0))]);
    }

    [Fact]
    public void Of_a_video_that_bandwidth_pauses_only_its_description_crosses_and_it_comes_back_with_the_line()
    {
        Publish();
        Join("bob", 100_000);
        SendUntil(() => StateOfVideo("bob") == ("paused", "BANDWIDTH"), 10);
        Assert.Equal(0, Crossed(1));
        Assert.Equal((7u, 0u), (Track.ActiveEncodings, Track.Wanted));
        SetLine("bob", 20_000_000);
        SendUntil(() => LayerOf("bob") == "f", 40);
    }

    [Fact]
    public void A_muted_track_is_muted_beyond_and_what_was_swallowed_is_no_loss()
    {
        var (video, _) = PublishPlain();
        var bob = View("bob");
        SendFrames(video, null, 10);
        var sid = Node.ReportOf("alice").Tracks.Single().Sid;
        Mute(sid, true);
        SendFrames(video, null, 10);
        Assert.True(Track.Muted);
        Assert.Equal("MUTED", Node.ReportOf("bob").Subscriptions.Single().Reason);
        var got = bob.PacketsOf(bob.AnsweredSsrc(0)).Count();
        Mute(sid, false);
        SendFrames(video, null, 10);
        Assert.False(Track.Muted);
        Assert.Equal(got + 30, bob.PacketsOf(bob.AnsweredSsrc(0)).Count());
        AssertContinuous([.. bob.PacketsOf(bob.AnsweredSsrc(0))]);
    }

    [Fact]
    public void A_publisher_that_was_muted_before_anybody_came_is_muted_beyond()
    {
        var (video, _) = PublishPlain();
        SendFrames(video, null, 10);
        Mute(Node.ReportOf("alice").Tracks.Single().Sid, true);
        View("bob");
        SendFrames(video, null, 10);
        Assert.True(Track.Muted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Where_a_publisher_begins_anew_the_stream_of_a_viewer_goes_on(bool asAnotherStream)
    {
        var (video, publisher) = PublishPlain();
        var bob = View("bob");
        SendFrames(video, null, 30);
        var renewed = asAnotherStream ? new TestStream(publisher, "0", 7777) : video;
        renewed.Sequence += asAnotherStream ? 0 : 10_000;
        Node.Run(TimeSpan.FromSeconds(1));
        SendFrames(renewed, null, 30);
        var got = bob.PacketsOf(bob.AnsweredSsrc(0)).ToList();
        AssertContinuous(got);
        Assert.Equal(renewed.SentSequences[^1], TestStream.MarkOf(got[^1].Payload));
    }

    [Fact]
    public void A_track_ends_beyond_with_its_publisher_and_its_way_with_the_last_viewer_and_no_packet_stays_behind()
    {
        var (video, _) = PublishPlain();
        View("bob");
        View("carol"); // on the first loop
        View("dora");
        SendFrames(video, null, 10);
        Leave("bob");
        SendFrames(video, null, 10);
        Assert.Equal(60, Here.Counters.PacketsToLoops);
        Leave("dora");
        SendFrames(video, null, 10);
        Assert.Equal(60, Here.Counters.PacketsToLoops);
        Assert.Null(There.Rings.FindTrack(1));

        View("emil");
        SendFrames(video, null, 10);
        Assert.True(Here.Counters.PacketsToLoops > 60);
        Leave("alice");
        Node.Run(TimeSpan.FromSeconds(2));
        Assert.Empty(Node.ReportOf("emil").Subscriptions);
        Assert.All(Node.Loops, l => Assert.Equal(l.PacketSlots, l.PacketSlotsFree));
    }

    [Fact]
    public void What_a_ring_has_no_room_for_is_counted_and_a_keyframe_mends_it()
    {
        var (video, publisher) = PublishPlain();
        var (bob, carol) = (View("bob"), View("carol"));
        SendFrames(video, null, 10);
        var before = Here.Counters.PacketsToLoops;

        // The viewers' loop stands still for three seconds.
        Node.Stalled.Add(There);
        SendFrames(video, null, 90, keyFrames: false);
        var lost = Node.Dropped(DropReason.LoopRingFull);
        Assert.True(lost > 100, $"{lost}");
        Assert.Equal(270, Here.Counters.PacketsToLoops - before + lost);
        Assert.Equal(300, carol.PacketsOf(carol.AnsweredSsrc(0)).Count()); // who is on the publisher's loop misses nothing
        publisher.Plis.Clear();
        Node.Stalled.Clear();
        Node.Run(TimeSpan.FromMilliseconds(5));
        SendFrames(video, null, 1, keyFrames: false);
        Assert.NotEmpty(publisher.Plis);
        SendFrames(video, null, 10);

        Assert.Equal(lost, Node.Dropped(DropReason.LoopRingFull));
        var got = bob.PacketsOf(bob.AnsweredSsrc(0)).Select(p => TestStream.MarkOf(p.Payload)).ToList();
        Assert.Equal(video.SentSequences[^30..], got[^30..]);
        Assert.Equal(got.Distinct().Order(), got);
    }

    [Fact]
    public void News_that_a_full_ring_held_up_come_before_the_packets_that_follow_them()
    {
        var (video, _) = PublishPlain();
        var bob = View("bob");
        SendFrames(video, null, 10);
        var sid = Node.ReportOf("alice").Tracks.Single().Sid;
        Node.Stalled.Add(There);
        SendFrames(video, null, 60, keyFrames: false);
        for (var i = 0; i < 200; i++)
        {
            Mute(sid, i % 2 == 0); // more than the ring spares room for
        }

        Mute(sid, true);
        Node.Stalled.Clear();
        Node.Run(TimeSpan.FromMilliseconds(50));
        Assert.True(Track.Muted);
        Mute(sid, false);
        SendFrames(video, null, 10);
        Assert.False(Track.Muted);
        var got = bob.PacketsOf(bob.AnsweredSsrc(0)).Select(p => TestStream.MarkOf(p.Payload)).ToList();
        Assert.Equal(video.SentSequences[^30..], got[^30..]);
    }

    [Fact]
    public void A_viewer_may_wish_before_the_publishers_loop_knows_of_it()
    {
        var (video, publisher) = PublishPlain();
        SendFrames(video, null, 10);
        publisher.Plis.Clear();
        Node.Stalled.Add(Here);
        var bob = View("bob");
        Node.Run(TimeSpan.FromMilliseconds(100));
        Assert.Equal(1u, Track.Wanted);
        Node.Stalled.Clear();
        Node.Run(TimeSpan.FromMilliseconds(20));
        Assert.Single(publisher.Plis);
        SendFrames(video, null, 10);
        AssertContinuous([.. bob.PacketsOf(bob.AnsweredSsrc(0))]);
        Assert.Equal(30, bob.PacketsOf(bob.AnsweredSsrc(0)).Count());
    }

    [Fact]
    public void A_loop_without_packet_memory_leaves_what_comes_where_it_is_until_it_has_some()
    {
        var (video, _) = PublishPlain();
        var bob = View("bob");
        SendFrames(video, null, 10);
        var taken = new List<int>();
        while (There.Memory.TryRent(out var slot))
        {
            taken.Add(slot);
        }

        video.SendVp8Frame(Node.Clock.Now, keyFrame: false);
        Node.Run(FrameTime);
        taken.ForEach(There.Memory.Release);
        SendFrames(video, null, 5, keyFrames: false);
        var got = bob.PacketsOf(bob.AnsweredSsrc(0)).ToList();
        Assert.Equal(video.SentSequences.Count, got.Count);
        AssertContinuous(got);
    }

    [Fact]
    public void Sessions_of_one_participant_are_on_one_loop()
    {
        PublishPlain();
        View("bob");
        Assert.Same(There, Node.LoopOf("bob"));
        var second = Node.Peer("bob-again");
        Node.Join(second, SessionLeg.Publish, [AudioOut], d => d with { Identity = "bob", ParticipantSid = "PA_bob" });
        Assert.Same(There, Node.LoopOf("bob-again"));
    }

    private PublishedTrack Track => There.Rings.FindTrack(1)!;

    private static LoopOptions Small(LoopOptions options) => OverRing(options) with { RingMessages = 128 };

    private (TestStream Video, TestPeer Publisher) PublishPlain()
    {
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        return (new TestStream(publisher, "0", 2222), publisher);
    }

    private TestPeer View(string name)
    {
        var viewer = Node.Peer(name);
        Connect(viewer, SessionLeg.Play, VideoIn);
        return viewer;
    }

    private TestPeer Watch(LayerWish layer)
    {
        var viewer = Node.Peer("bob");
        SetLine(viewer, 50_000_000);
        Node.Join(viewer, SessionLeg.Play, [VideoIn], d => d with { Subscribe = new() { Auto = true, Layer = layer } });
        Node.RunUntil(() => viewer.IsConnected && StateOf("bob") == SessionState.Connected);
        return viewer;
    }

    private static SessionDesired Desired(LayerWish layer) =>
        VirtualNode.Desired("bob", SessionLeg.Play) with { Subscribe = new() { Auto = true, Layer = layer } };

    private void SetLine(string viewer, long bitsPerSecond) => SetLine(PeerOf(viewer), bitsPerSecond);

    private TestPeer PeerOf(string name) => Node.Peers.Single(p => p.Name == name);

    private void Mute(string sid, bool muted)
    {
        Assert.True(Here.TryPost(new MuteTrack("alice", sid, muted)));
        Node.Turn();
    }

    private void Leave(string session) => Node.Ask<SessionReply>(id => new CloseSession(id, session, 1, 9, ReasonCodes.ClientLeft));

    /// <summary>Whole packets that cross while the layers are sent for so many seconds.</summary>
    private double Crossed(double seconds)
    {
        var before = Here.Counters.PacketsToLoops;
        SendFor(seconds);
        return Here.Counters.PacketsToLoops - before;
    }
}
