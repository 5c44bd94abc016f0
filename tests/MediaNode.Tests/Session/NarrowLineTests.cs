using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>What viewers on narrow lines get, through the whole node on virtual time.</summary>
public class NarrowLineTests : SimulcastTest
{
    public NarrowLineTests()
        : this(null)
    {
    }

    private protected NarrowLineTests(Func<LoopOptions, LoopOptions>? change)
        : base(change: change)
    {
    }

    [Fact]
    public void A_viewer_on_a_wide_line_has_the_best_layer_within_three_seconds()
    {
        Publish();
        var viewer = Join("bob", 20_000_000);
        SendFor(3);
        Assert.Equal("f", LayerOf("bob"));
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
    }

    [Fact]
    public void Each_viewer_has_the_layer_that_fits_his_line_and_loses_nothing_of_it()
    {
        Publish();
        Join("narrow", 400_000);
        Join("middle", 1_300_000);
        Join("wide", 20_000_000);
        SendFor(12);
        Assert.Equal(["q", "h", "f"], new[] { "narrow", "middle", "wide" }.Select(LayerOf));
        var lost = Node.Network.Dropped;
        SendFor(5);
        Assert.Equal(["q", "h", "f"], new[] { "narrow", "middle", "wide" }.Select(LayerOf));
        Assert.Equal(lost, Node.Network.Dropped);
    }

    [Fact]
    public void The_queue_of_a_narrow_line_stays_short_from_the_first_picture_on()
    {
        Publish();
        var viewer = Join("bob", 300_000);
        var longest = TimeSpan.Zero;
        SendFor(15, () => longest = Later(longest, Node.Network.QueueDelay(AddressFor(viewer), viewer.Address)));
        Assert.InRange(longest.TotalMilliseconds, 0, 500);
        Assert.Equal("q", LayerOf("bob"));
    }

    [Fact]
    public void The_queue_of_a_first_picture_is_seen_though_it_was_sent_before_the_first_report()
    {
        var viewer = JoinWithALongPicture();
        Assert.InRange(Queue(viewer), 400, 1000);
        SendFor(0.5);
        var receiver = Node.Inspect(parts: InspectionParts.Measured).Single(s => s.Session == "bob").Measured!.Transport.Receiver!;
        Assert.InRange(receiver.QueueDelayMs, 200, 1000);
        SendFor(1.5);
        Assert.InRange(Queue(viewer), 0, 50);
    }

    [Fact]
    public void Who_is_paused_and_hears_nobody_has_the_picture_again_when_the_line_is_wide()
    {
        var viewer = JoinWithALongPicture();
        SendUntil(() => StateOfVideo("bob") == ("paused", "BANDWIDTH"), 5);
        SendFor(5);
        SetLine(viewer, 5_000_000);
        SendUntil(() => LayerOf("bob") == "f", 40);
    }

    [Fact]
    public void When_a_line_becomes_narrow_the_layer_falls_within_two_seconds_and_rises_again_with_the_line()
    {
        Publish();
        var viewer = Join("bob", 5_000_000);
        SendFor(4);
        Assert.Equal("f", LayerOf("bob"));
        SetLine(viewer, 500_000);
        SendFor(2);
        Assert.Equal("q", LayerOf("bob"));
        SetLine(viewer, 5_000_000);
        SendUntil(() => LayerOf("bob") == "f", 20);
    }

    [Fact]
    public void A_layer_that_becomes_dearer_is_kept_where_the_line_carries_it_and_lowered_where_a_queue_tells_that_it_does_not()
    {
        Publish();
        Join("middle", 2_600_000);
        Join("wide", 20_000_000);
        SendUntil(() => LayerOf("wide") == "f" && LayerOf("middle") == "f", 12);
        SendFor(2);
        Streams[2] = (Streams[2].Stream, 16);
        SendFor(5, () => Assert.Equal("f", LayerOf("wide")));
        Assert.Equal("h", LayerOf("middle"));
    }

    [Fact]
    public void A_layer_is_lowered_when_the_pacer_drops_of_it_though_the_line_shows_no_queue()
    {
        Publish();
        Join("bob", 200_000_000);
        SendUntil(() => LayerOf("bob") == "f", 12);
        SendFor(2);
        Streams[2] = (Streams[2].Stream, 120);
        SendUntil(() => Node.Dropped(DropReason.PacedTooLong) > 0, 2);
        SendUntil(() => LayerOf("bob") != "f", 0.5);
    }

