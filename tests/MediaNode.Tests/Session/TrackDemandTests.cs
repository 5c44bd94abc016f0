using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Link;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>What publishers are told of who plays their tracks.</summary>
public class TrackDemandTests : NodeTest
{
    public TrackDemandTests()
        : this(null)
    {
    }

    private protected TrackDemandTests(Func<LoopOptions, LoopOptions>? change)
        : base(change: change)
    {
    }

    private static readonly TimeSpan JustUnder = TimeSpan.FromSeconds(0.4);

    /// <summary>Steps as <c>seconds:wanted[!told]</c>, where told is what its publisher hears then.</summary>
    [Theory]
    [InlineData("0:High 1:Low 1.4:Low 1.5:Low!Low")]
    [InlineData("0:Off 0.5:Off!Off 0.6:Low!Low 0.7:High!High")]
    [InlineData("0:Low 0.3:High 0.4:Low 0.8:Low 0.9:Low!Low")]
    [InlineData("0:Middle 0.4:Off 0.5:Low!Low 0.9:Off 1.4:Off!Off")]
    public void More_is_told_at_once_and_less_when_it_was_so_for_half_a_second(string steps)
    {
        var demand = new TrackDemand();
        foreach (var step in steps.Split(' '))
        {
            var (time, rest) = (step.Split(':')[0], step.Split(':')[1].Split('!'));
            var now = Instant.Zero + TimeSpan.FromSeconds(double.Parse(time, System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal((step, rest.Length > 1), (step, demand.Take(now, Enum.Parse<LayerDemand>(rest[0]))));
            Assert.True(rest.Length == 1 || demand.Told == Enum.Parse<LayerDemand>(rest[1]), step);
        }
    }

    [Fact]
    public void A_track_that_nobody_plays_is_wanted_again_with_its_first_subscriber()
    {
        var alice = Node.Peer("alice");
        Connect(alice, SessionLeg.Publish, VideoOut with { Rids = ["q", "h", "f"] });
        Assert.Equal(LayerDemand.High, Demand());
        Node.Run(JustUnder);
        Assert.Equal(LayerDemand.High, Demand());
        Node.RunUntil(() => Demand() == LayerDemand.Off, TimeSpan.FromSeconds(0.5));

        Node.Run(TimeSpan.FromSeconds(1));
        Node.Join(Node.Peer("bob"), SessionLeg.Play, [VideoIn]);
        Node.RunUntil(() => Demand() == LayerDemand.High, TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public void The_best_layer_that_anybody_plays_counts_and_who_pauses_or_leaves_plays_none()
    {
        Connect(Node.Peer("alice"), SessionLeg.Publish, VideoOut with { Rids = ["q", "h", "f"] });
        Node.Join(Node.Peer("bob"), SessionLeg.Play, [VideoIn], d => d with { Subscribe = new() { Auto = true, Layer = LayerWish.Middle } });
        var carol = VirtualNode.Desired("carol", SessionLeg.Play) with { Subscribe = new() { Auto = true, Layer = LayerWish.Low } };
        Node.Join(Node.Peer("carol"), SessionLeg.Play, [VideoIn], _ => carol with { Offer = _.Offer });
        Node.RunUntil(() => Demand() == LayerDemand.Middle);

        Node.Ask<SessionReply>(id => new CloseSession(id, "bob", 1, 2, "CLIENT_LEFT"));
        Node.RunUntil(() => Demand() == LayerDemand.Low);
        Node.Ask<SessionReply>(id => new CloseSession(id, "carol", 1, 2, "CLIENT_LEFT"));
        Node.RunUntil(() => Demand() == LayerDemand.Off);
    }

    [Theory]
    [InlineData(LayerWish.Low, 0, LayerDemand.Low)]
    [InlineData(LayerWish.Middle, 0, LayerDemand.Middle)]
    [InlineData(null, 180, LayerDemand.High)]
    public void Of_one_encoding_which_may_be_several_layers_in_itself_less_is_wanted_by_name_only(LayerWish? layer, int height, LayerDemand expected)
    {
        Connect(Node.Peer("alice"), SessionLeg.Publish, VideoOut);
        var sid = ReportOf("alice")!.Tracks.Single().Sid;
        Node.Join(Node.Peer("bob"), SessionLeg.Play, [VideoIn], d => d with { Subscriptions = [new SubscriptionWish { TrackSid = sid, Layer = layer, Height = height, Acknowledged = true }] });
        Node.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(expected, Demand());
    }

    [Fact]
    public void A_size_is_a_layer_as_soon_as_the_sizes_of_the_layers_are_known()
    {
        var alice = Node.Peer("alice");
        Connect(alice, SessionLeg.Publish, VideoOut with { Rids = ["q", "h", "f"] });
        var sid = ReportOf("alice")!.Tracks.Single().Sid;
        var bob = Node.Peer("bob");
        Node.Join(bob, SessionLeg.Play, [VideoIn], d => d with { Subscriptions = [new SubscriptionWish { TrackSid = sid, Width = 640, Height = 368, Acknowledged = true }] });
        Node.RunUntil(() => Demand() == LayerDemand.Middle); // as of a 720p camera

        TestStream[] layers =
        [
            new(alice, "0", 10, "q") { Width = 640, Height = 360 },
            new(alice, "0", 20, "h") { Width = 1280, Height = 720 },
            new(alice, "0", 30, "f") { Width = 2560, Height = 1440 },
        ];
        SendFrames(60);
        Assert.Equal(LayerDemand.Low, Demand());
        Assert.Equal("q", ReportOf("bob")!.Subscriptions.Single().Layer);

        Node.Apply("bob", Node.Inspect().Single(s => s.Desired.Identity == "bob").Desired with { Subscriptions = [new SubscriptionWish { TrackSid = sid, Width = 1280, Height = 720, Acknowledged = true }] }, seq: 2);
        Node.RunUntil(() => Demand() == LayerDemand.Middle, TimeSpan.FromMilliseconds(300));
        SendFrames(60);
        Assert.Equal("h", ReportOf("bob")!.Subscriptions.Single().Layer);

        void SendFrames(int frames)
        {
            for (var i = 0; i < frames; i++)
            {
                foreach (var layer in layers)
                {
                    layer.SendVp8Frame(Node.Clock.Now, keyFrame: i % 15 == 0);
                }

                Node.Run(FrameTime);
            }
        }
    }

    [Fact]
    public void A_room_that_changes_all_the_time_is_told_of_five_times_a_second()
    {
        Connect(Node.Peer("alice"), SessionLeg.Publish, VideoOut with { Rids = ["q", "h", "f"] });
        var bob = Node.Peer("bob");
        Node.Join(bob, SessionLeg.Play, [VideoIn]);
        var before = Node.Sent.OfType<SessionChanged>().Count(c => c.Report.Session == "alice");
        for (var i = 0; i < 20; i++)
        {
            Node.Ask<SessionReply>(id => new CloseSession(id, "bob", i + 1, 2, "CLIENT_LEFT"));
            Node.Join(bob, SessionLeg.Play, [VideoIn]);
            Node.Run(TimeSpan.FromMilliseconds(50));
        }

        Assert.InRange(Node.Sent.OfType<SessionChanged>().Count(c => c.Report.Session == "alice") - before, 0, 6);
    }

    [Fact]
    public void A_publisher_learns_that_somebody_has_received_its_track()
    {
        var alice = Node.Peer("alice");
        Connect(alice, SessionLeg.Publish, VideoOut);
        Connect(Node.Peer("bob"), SessionLeg.Play, VideoIn);
        Assert.False(ReportOf("alice")!.Tracks.Single().Played);
        SendFrames(new TestStream(alice, "0", 2222), null, 3);
        Assert.True(ReportOf("alice")!.Tracks.Single().Played);
    }

    private LayerDemand Demand() => ReportOf("alice")!.Tracks.Single().Demand;
}
