using Nexus.Link;
using Nexus.MediaNode.Link;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>What publishers are told of who plays their tracks.</summary>
public sealed class TrackDemandTests : NodeTest
{
    private static readonly TimeSpan JustUnder = TimeSpan.FromSeconds(4.5);

    /// <summary>Steps as <c>seconds:wanted[!told]</c>, where told is what its publisher hears then.</summary>
    [Theory]
    [InlineData("0:High 1:Low 5.9:Low 6:Low!Low")]
    [InlineData("0:Off 5:Off!Off 5.1:Low!Low 5.2:High!High")]
    [InlineData("0:Low 3:High 4:Low 8.9:Low 9:Low!Low")]
    [InlineData("0:Middle 4:Off 5:Low!Low 9:Off 14:Off!Off")]
    public void More_is_told_at_once_and_less_when_it_was_so_for_five_seconds(string steps)
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
        Node.RunUntil(() => Demand() == LayerDemand.Off, TimeSpan.FromSeconds(1));

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

    [Fact]
    public void A_room_that_changes_all_the_time_is_told_of_twice_a_second()
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

        Assert.InRange(Node.Sent.OfType<SessionChanged>().Count(c => c.Report.Session == "alice") - before, 0, 3);
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
