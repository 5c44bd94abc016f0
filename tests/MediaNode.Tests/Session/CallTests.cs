using Nexus.Link;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Receiving;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>A publisher and viewers through the whole node, on virtual time.</summary>
public class CallTests : NodeTest
{
    public CallTests()
        : this(null)
    {
    }

    private protected CallTests(Func<LoopOptions, LoopOptions>? change)
        : base(change: change)
    {
    }

    [Fact]
    public void A_viewer_gets_what_a_publisher_sends_from_a_keyframe_on_without_gaps()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, AudioOut, VideoOut);
        Connect(viewer, SessionLeg.Play, AudioIn, VideoIn);
        var video = new TestStream(publisher, "1", 2222);
        var audio = new TestStream(publisher, "0", 1111);
        SendFrames(video, audio, 90);

        var got = viewer.PacketsOf(viewer.AnsweredSsrc(1)).ToList();
        Assert.Equal(video.SentSequences, got.Select(p => TestStream.MarkOf(p.Payload)));
        AssertContinuous(got);
        var heard = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        Assert.Equal(audio.SentSequences, heard.Select(p => TestStream.MarkOf(p.Payload)));
        AssertContinuous(heard);
    }

    [Fact]
    public void No_timer_spins_when_a_keyframe_is_wanted_of_a_publisher_that_sends_nothing()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var before = Node.Loop.Counters.Turns;
        Node.Run(TimeSpan.FromSeconds(10));
        Assert.InRange(Node.Loop.Counters.Turns - before, 1, 2000);
        Assert.Equal("NO_SOURCE_PACKETS", Node.ReportOf("bob").Subscriptions.Single().Reason);
    }

    [Fact]
    public void A_publisher_gets_transport_feedback_reports_and_a_request_for_a_keyframe()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, AudioOut, VideoOut);
        var video = new TestStream(publisher, "1", 2222);
        video.SendVp8Frame(Node.Clock.Now, keyFrame: true);
        Node.Run(FrameTime);
        Connect(viewer, SessionLeg.Play, AudioIn, VideoIn);
        SendFrames(video, null, 60, keyFrames: false);
        Assert.Contains(2222u, publisher.Plis);
        Assert.InRange(publisher.TransportFeedbacks, 15, 40);
        Assert.Contains(publisher.ReportBlocks, b => b.Ssrc == 2222);
        Assert.Empty(viewer.PacketsOf(viewer.AnsweredSsrc(1)));
    }

    [Fact]
    public void A_viewer_that_joins_late_starts_at_a_keyframe_it_had_the_node_ask_for()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 60);
        publisher.Plis.Clear();
        Connect(viewer, SessionLeg.Play, VideoIn);
        Node.RunUntil(() => publisher.Plis.Contains(2222));
        var first = video.Sequence;
        SendFrames(video, null, 30);
        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        Assert.Equal(first, TestStream.MarkOf(got[0].Payload));
        AssertContinuous(got);
    }

    /// <summary>Earlier, the keyframe would be lost and the next one kept back by the throttle: half a second of nothing.</summary>
    [Fact]
    public void The_keyframe_for_a_new_viewer_is_asked_for_once_it_is_connected()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 60);
        publisher.Plis.Clear();
        Node.Join(viewer, SessionLeg.Play, [VideoIn]);
        viewer.Transport.SendsChecks = false;
        SendFrames(video, null, 10, keyFrames: false);
        Assert.Empty(publisher.Plis);
        viewer.Transport.SendsChecks = true;
        Node.RunUntil(() => viewer.IsConnected && StateOf("bob") == SessionState.Connected);
        Node.RunUntil(() => publisher.Plis.Contains(2222), TimeSpan.FromMilliseconds(50));
    }

    /// <summary>As a burst of joins has it: the publisher's last keyframe was asked for just before the second viewer came.</summary>
    [Fact]
    public void A_viewer_that_joins_right_after_another_waits_less_than_who_has_a_picture_to_lose()
    {
        var (publisher, first, second) = (Node.Peer("alice"), Node.Peer("bob"), Node.Peer("cleo"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 60);
        publisher.Plis.Clear();
        Connect(first, SessionLeg.Play, VideoIn);
        Node.RunUntil(() => publisher.Plis.Count == 1);
        SendFrames(video, null, 1);
        Connect(second, SessionLeg.Play, VideoIn);
        SendFrames(video, null, 1, keyFrames: false);
        Assert.Single(publisher.Plis);
        Node.RunUntil(() => publisher.Plis.Count == 2, KeyFrameRequester.DefaultFirstPictureInterval);
        SendFrames(video, null, 30);
        Assert.NotEmpty(second.PacketsOf(second.AnsweredSsrc(0)));
        Assert.Equal(2, publisher.Plis.Count);
    }

    [Fact]
    public void Loss_from_the_publisher_is_asked_for_and_repaired_before_viewers_notice()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 10);
        var lost = video.Sequence + 1;
        video.Lose.Add(lost);
        SendFrames(video, null, 10, keyFrames: false);
        Assert.Contains((ushort)lost, publisher.Nacks);
    }

    [Fact]
    public void What_a_viewer_lost_is_repeated_by_rtx_with_the_same_payload()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 10);
        var original = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ElementAt(7);
        viewer.SendNack(viewer.AnsweredSsrc(0), original.Header.SequenceNumber);
        Node.RunUntil(() => viewer.RepeatsOf(0).Any());
        var repeat = viewer.RepeatsOf(0).Single();
        Assert.Equal(TestOffer.Vp8Type + 1, repeat.Header.PayloadType);
        Assert.Equal(original.Header.Timestamp, repeat.Header.Timestamp);
        Assert.Equal(original.Header.SequenceNumber, System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(repeat.Payload));
        Assert.Equal(original.Payload.ToArray(), repeat.Payload[2..].ToArray());
    }

    /// <summary>Firefox drops what is of an SSRC that no mid has named, and nothing tells that it knows that of repeats and of probes.</summary>
    [Fact]
    public void Repeats_and_padding_always_name_their_section()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 10);
        viewer.SendReceiverReport(new ReportBlock(viewer.AnsweredSsrc(0), 0, 0, 10, 0, 0, 0));
        Node.Run(TimeSpan.FromMilliseconds(50));
        SendFrames(video, null, 60);
        var original = viewer.PacketsOf(viewer.AnsweredSsrc(0)).Last();
        Assert.DoesNotContain(TestOffer.MidId, original.Extensions.Keys);
        viewer.SendNack(viewer.AnsweredSsrc(0), original.Header.SequenceNumber);
        Node.RunUntil(() => viewer.RepeatsOf(0).Any());
        Assert.All(viewer.PacketsOf(viewer.AnsweredRtxSsrc(0)), p => Assert.Equal("0"u8.ToArray(), p.Extensions[TestOffer.MidId]));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(40)] // ten megabits a second
    public void What_a_viewer_asks_for_within_a_second_is_held_however_much_flows(int packetsPerFrame)
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        for (var i = 0; i < 150; i++)
        {
            video.SendVp8Frame(Node.Clock.Now, keyFrame: i == 0, packetsPerFrame);
            Node.Run(FrameTime);
        }

        var original = viewer.PacketsOf(viewer.AnsweredSsrc(0)).First(p => Node.Clock.Now - p.At < TimeSpan.FromMilliseconds(900));
        viewer.SendNack(viewer.AnsweredSsrc(0), original.Header.SequenceNumber);
        Node.RunUntil(() => viewer.RepeatsOf(0).Any());
        var repeat = viewer.RepeatsOf(0).Single();
        Assert.Equal(TestStream.MarkOf(original.Payload), TestStream.MarkOf(repeat.Payload));
    }

    [Fact]
    public void Without_rtx_a_repeat_is_the_very_same_packet()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, rtx: false, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 5);
        var ssrc = viewer.AnsweredSsrc(0);

        // The peer's replay window would swallow a second copy: lose the first one.
        var skip = 0;
        Node.Network.Filter = (from, _, bytes) => Node.Ports.All(p => p.Address != from) || (bytes.Span[0] >> 6) != 2 || bytes.Span[1] >= 192 || skip++ != 1;
        video.SendVp8Frame(Node.Clock.Now, keyFrame: false);
        Node.Run(FrameTime);
        Node.Network.Filter = null;
        var before = viewer.PacketsOf(ssrc).Count();
        var missing = (ushort)(viewer.PacketsOf(ssrc).Last().Header.SequenceNumber - 1);
        viewer.SendNack(ssrc, missing);
        Node.RunUntil(() => viewer.PacketsOf(ssrc).Count() > before);
        Assert.Equal(missing, viewer.PacketsOf(ssrc).Last().Header.SequenceNumber);
        AssertContinuous([.. viewer.PacketsOf(ssrc).OrderBy(p => TestStream.MarkOf(p.Payload))]);
    }

    [Fact]
    public void Padding_of_the_publisher_leaves_no_gap_at_the_viewer()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        for (var i = 0; i < 20; i++)
        {
            SendFrames(video, null, 1, keyFrames: i == 0);
            video.SendPadding();
        }

        Node.Run(FrameTime);
        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        Assert.Equal(60, got.Count);
        AssertContinuous(got);
    }

    [Fact]
    public void A_muted_track_is_dropped_at_the_publisher_and_goes_on_without_a_gap_at_a_keyframe()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        var track = Connect(publisher, SessionLeg.Publish, VideoOut).Actual.Tracks.Single();
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 10);
        var desired = VirtualNode.Desired("alice", SessionLeg.Publish) with { MutedTracks = [track.Sid] };
        Node.Apply("alice", desired, seq: 2);
        var before = viewer.PacketsOf(viewer.AnsweredSsrc(0)).Count();
        SendFrames(video, null, 10);
        Assert.Equal(before, viewer.PacketsOf(viewer.AnsweredSsrc(0)).Count());
        Assert.Equal(30, Node.Loop.Drops[DropReason.TrackMuted]);
        Assert.Equal("MUTED", Node.ReportOf("bob").Subscriptions.Single().Reason);

        publisher.Plis.Clear();
        Node.Apply("alice", desired with { MutedTracks = [] }, seq: 3);
        Node.RunUntil(() => publisher.Plis.Count != 0);
        SendFrames(video, null, 10);
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
        Assert.Equal("active", Node.ReportOf("bob").Subscriptions.Single().State);
    }

    [Fact]
    public void A_publisher_that_reloads_takes_the_free_section_of_its_viewer_over_without_a_gap()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        SendFrames(new TestStream(publisher, "0", 2222), null, 10);
        var before = viewer.PacketsOf(viewer.AnsweredSsrc(0)).Count();

        Node.Ask<SessionReply>(id => new CloseSession(id, "alice", 1, 9, ReasonCodes.ClientLeft));
        var again = Node.Peer("alice-2");
        Connect(again, SessionLeg.Publish, VideoOut);
        SendFrames(new TestStream(again, "0", 3333) { Sequence = 9, Timestamp = 5 }, null, 10);
        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        Assert.True(got.Count >= before + 30);
        AssertContinuous(got);
        Assert.True(got.Zip(got.Skip(1)).All(p => (int)(p.Second.Header.Timestamp - p.First.Header.Timestamp) >= 0));
    }

    [Fact]
    public void A_publisher_that_changes_its_ssrc_goes_on_without_a_gap()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        SendFrames(new TestStream(publisher, "0", 2222), null, 10);
        SendFrames(new TestStream(publisher, "0", 3333) { Sequence = 7, Timestamp = 99 }, null, 10);
        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        Assert.Equal(60, got.Count);
        AssertContinuous(got);
    }

    [Fact]
    public void Three_viewers_get_the_simulcast_layers_that_they_asked_for()
    {
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, new TestSection("video", "sendonly", ["VP8"], "f", "h", "q"));
        var viewers = new[] { LayerWish.Low, LayerWish.Middle, LayerWish.High }.Select(wish =>
        {
            var viewer = Node.Peer($"viewer-{wish}");
            Node.Join(viewer, SessionLeg.Play, [VideoIn], d => d with { Subscribe = d.Subscribe with { Layer = wish } });
            Node.RunUntil(() => viewer.IsConnected);
            return viewer;
        }).ToArray();

        // Offered high to low: only the keyframes tell which is which.
        var full = new TestStream(publisher, "0", 30, "f") { Width = 1280, Height = 720 };
        var half = new TestStream(publisher, "0", 20, "h") { Width = 640, Height = 360 };
        var quarter = new TestStream(publisher, "0", 10, "q") { Width = 320, Height = 180 };
        for (var i = 0; i < 60; i++)
        {
            foreach (var stream in new[] { quarter, half, full })
            {
                stream.SendVp8Frame(Node.Clock.Now, keyFrame: i % 15 == 0);
            }

            Node.Run(FrameTime);
        }

        foreach (var (viewer, rid) in viewers.Zip(new[] { "q", "h", "f" }))
        {
            var subscription = Node.ReportOf(viewer.Name).Subscriptions.Single();
            Assert.Equal(("active", rid), (subscription.State, subscription.Layer));
            AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
        }

        Assert.Equal(["q", "h", "f"], Node.ReportOf("alice").Tracks.Single().Layers.Select(l => l.Rid));
    }

    [Fact]
    public void A_viewer_that_cannot_decode_the_track_is_refused_by_name()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, new TestSection("video", "sendonly", ["H264"]));
        var reply = Node.Join(viewer, SessionLeg.Play, [new TestSection("video", "recvonly", ["VP8"])]);
        Assert.Equal(ApplyStatus.Refused, reply.Status);
        Assert.Equal(ReasonCodes.Codec, reply.Error!.Code);
        Assert.Contains("H264", reply.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_track_fills_a_free_section_of_a_viewer_that_came_before_anyone()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(viewer, SessionLeg.Play, VideoIn);
        Connect(publisher, SessionLeg.Publish, VideoOut);
        SendFrames(new TestStream(publisher, "0", 2222), null, 10);
        Assert.Equal(30, viewer.PacketsOf(viewer.AnsweredSsrc(0)).Count());
    }

    [Fact]
    public void A_client_that_says_close_notify_is_closed_and_its_track_gone()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        publisher.Transport.CloseDtls();
        Node.RunUntil(() => Node.Sent.OfType<SessionChanged>().Any(s => s.Report is { Session: "alice", Actual.State: SessionState.Closed }));
        Assert.Empty(Node.ReportOf("bob").Subscriptions);
    }

    [Fact]
    public void A_client_whose_checks_stop_is_disconnected_after_thirty_seconds_and_comes_back_with_them()
    {
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        publisher.Transport.SendsChecks = false;
        var stopped = Node.Clock.Now;
        Node.RunUntil(() => StateOf("alice") == SessionState.Disconnected, TimeSpan.FromSeconds(40));
        Assert.InRange((Node.Clock.Now - stopped).TotalSeconds, 28, 32);
        publisher.Transport.SendsChecks = true;
        Node.RunUntil(() => StateOf("alice") == SessionState.Connected);
    }

    [Fact]
    public void Five_per_cent_loss_both_ways_is_repaired()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 5);
        Node.Network.Default = new() { Loss = 0.05, Delay = TimeSpan.FromMilliseconds(20), Jitter = TimeSpan.FromMilliseconds(5) };
        SendFrames(video, null, 60, keyFrames: false);
        Assert.NotEmpty(publisher.Nacks);
    }
}
