using Nexus.Link;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>Who comes and goes has planned anew what only those get whom it concerns.</summary>
public sealed class PlansTests : NodeTest
{
    private const int Viewers = 10;

    private static readonly TestSection H264Out = new("video", "sendonly", ["H264"]);

    [Fact]
    public void Viewers_come_and_go_at_the_cost_of_their_own_plan()
    {
        var video = Publish("alice");
        Assert.Equal(Viewers, PlansFor(() => ForEachViewer(Join)));
        SendFrames(video, null, 30);
        Assert.Equal(0, PlansFor(() => ForEachViewer(Leave)));
    }

    [Fact]
    public void A_publisher_that_comes_or_goes_concerns_everyone_once()
    {
        ForEachViewer(Join);
        Assert.Equal(Viewers + 1, PlansFor(() => Publish("alice")));
        Assert.Equal(Viewers, PlansFor(() => Leave("alice")));
    }

    [Fact]
    public void A_publisher_that_negotiates_the_same_again_concerns_itself_alone()
    {
        var peer = Node.Peer("alice");
        Connect(peer, SessionLeg.Publish, H264Out);
        ForEachViewer(Join);
        var again = VirtualNode.Desired("alice", SessionLeg.Publish) with { Offer = new(2, peer.Offer([H264Out])) };
        Assert.Equal(1, PlansFor(() => Node.Apply("alice", again, seq: 2)));
    }

    [Fact]
    public void A_viewer_whose_connection_ends_concerns_nobody()
    {
        Publish("alice");
        ForEachViewer(Join);
        var peer = Node.Peer("bob");
        Connect(peer, SessionLeg.Play, VideoIn);
        Assert.Equal(0, PlansFor(() =>
        {
            peer.Transport.CloseDtls();
            Node.RunUntil(() => StateOf("bob") == SessionState.Closed);
            Leave("bob");
        }));
    }

    [Fact]
    public void A_changed_size_is_the_loops_own_affair()
    {
        var video = Publish("alice");
        var sid = Node.ReportOf("alice").Tracks.Single().Sid;
        ForEachViewer(Join);
        ForEachViewer(name => Node.Apply(name, BySize(name, sid), seq: 2));
        SendFrames(video, null, 60); // the size becomes known
        (video.Width, video.Height) = (320, 180);
        Assert.Equal(0, PlansFor(() => SendFrames(video, null, 90)));
    }

    [Fact]
    public void A_viewers_leave_lowers_what_its_publisher_is_to_send()
    {
        Publish("alice");
        Join("viewer 0");
        Assert.Equal(LayerDemand.High, Node.ReportOf("alice").Tracks.Single().Demand);
        Leave("viewer 0");
        Node.RunUntil(() => Node.ReportOf("alice").Tracks.Single().Demand == LayerDemand.Off);
    }

    private static SessionDesired BySize(string name, string sid) =>
        VirtualNode.Desired(name, SessionLeg.Play) with { Subscriptions = [new SubscriptionWish { TrackSid = sid, Width = 640, Height = 360, Acknowledged = true }] };

    private static void ForEachViewer(Action<string> act)
    {
        for (var i = 0; i < Viewers; i++)
        {
            act($"viewer {i}");
        }
    }

    private TestStream Publish(string name)
    {
        var peer = Node.Peer(name);
        Connect(peer, SessionLeg.Publish, VideoOut);
        return new TestStream(peer, "0", 1);
    }

    private void Join(string name) => Connect(Node.Peer(name), SessionLeg.Play, VideoIn);

    private void Leave(string name) => Node.Ask<SessionReply>(id => new CloseSession(id, name, 1, 99, "test"));

    private long PlansFor(Action act)
    {
        var before = Node.Core.PlansMade;
        act();
        return Node.Core.PlansMade - before;
    }
}