    /// <summary>As of a shared screen: of text a key picture takes as much as seconds of what follows.</summary>
    [Theory]
    [InlineData(600_000)]
    [InlineData(2_000_000)]
    [InlineData(20_000_000)]
    public void A_long_key_picture_gets_through_once_and_the_picture_goes_on(long bandwidth)
    {
        Publish();
        Streams.RemoveRange(1, 2); // one layer, of 250 kbit/s
        KeyFramePackets = 110;
        var viewer = Join("bob", bandwidth);
        SendFor(8); // the first one, of which nobody knows what it meets, may run over a queue, and pause the picture until that is gone
        for (var i = 0; i < 3; i++)
        {
            var (keyFrames, before, longest) = (KeyFrames, viewer.Packets.Count, 0.0);
            WantKeyFrame(); // of somebody who came
            SendFor(8, () =>
            {
                longest = Math.Max(longest, Queue(viewer));
                Assert.Equal("active", StateOfVideo("bob").State);
            });
            Assert.InRange(longest, 0, 200);
            Assert.Equal(0, Node.Loop.Drops[DropReason.PacedTooLong]);
            Assert.Equal(keyFrames + 1, KeyFrames);
            Assert.InRange(viewer.Packets.Count - before, 110 + (7 * 30), int.MaxValue);
        }
    }

    [Fact]
    public void Where_not_even_the_lowest_fits_the_picture_is_paused_by_name_the_sound_is_whole_and_both_come_back()
    {
        Publish(withAudio: true);
        var viewer = Join("bob", 100_000, AudioIn, VideoIn);
        SendFor(10);
        Assert.Equal(("paused", "BANDWIDTH"), StateOfVideo("bob"));
        var heard = viewer.PacketsOf(viewer.AnsweredSsrc(0)).Where(p => p.At > Node.Clock.Now - TimeSpan.FromSeconds(3)).ToList();
        AssertContinuous(heard);
        Assert.InRange(heard.Count, 160, 200);

        SetLine(viewer, 5_000_000);
        SendUntil(() => LayerOf("bob") == "f", 40);
    }

    [Fact]
    public void A_wish_for_less_is_kept_on_a_wide_line()
    {
        Publish();
        var viewer = Node.Peer("bob");
        SetLine(viewer, 20_000_000);
        Node.Join(viewer, SessionLeg.Play, [VideoIn], d => d with { Subscribe = d.Subscribe with { Layer = Nexus.Link.LayerWish.Middle } });
        Node.RunUntil(() => viewer.IsConnected);
        SendFor(5);
        Assert.Equal("h", LayerOf("bob"));
    }

    [Fact]
    public void Without_transport_feedback_the_clients_own_maximum_counts()
    {
        Publish();
        var viewer = Node.Peer("bob");
        viewer.EditOffer = sdp => WithoutTransportFeedback(sdp, "goog-remb");
        SetLine(viewer, 20_000_000);
        Connect(viewer, SessionLeg.Play, VideoIn);
        Assert.Contains("goog-remb", viewer.Answer.ToString(), StringComparison.Ordinal);
        SendFor(2);
        Assert.Equal("f", LayerOf("bob"));
        viewer.SendRemb(900_000);
        SendFor(2);
        Assert.Equal("h", LayerOf("bob"));
    }

    [Fact]
    public void A_client_without_any_feedback_is_limited_by_nothing_but_his_losses()
    {
        Publish();
        var viewer = Node.Peer("bob");
        viewer.EditOffer = sdp => WithoutTransportFeedback(sdp, "x-none");
        Connect(viewer, SessionLeg.Play, VideoIn);
        SendFor(1);
        Assert.Equal("f", LayerOf("bob"));
    }

    [Fact]
    public void Who_speaks_has_the_better_picture_on_a_line_that_does_not_carry_all()
    {
        Publish(withAudio: true);
        Publish(withAudio: true, "carol");
        Join("bob", 1_500_000, VideoIn, AudioIn, VideoIn, AudioIn);
        foreach (var (speaker, silent, name) in new[] { (Voices[1], Voices[0], "carol"), (Voices[0], Voices[1], "alice") })
        {
            speaker.Extensions.Clear();
            speaker.Extensions.Add((HeaderExtensionKind.AudioLevel, [0x80 | 25]));
            silent.Extensions.Clear();
            silent.Extensions.Add((HeaderExtensionKind.AudioLevel, [127]));
            SendUntil(
                () =>
                {
                    var layers = Node.ReportOf("bob").Subscriptions.Where(s => s.Layer is not (null or ""))
                        .ToDictionary(s => OwnerOf(s.TrackSid), s => s.Layer);
                    return layers.GetValueOrDefault(name) == "h" && layers.Values.Count(l => l == "q") == 1;
                },
                40);
        }
    }

    private string OwnerOf(string track) => new[] { "alice", "carol" }.First(p => Node.ReportOf(p).Tracks.Any(t => t.Sid == track));

    /// <summary>A viewer on 300 kbit/s, whose first picture takes the line most of a second.</summary>
    private TestPeer JoinWithALongPicture()
    {
        Publish();
        var viewer = Join("bob", 300_000);
        Streams[0] = (Streams[0].Stream, 30);
        SendFor(0.03);
        Streams[0] = (Streams[0].Stream, 1);
        SendFor(0.1);
        return viewer;
    }

    private TransportTuple AddressFor(TestPeer viewer) => Node.Ports[Node.LoopOf(viewer.Name).Index].Address;

    private double Queue(TestPeer viewer) => Node.Network.QueueDelay(AddressFor(viewer), viewer.Address).TotalMilliseconds;
}
