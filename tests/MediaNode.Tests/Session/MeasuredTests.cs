using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.TestKit.Diagnostics;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>What a node says that it measured, through the whole node on virtual time.</summary>
public sealed class MeasuredTests : SimulcastTest
{
    private const InspectionParts Parts = InspectionParts.Subscriptions | InspectionParts.Measured;

    [Fact]
    public void A_viewer_on_a_narrow_line_has_an_estimate_that_says_what_the_next_layer_lacks()
    {
        using var meter = new MeterReader(Node.Id);
        Publish();
        Join("bob", 400_000);
        Join("carol", 20_000_000);
        SendFor(12);
        var (bob, carol) = (Of("bob"), Of("carol"));

        Assert.InRange(bob.Transport.Receiver!.Estimate!.Value, 280_000, 420_000);
        Assert.InRange(bob.Transport.Receiver.Sent, 240_000, 420_000);
        Assert.InRange(bob.Transport.Receiver.Acknowledged!.Value, 240_000, 420_000);
        Assert.True(bob.Transport.Receiver.Probes > 0);
        Assert.Equal((null, 0), (bob.Transport.Receiver.Overrun, bob.Transport.Receiver.Overruns));
        var narrow = Assert.Single(bob.Subscriptions);
        Assert.Equal(("bandwidth", "f"), (narrow.LimitedBy, narrow.WishedLayer));
        Assert.InRange(narrow.Needs, 650_000, 850_000);
        Assert.InRange(narrow.Bitrate, 200_000, 300_000);
        Assert.Equal((0, 0), (narrow.Freezes, narrow.LikelyFreezes));

        var wide = Assert.Single(carol.Subscriptions);
        Assert.Equal((null, null, 0), (wide.LimitedBy, wide.WishedLayer, wide.Needs));
        Assert.InRange(wide.Bitrate, 1_700_000, 2_300_000);

        var read = meter.Read();
        Assert.InRange(read.Count(m => m.Instrument.Name == "estimate_bits_per_second"), 18, 26);
        Assert.InRange(read.Count(m => m.Instrument.Name == "queue_delay"), 18, 26);
        Assert.Equal(Node.Loop.Counters.Probes, read.Single(m => m.Instrument.Name == "probes").Value);
        Assert.True(Node.Loop.Counters.Probes >= bob.Transport.Receiver.Probes + carol.Transport.Receiver!.Probes);
        Assert.DoesNotContain(read, m => m.Instrument.Name is "freeze_duration" or "receivers_overrun");
    }

    [Fact]
    public void A_paused_video_says_what_its_lowest_layer_needs()
    {
        Publish(withAudio: true);
        Join("bob", 100_000, AudioIn, VideoIn);
        SendFor(10);
        var bob = Of("bob");
        Assert.Equal(1, bob.Transport.Receiver!.Paused);
        Assert.InRange(bob.Transport.Receiver.Estimate!.Value, 30_000, 130_000);
        var video = bob.Subscriptions.Single(s => s.LimitedBy is not null);
        Assert.Equal(("bandwidth", "f"), (video.LimitedBy, video.WishedLayer));
        Assert.InRange(video.Needs, 200_000, 300_000);
        Assert.Equal(0, video.Freezes); // a pause is none
        Assert.InRange(Node.Loop.Counters.VideosPaused, 1, 3);
    }

    [Fact]
    public void Asking_changes_nothing_and_what_is_measured_is_in_no_report()
    {
        Publish();
        Join("bob", 400_000);
        SendFor(10);
        Node.Sent.Clear();
        SendFor(3);
        var without = Node.Sent.OfType<SessionChanged>().Count();
        Node.Sent.Clear();
        SendFor(3, () => Of("bob"));
        Assert.InRange(Node.Sent.OfType<SessionChanged>().Count(), 0, without + 1);
        Assert.All(Node.Inspect(parts: InspectionParts.Subscriptions | InspectionParts.Wishes), s => Assert.Null(s.Measured));
        Assert.All(Node.Inspect(parts: InspectionParts.Measured), s => Assert.Empty(s.Measured!.Subscriptions));
    }

