using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>What a node tells of a room that somebody listens to: who speaks, and how people are connected.</summary>
public class ListenedRoomsTests : NodeTest
{
    public ListenedRoomsTests()
        : this(null)
    {
    }

    private protected ListenedRoomsTests(Func<LoopOptions, LoopOptions>? change)
        : base(change: change)
    {
    }

    private const string Room = "any/t/room";
    private const byte Loud = 0x80 | 25;
    private const byte Quiet = 70;

    [Fact]
    public void Who_speaks_is_told_on_change_only()
    {
        var (alice, bob) = (Publish("alice", 1), Publish("bob", 2));
        Listen();
        Talk(3, (alice, Quiet), (bob, Quiet));
        Assert.Empty(Levels());
        Talk(3, (alice, Loud), (bob, Quiet));
        Assert.Equal(["PA_alice"], Speaking());
        Assert.InRange(Levels().Count, 1, 4);
        Talk(3, (alice, Quiet), (bob, Quiet));
        Assert.Empty(Speaking());
    }

    [Fact]
    public void Nobody_listens_nothing_is_told_and_what_was_said_meanwhile_is_no_news()
    {
        var alice = Publish("alice", 1);
        Talk(5, (alice, Loud));
        Assert.Empty(Levels());
        Listen();
        Talk(2, (alice, Quiet));
        Assert.Empty(Speaking());
        Listen(on: false);
        Node.Sent.Clear();
        Talk(3, (alice, Loud));
        Assert.Empty(Levels());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Muted_by_the_server_or_by_itself_somebody_is_silent_at_once(bool byServer)
    {
        var alice = Publish("alice", 1);
        Listen();
        Talk(2, (alice, Loud));
        Assert.Equal(["PA_alice"], Speaking());
        var desired = VirtualNode.Desired("alice", SessionLeg.Publish);
        Node.Apply(
            "alice",
            byServer
                ? desired with { MutedTracks = [Node.ReportOf("alice").Tracks.Single().Sid] }
                : desired with { Publications = [new Publication { Mid = "0", Source = "microphone", Muted = true }] },
            seq: 2);
        Talk(0.4, (alice, Loud));
        Assert.Empty(Speaking());
        Node.Apply("alice", desired, seq: 3);
        Talk(1, (alice, Loud));
        Assert.Equal(["PA_alice"], Speaking());
    }

    [Fact]
    public void Who_leaves_is_silent_at_once()
    {
        var alice = Publish("alice", 1);
        Listen();
        Talk(2, (alice, Loud));
        Node.Ask<SessionReply>(id => new CloseSession(id, "alice", 1, 2, "test"));
        Node.Run(TimeSpan.FromMilliseconds(400));
        Assert.Empty(Speaking());
    }

    [Fact]
    public void Said_again_all_that_holds_is_told_again_and_another_link_forgets()
    {
        var alice = Publish("alice", 1);
        Listen();
        Talk(2, (alice, Loud));
        Node.Sent.Clear();
        Listen();
        Assert.Equal(["PA_alice"], Speaking());
        Assert.Equal(["PA_alice"], Connections().Select(c => c.ParticipantSid));
        Node.Core.HandleLinkUp(Node.Clock.Now);
        Node.Sent.Clear();
        Talk(3, (alice, Quiet));
        Assert.Empty(Levels());
    }

    [Fact]
    public void Loss_on_the_way_up_makes_a_connection_poor_and_good_again()
    {
        var alice = Publish("alice", 1);
        Listen();
        Talk(3, (alice, Loud));
        Assert.Equal(QualityLabel.Good, Connections()[^1].Quality);
        Node.Network.Default = new LinkConditions { Loss = 0.15 };
        Talk(4, (alice, Loud));
        Assert.Equal(QualityLabel.Poor, Connections()[^1].Quality);
        Assert.InRange(Connections()[^1].Score, 1, 4);
        Node.Network.Default = LinkConditions.Perfect;
        Talk(12, (alice, Loud));
        Assert.Equal(QualityLabel.Good, Connections()[^1].Quality);
    }

    [Fact]
    public void Loss_on_the_way_down_is_known_by_the_viewers_reports()
    {
        var viewer = Node.Peer("bob");
        Connect(viewer, SessionLeg.Play, AudioIn, VideoIn);
        Listen();
        for (uint second = 1; second <= 5; second++)
        {
            viewer.SendReceiverReport(new ReportBlock(viewer.AnsweredSsrc(0), 0, (int)(10 * second), 100 * second, 480, 0, 0));
            Node.Run(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(QualityLabel.Poor, Connections().Last(c => c.ParticipantSid == "PA_bob").Quality);
    }

    [Fact]
    public void A_client_that_fell_silent_is_lost()
    {
        var viewer = Node.Peer("bob");
        Connect(viewer, SessionLeg.Play, AudioIn);
        Listen();
        Node.Run(TimeSpan.FromSeconds(2));
        viewer.Transport.SendsChecks = false;
        Node.RunUntil(() => Connections().Any(c => c.Quality == QualityLabel.Lost));
    }

    private (TestStream Audio, string Name) Publish(string name, uint ssrc)
    {
        var peer = Node.Peer(name);
        Connect(peer, SessionLeg.Publish, AudioOut);
        return (new TestStream(peer, "0", ssrc), name);
    }

    private void Listen(bool on = true)
    {
        Node.Core.Handle(Node.Clock.Now, new ListenRoom(Room, on));
        Node.Run(TimeSpan.FromMilliseconds(301)); // the first window begins
    }

    private void Talk(double seconds, params ((TestStream Audio, string Name) Who, byte Level)[] voices)
    {
        for (var i = 0; i < seconds * 50; i++)
        {
            foreach (var (who, level) in voices)
            {
                who.Audio.Extensions.Clear();
                who.Audio.Extensions.Add((HeaderExtensionKind.AudioLevel, [level]));
                who.Audio.SendOpus();
            }

            Node.Run(TimeSpan.FromMilliseconds(20));
        }
    }

    private List<RoomLevels> Levels() => [.. Node.Sent.OfType<RoomLevels>()];

    private IEnumerable<string> Speaking() => Levels().LastOrDefault()?.Speakers.Select(s => s.ParticipantSid) ?? [];

    private List<ParticipantConnection> Connections() => [.. Node.Sent.OfType<RoomConnections>().SelectMany(c => c.Participants)];
}
