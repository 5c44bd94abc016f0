using Nexus.Link;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Relay;

/// <summary>A publisher at one node, viewers at the other.</summary>
public sealed class RelayCallTests : RelayTest
{
    [Fact]
    public void Viewers_at_the_other_node_see_and_hear_and_each_track_crosses_once()
    {
        Dial();
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, AudioOut, VideoOut);
        var audio = new TestStream(publisher, "0", 11);
        var video = new TestStream(publisher, "1", 22);
        var viewers = Enumerable.Range(0, 4).Select(i => View($"viewer-{i}", null, AudioIn, VideoIn)).ToList();
        Node.Run(TimeSpan.FromSeconds(0.5));
        Watch();
        SendFrames(video, audio, 90);
        Node.Run(TimeSpan.FromSeconds(1));
        foreach (var viewer in viewers)
        {
            var sound = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
            var pictures = viewer.PacketsOf(viewer.AnsweredSsrc(1)).ToList();
            AssertContinuous(sound);
            AssertContinuous(pictures);
            Assert.InRange(sound.Count, 88, 90);
            Assert.InRange(pictures.Count, 265, 270);
            Assert.Equal(video.SentSequences[^1], TestStream.MarkOf(pictures[^1].Payload));
        }

        // 270 packets of 1,000 octets and 90 of 80, with their headers
        Assert.InRange(Crossed, 270 * 1000, 270 * 1100 + 90 * 150 + 20_000);
    }

    [Fact]
    public void Who_comes_first_and_what_comes_first_does_not_matter()
    {
        var viewer = View("bob");
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 22);
        SendFrames(video, null, 10);
        Dial();
        SendFrames(video, null, 60);
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
    }

    [Fact]
    public void Nothing_crosses_while_nobody_there_wants_it_and_nothing_when_the_last_has_left()
    {
        Dial();
        Publish();
        Watch();
        Assert.InRange(KilobitsPerSecond(5), 0, 5);
        View("bob", LayerWish.Low);
        SendFor(2);
        Assert.InRange(KilobitsPerSecond(2), 220, 300);
        There.Ask<SessionReply>(id => new CloseSession(id, "bob", 1, 9, ReasonCodes.ClientLeft));
        SendFor(1);
        Assert.InRange(KilobitsPerSecond(5), 0, 5);
    }

    [Fact]
    public void Simulcast_layers_cross_as_they_are_wanted_once_for_all()
    {
        Dial();
        Publish();
        Watch();
        var low = Enumerable.Range(0, 3).Select(i => View($"low-{i}", LayerWish.Low)).ToList();
        SendFor(3);
        Assert.InRange(KilobitsPerSecond(3), 230, 300);
        var high = Enumerable.Range(0, 3).Select(i => View($"high-{i}", LayerWish.High)).ToList();
        SendUntil(() => There.ReportOf("high-2").Subscriptions[^1].Layer == "f", 8);
        SendFor(3);
        Assert.InRange(KilobitsPerSecond(3), 2_100, 2_600);
        low.Concat(high).ToList().ForEach(v => AssertContinuous([.. v.PacketsOf(v.AnsweredSsrc(0))]));
    }

    [Fact]
    public void A_keyframe_that_many_ask_for_is_asked_of_the_publisher_once()
    {
        Dial();
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 22);
        var viewers = Enumerable.Range(0, 4).Select(i => View($"viewer-{i}")).ToList();
        Answer(publisher, video, 60);
        publisher.Plis.Clear();
        viewers.ForEach(v => v.SendPli(v.AnsweredSsrc(0)));
        Node.Run(TimeSpan.FromMilliseconds(300));
        Assert.Single(publisher.Plis);
    }

    [Theory]
    [InlineData(0.05, 0)]
    [InlineData(0.02, 0.1)]
    public void What_the_line_between_loses_or_reorders_is_repaired_before_viewers_miss_it(double loss, double reorder)
    {
        SetLine(new LinkConditions { Loss = loss, Reorder = reorder, Delay = TimeSpan.FromMilliseconds(80) });
        Dial();
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 22);
        var viewer = View("bob");
        Answer(publisher, video, 60);
        var from = video.Sequence;
        Answer(publisher, video, 300);
        Node.Run(TimeSpan.FromSeconds(2));
        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).Select(p => TestStream.MarkOf(p.Payload)).Where(m => m >= from).ToHashSet();
        Assert.InRange(got.Count, 895, 900);
        Assert.True(There.Loop.Counters.NacksSent > 10);
    }

    [Fact]
    public void A_cut_of_five_seconds_heals()
    {
        Dial();
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 22);
        var viewer = View("bob");
        Answer(publisher, video, 30);
        SetLine(new LinkConditions { Loss = 1 });
        Answer(publisher, video, 150);
        SetLine(LinkConditions.Perfect);
        Answer(publisher, video, 60);
        var after = Node.Clock.Now;
        Answer(publisher, video, 30);
        Assert.InRange(viewer.PacketsOf(viewer.AnsweredSsrc(0)).Count(p => p.At >= after), 85, 90);
    }

    [Fact]
    public void A_muted_track_is_muted_beyond()
    {
        Dial();
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 22);
        var viewer = View("bob");
        SendFrames(video, null, 30);
        var sid = Node.ReportOf("alice").Tracks.Single().Sid;
        Assert.True(Node.Loop.TryPost(new MediaNode.Engine.MuteTrack("alice", sid, true)));
        SendFrames(video, null, 5);
        var before = viewer.Packets.Count;
        SendFrames(video, null, 20);
        Assert.Equal(before, viewer.Packets.Count);
        Assert.True(Node.Loop.TryPost(new MediaNode.Engine.MuteTrack("alice", sid, false)));
        SendFrames(video, null, 60);
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
        Assert.True(viewer.Packets.Count > before + 80);
    }

    [Fact]
    public void A_link_that_is_dialled_anew_brings_all_again()
    {
        Dial();
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 22);
        var viewer = View("bob");
        SendFrames(video, null, 30);
        Dial(awaits: false);
        SendFrames(video, null, 60);
        var before = viewer.Packets.Count;
        SendFrames(video, null, 30);
        Assert.InRange(viewer.Packets.Count - before, 85, 95);
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
    }

    [Fact]
    public void What_came_over_a_link_is_never_sent_into_one()
    {
        // A third node with links to both: what is published here comes to it from here alone.
        Dial();
        using var third = new VirtualNode(beside: Node);
        Join(third, Node, "a");
        Join(third, There, "b");
        Publish();
        var there = View("bob", LayerWish.Low);
        SendFor(2);
        Assert.Single(Offered(There));
        Assert.Single(Offered(third));
        Assert.Empty(Offered(Node));
        AssertContinuous([.. there.PacketsOf(there.AnsweredSsrc(0))]);

        static IEnumerable<MediaNode.Tracks.PublishedTrack> Offered(VirtualNode node) =>
            node.Loop.Sessions.All.Where(s => s.Plan.IsRelay).SelectMany(s => s.Receiver.Tracks);
    }

    /// <summary>Frames at 30 per second, and keyframes when they are asked for, as encoders make them.</summary>
    private void Answer(TestPeer publisher, TestStream video, int frames)
    {
        for (var i = 0; i < frames; i++)
        {
            video.SendVp8Frame(Node.Clock.Now, publisher.Plis.Count != 0);
            publisher.Plis.Clear();
            Node.Run(FrameTime);
        }
    }

    private static void Join(VirtualNode one, VirtualNode other, string link)
    {
        var first = one.Core.ApplyRelay(new(link, 1, Dials: true));
        var second = other.Core.ApplyRelay(new(link, 1, Dials: false));
        other.Core.ApplyRelay(new(link, 1, Dials: false) { Remote = first.Local, Rooms = [Room] });
        one.Core.ApplyRelay(new(link, 1, Dials: true) { Remote = second.Local, Rooms = [Room] });
        one.RunUntil(() => one.Relays.GetValueOrDefault(link)?.State == SessionState.Connected);
    }
}
