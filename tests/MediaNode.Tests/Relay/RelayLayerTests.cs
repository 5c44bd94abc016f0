using Nexus.Link;
using Nexus.MediaNode.Tests.Session;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Relay;

/// <summary>Layers over a link: SVC up to the wanted one, the publisher's demand, and a line that is too narrow for all.</summary>
public sealed class RelayLayerTests : RelayTest
{
    [Theory]
    [InlineData("VP9", "L3T3")]
    [InlineData("VP9", "L3T3_KEY")]
    [InlineData("AV1", "L3T3_KEY")]
    public void Svc_crosses_up_to_the_wanted_layer(string codec, string mode)
    {
        Dial();
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, new TestSection("video", "sendonly", [codec]));
        var stream = new TestStream(publisher, "0", 22);
        var source = new SvcSource(stream, codec, mode, 1, 3, 8);
        var viewer = View("bob", LayerWish.Low, new TestSection("video", "recvonly", [codec]));
        Watch();
        Send(3);
        var low = Rate(2);
        Assert.InRange(low, 200, 320);
        There.Apply("bob", VirtualNode.Desired("bob", SessionLeg.Play) with { Subscribe = new() { Auto = true, Layer = LayerWish.High } }, seq: 2);
        Send(6);
        var high = Rate(2);
        Assert.InRange(high, mode.EndsWith("KEY", StringComparison.Ordinal) ? 1_900 : 2_700, 3_300);
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);

        double Rate(double seconds)
        {
            var before = Crossed;
            Send(seconds);
            return (Crossed - before) * 8 / seconds / 1000;
        }

        void Send(double seconds)
        {
            for (var end = Node.Clock.Now + TimeSpan.FromSeconds(seconds); Node.Clock.Now < end;)
            {
                source.SendPicture(publisher.Plis.Count != 0 || stream.SentSequences.Count == 0);
                publisher.Plis.Clear();
                Node.Run(FrameTime);
            }
        }
    }

    [Fact]
    public void The_publisher_is_told_what_is_wanted_at_the_other_node()
    {
        Dial();
        Publish();
        SendFor(1);
        Assert.Equal(LayerDemand.Off, Demand());
        View("bob", LayerWish.Low);
        SendUntil(() => Demand() == LayerDemand.Low, 3);
        View("cleo", LayerWish.High);
        SendUntil(() => Demand() == LayerDemand.High, 3);
        There.Ask<SessionReply>(id => new CloseSession(id, "cleo", 1, 9, ReasonCodes.ClientLeft));
        There.Ask<SessionReply>(id => new CloseSession(id, "bob", 1, 9, ReasonCodes.ClientLeft));
        SendUntil(() => Demand() == LayerDemand.Off, 3);

        LayerDemand? Demand() => ReportOf("alice")!.Tracks.Single().Demand;
    }

    [Fact]
    public void On_a_line_that_is_too_narrow_for_the_best_layer_viewers_get_a_lower_one_and_sound_never_waits()
    {
        Dial();
        Publish(withAudio: true);
        var viewer = View("bob", LayerWish.High, AudioIn, VideoIn);
        SendFor(5);
        SetLine(new LinkConditions { Bandwidth = 1_200_000, Delay = TimeSpan.FromMilliseconds(20), QueueLimit = TimeSpan.FromMilliseconds(500) });
        SendFor(20);
        Assert.Contains(There.ReportOf("bob").Subscriptions[^1].Layer, new[] { "q", "h" });
        var (sound, pictures) = (Count(0), Count(1));
        SendFor(10);
        Assert.InRange(Count(0) - sound, 580, 620);
        Assert.True(Count(1) - pictures > 250);
        SetLine(new LinkConditions { Delay = TimeSpan.FromMilliseconds(20) });
        SendUntil(() => There.ReportOf("bob").Subscriptions[^1].Layer == "f", 90);

        int Count(int section) => viewer.PacketsOf(viewer.AnsweredSsrc(section)).Count();
    }

    [Fact]
    public void Tracks_and_viewers_on_other_loops_than_the_link_are_reached_over_rings()
    {
        // Here everything is on one loop; there viewers are on both.
        There.Dispose();
        There = new VirtualNode(beside: Node, change: OverRing, firstRetransmit: TimeSpan.FromMilliseconds(2));
        Dial();
        Publish();
        var viewers = Enumerable.Range(0, 4).Select(i => View($"viewer-{i}", LayerWish.Low)).ToList();
        Assert.Equal(2, viewers.Select(v => There.LoopOf(v.Name)).Distinct().Count());
        SendFor(3);
        viewers.ForEach(v => AssertContinuous([.. v.PacketsOf(v.AnsweredSsrc(0))]));
    }
}