    [Fact]
    public void What_publisher_and_viewer_ask_for_is_counted_by_layer_and_subscription()
    {
        Publish();
        var bob = Join("bob", 20_000_000);
        SendFor(3);
        var before = Of("bob").Subscriptions.Single();
        bob.SendPli(bob.AnsweredSsrc(0));
        SendFor(0.5);
        bob.SendReceiverReport(new ReportBlock(bob.AnsweredSsrc(0), 0, 0, 1000, 900, 0, 0));
        SendFor(0.1);
        bob.SendReceiverReport(new ReportBlock(bob.AnsweredSsrc(0), 64, 25, 1100, 900, 0, 0));
        SendFor(0.1);

        var after = Of("bob").Subscriptions.Single();
        Assert.Equal(before.KeyFrameRequests + 1, after.KeyFrameRequests);
        Assert.Equal((100, 25, 10.0), (after.Packets, after.Lost, after.JitterMs));
        Assert.Equal((1, 0), (after.LikelyFreezes, after.Freezes));
        Assert.Equal(1, Node.Loop.Counters.LikelyFreezes);
        var layers = Of("alice").Layers;
        Assert.Equal(["q", "h", "f"], layers.Select(l => l.Rid));
        Assert.All(layers, l => Assert.True(l.Packets > 90));
        Assert.True(layers.Sum(l => l.KeyFrameRequests) > 0);
        Assert.Null(Of("alice").Transport.Receiver);
    }

    [Fact]
    public void A_picture_that_waits_for_a_keyframe_while_its_publisher_sends_is_a_freeze_with_its_length()
    {
        using var meter = new MeterReader(Node.Id);
        var (alice, bob) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(alice, SessionLeg.Publish, VideoOut);
        Connect(bob, SessionLeg.Play, VideoIn);
        var video = new TestStream(alice, "0", 1);
        SendFrames(video, null, 60);
        var sid = Node.ReportOf("alice").Tracks.Single().Sid;
        Node.Loop.TryPost(new MuteTrack("alice", sid, muted: true));
        SendFrames(video, null, 60, keyFrames: false);
        Assert.Equal(0, Of("bob").Subscriptions.Single().Freezes); // a mute is none

        Node.Loop.TryPost(new MuteTrack("alice", sid, muted: false));
        SendFrames(video, null, 40, keyFrames: false);
        Assert.Equal((1, 0), (Of("bob").Subscriptions.Single().Freezes, Of("bob").Subscriptions.Single().FrozenMs));
        SendFrames(video, null, 40);
        var told = Of("bob").Subscriptions.Single();
        Assert.Equal(1, told.Freezes);
        Assert.InRange(told.FrozenMs, 39 * 33, 41 * 33);
        var read = meter.Read();
        Assert.Equal(1, read.Single(m => m.Instrument.Name == "freezes").Value);
        Assert.Equal(told.FrozenMs / 1000.0, read.Single(m => m.Instrument.Name == "freeze_duration").Value, 3);
    }

    [Fact]
    public void A_client_that_refuses_pauses_on_a_line_without_room_is_warned_of_by_name()
    {
        using var meter = new MeterReader(Node.Id);
        Publish();
        var viewer = Node.Peer("bob");
        viewer.EditOffer = sdp => WithoutTransportFeedback(sdp, "goog-remb");
        Node.Join(viewer, SessionLeg.Play, [VideoIn], d => d with { Subscribe = d.Subscribe with { MayPause = false } });
        Node.RunUntil(() => viewer.IsConnected);
        SendFor(1);
        viewer.SendRemb(120_000);
        SendUntil(() => Of("bob").Transport.Receiver is { Overrun: not null }, 15);
        var receiver = Of("bob").Transport.Receiver!;
        Assert.Equal(1, receiver.Overruns);
        Assert.Equal(receiver.Overruns, meter.Read().Where(m => m.Instrument.Name == "receivers_overrun").Sum(m => m.Value));
        Assert.Equal("q", LayerOf("bob"));
    }

    private SessionMeasured Of(string session) => Node.Inspect(parts: Parts).Single(s => s.Session == session).Measured!;
}
