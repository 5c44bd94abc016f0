using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>Sessions whose tracks are in another room too.</summary>
public class ForwardTests : NodeTest
{
    public ForwardTests()
        : this(null)
    {
    }

    private protected ForwardTests(Func<LoopOptions, LoopOptions>? change)
        : base(change: change)
    {
    }

    private const string Here = "any/t/room";
    private const string There = "any/t/stage";
    private const byte Loud = 0x80 | 25;

    [Fact]
    public void Who_is_forwarded_is_seen_and_heard_in_both_rooms()
    {
        var alice = Publish();
        Assert.Equal(ApplyStatus.Applied, Forward().Status);
        var (bob, carol) = (View("bob", Here), View("carol", There));
        Talk(alice, 40);
        foreach (var viewer in new[] { bob, carol })
        {
            AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
            AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(1))]);
        }

        var (source, forward) = (ReportOf("alice")!, ReportOf("forward")!);
        Assert.Equal((SessionState.Connected, 2), (forward.State, forward.Tracks.Length));
        Assert.Equal(source.Tracks.Select(t => t.Sid), forward.Tracks.Select(t => t.Sid));
        Assert.Equal(["PA_forward", "PA_forward"], ReportOf("carol")!.Subscriptions.Select(s => s.ParticipantSid));
        Assert.Equal(["PA_alice", "PA_alice"], ReportOf("bob")!.Subscriptions.Select(s => s.ParticipantSid));
    }

    [Fact]
    public void A_track_is_wanted_as_far_as_it_is_in_any_of_its_rooms()
    {
        Connect(Node.Peer("alice"), SessionLeg.Publish, VideoOut with { Rids = ["q", "h", "f"] });
        Forward();
        View("bob", Here, LayerWish.Low);
        View("carol", There, LayerWish.Middle);
        Node.RunUntil(() => Demand() == LayerDemand.Middle);
        View("dora", There, LayerWish.High);
        Node.RunUntil(() => Demand() == LayerDemand.High);
        Leave("bob");
        Leave("dora");
        Node.RunUntil(() => Demand() == LayerDemand.Middle);
        View("bea", Here, LayerWish.Low);
        Node.Run(TimeSpan.FromSeconds(2));
        Assert.Equal(LayerDemand.Middle, Demand());
        Leave("forward"); // and with it what is wanted there
        Node.RunUntil(() => Demand() == LayerDemand.Low);
        Leave("bea");
        Node.RunUntil(() => Demand() == LayerDemand.Off);
    }

    [Fact]
    public void Somebody_who_plays_it_in_the_other_room_is_somebody_who_has_received_it()
    {
        var alice = Publish();
        Forward();
        View("carol", There);
        Talk(alice, 40);
        Assert.All(ReportOf("alice")!.Tracks, t => Assert.True(t.Played));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Muted_in_its_room_it_is_muted_in_the_other_until_it_is_unmuted(bool byServer)
    {
        var alice = Publish();
        Forward();
        var carol = View("carol", There);
        Talk(alice, 20);
        var desired = VirtualNode.Desired("alice", SessionLeg.Publish);
        var voice = ReportOf("alice")!.Tracks[0].Sid;
        Node.Apply(
            "alice",
            byServer
                ? desired with { MutedTracks = [voice] }
                : desired with { Publications = [new Publication { Mid = "0", Source = "microphone", Muted = true }] },
            seq: 2);
        Assert.Equal((true, byServer), (ReportOf("forward")!.Tracks[0].Muted, ReportOf("forward")!.Tracks[0].MutedByServer));
        Node.Run(TimeSpan.FromMilliseconds(100));
        var heard = Heard();
        Talk(alice, 20);
        Assert.Equal(heard, Heard());

        Node.Apply("alice", desired, seq: 3);
        Assert.False(ReportOf("forward")!.Tracks[0].Muted);
        Talk(alice, 20);
        Assert.True(Heard() > heard + 10);

        int Heard() => carol.PacketsOf(carol.AnsweredSsrc(0)).Count();
    }

    [Fact]
    public void A_track_that_is_published_later_comes_to_the_other_room_and_one_that_may_not_be_any_more_goes()
    {
        var alice = Node.Peer("alice");
        Connect(alice, SessionLeg.Duplex, AudioOut);
        Forward();
        View("carol", There);
        var offer = new SdpOffer(2, alice.Offer([AudioOut, VideoOut]));
        var desired = VirtualNode.Desired("alice", SessionLeg.Duplex) with { Offer = offer };
        Assert.Equal(ApplyStatus.Applied, Node.Apply("alice", desired, seq: 2).Status);
        Assert.Equal(["audio", "video"], ReportOf("forward")!.Tracks.Select(t => t.Kind));
        Assert.Equal(2, Node.Inspect(There).Single(s => s.Desired.Identity == "carol").Actual.Subscriptions.Length);

        Node.Apply("alice", desired with { CanPublish = false }, seq: 3);
        Assert.Empty(ReportOf("forward")!.Tracks);
        Assert.Empty(Node.Inspect(There).Single(s => s.Desired.Identity == "carol").Actual.Subscriptions);
    }

    [Fact]
    public void Both_rooms_are_told_who_speaks_and_how_it_is_connected()
    {
        var alice = Publish();
        Forward();
        View("carol", There);
        Node.Core.Handle(Node.Clock.Now, new ListenRoom(Here, true));
        Node.Core.Handle(Node.Clock.Now, new ListenRoom(There, true));
        Talk(alice, 60, Loud);
        Assert.Equal("PA_alice", Speaker(Here));
        Assert.Equal("PA_forward", Speaker(There));
        Assert.Contains(Node.Sent.OfType<RoomConnections>().Where(c => c.Room == There).SelectMany(c => c.Participants), c => c.ParticipantSid == "PA_forward");

        string? Speaker(string room) => Node.Sent.OfType<RoomLevels>().LastOrDefault(l => l.Room == room)?.Speakers.SingleOrDefault()?.ParticipantSid;
    }

    [Theory]
    [InlineData("closed")]
    [InlineData("moved")]
    [InlineData("gone")]
    public void Where_its_source_leaves_the_room_the_forward_ends_by_name(string how)
    {
        var alice = Publish();
        Forward();
        var carol = View("carol", There);
        Talk(alice, 20);
        switch (how)
        {
            case "closed":
                Leave("alice");
                break;
            case "moved":
                Node.Apply("alice", VirtualNode.Desired("alice", SessionLeg.Publish) with { RoomKey = "any/t/elsewhere" }, seq: 2);
                break;
            default:
                alice.Peer.Transport.CloseDtls();
                Node.RunUntil(() => StateOf("alice") == SessionState.Closed);
                break;
        }

        var end = ReportOf("forward")!;
        Assert.Equal((SessionState.Closed, ReasonCodes.SourceLeft, 0), (end.State, end.Reason, end.Tracks.Length));
        Assert.Empty(Node.Inspect(There).Single(s => s.Desired.Identity == "carol").Actual.Subscriptions);
        Node.Run(TimeSpan.FromMilliseconds(100));
        carol.Packets.Clear();
        Talk(alice, 10);
        Assert.Empty(carol.Packets);

        Assert.Equal(ReasonCodes.SessionNotFound, Node.Apply("forward", Forwarded, seq: 2, mustExist: true).Error!.Code);
        Leave("forward");
        Assert.Equal(["carol"], Node.Inspect(There).Select(s => s.Desired.Identity));
    }

    [Fact]
    public void Removed_from_the_other_room_it_stays_in_its_own()
    {
        var alice = Publish();
        Forward();
        var (bob, carol) = (View("bob", Here), View("carol", There));
        Talk(alice, 20);
        Leave("forward");
        Node.Run(TimeSpan.FromMilliseconds(100));
        carol.Packets.Clear();
        Talk(alice, 20);
        Assert.Empty(carol.Packets);
        AssertContinuous([.. bob.PacketsOf(bob.AnsweredSsrc(0))]);
        Assert.Equal(SessionState.Connected, StateOf("alice"));
        Assert.Equal(ApplyStatus.Applied, Node.Apply("forward2", Forwarded).Status);
        Talk(alice, 40);
        Assert.NotEmpty(carol.PacketsOf(carol.AnsweredSsrc(1)));
    }

    [Theory]
    [InlineData(TrackNaming.Answered)]
    [InlineData(TrackNaming.Offered)]
    public void Who_is_forwarded_anew_is_named_anew_however_soon(TrackNaming naming)
    {
        var alice = Publish();
        Forward();
        var carol = Node.Peer("carol");
        var (desired, seq) = (VirtualNode.Desired("carol", SessionLeg.Duplex) with { RoomKey = There, TrackNaming = naming }, 0L);
        Negotiate();
        while (StreamOf("PA_forward") is null)
        {
            Negotiate();
        }

        Leave("forward");
        Assert.Equal(ApplyStatus.Applied, Node.Apply("forward2", Forwarded with { ParticipantSid = "PA_again" }).Status);
        Talk(alice, 20);
        for (var rounds = 0; StreamOf("PA_again") is null; rounds++)
        {
            Assert.True(rounds < 3 && ReportOf("carol") is { OfferWanted: not null } or { Offer: not null }, "carol is never told that it is another's track");
            Negotiate();
        }

        Assert.Null(StreamOf("PA_forward"));
        carol.Packets.Clear();
        Talk(alice, 20);
        Assert.NotEmpty(carol.PacketsOf(carol.AnsweredSsrc(StreamOf("PA_again")!.Value)));

        void Negotiate()
        {
            if (naming == TrackNaming.Answered)
            {
                desired = desired with { Offer = new((desired.Offer?.Id ?? 0) + 1, carol.Offer([AudioIn, VideoIn])) };
                carol.Accept(Node.Clock.Now, Node.Apply("carol", desired, ++seq).Answer!.Sdp);
            }
            else
            {
                var offer = (seq == 0 ? Node.Apply("carol", desired, ++seq).Actual : ReportOf("carol")!).Offer!;
                desired = desired with { Answer = new(offer.Id, carol.AcceptOffer(Node.Clock.Now, offer.Sdp)) };
                Node.Apply("carol", desired, ++seq);
            }

            Node.RunUntil(() => carol.IsConnected && StateOf("carol") == SessionState.Connected);
        }

        int? StreamOf(string participant) => carol.Answer.Media
            .Select((m, i) => (m.Msid?.StreamId, Place: (int?)i))
            .FirstOrDefault(s => s.StreamId?.StartsWith(participant, StringComparison.Ordinal) == true).Place;
    }

    [Fact]
    public void A_forward_of_nobody_or_of_a_forward_is_refused_and_leaves_nothing()
    {
        Assert.Equal(ReasonCodes.SessionNotFound, Forward().Error!.Code);
        Assert.Empty(Node.Inspect(There));
        Publish();
        Forward();
        var further = Forwarded with { RoomKey = "any/t/hall", From = new("forward", $"{There}/alice") };
        Assert.Equal(ReasonCodes.SessionNotFound, Node.Apply("further", further).Error!.Code);
        Assert.Empty(Node.Inspect("any/t/hall"));
    }

    private static SessionDesired Forwarded => VirtualNode.Desired("alice", SessionLeg.Forward) with
    {
        ParticipantKey = $"{There}/alice",
        RoomKey = There,
        ParticipantSid = "PA_forward",
        CanSubscribe = false,
        Subscribe = new(),
        From = new("alice", $"{Here}/alice"),
    };

    private SessionApplied Forward() => Node.Apply("forward", Forwarded);

    private (TestPeer Peer, TestStream Audio, TestStream Video) Publish()
    {
        var alice = Node.Peer("alice");
        Connect(alice, SessionLeg.Publish, AudioOut, VideoOut);
        return (alice, new TestStream(alice, "0", 1111), new TestStream(alice, "1", 2222));
    }

    private TestPeer View(string name, string room, LayerWish? layer = null)
    {
        var viewer = Node.Peer(name);
        Assert.Equal(ApplyStatus.Applied, Node.Join(viewer, SessionLeg.Play, [AudioIn, VideoIn], d => d with { RoomKey = room, Subscribe = new() { Auto = true, Layer = layer } }).Status);
        Node.RunUntil(() => viewer.IsConnected && StateOf(name) == SessionState.Connected);
        return viewer;
    }

    private void Leave(string session) => Node.Ask<SessionReply>(id => new CloseSession(id, session, 1, 9, ReasonCodes.ClientLeft));

    private void Talk((TestPeer Peer, TestStream Audio, TestStream Video) who, int frames, byte? level = null)
    {
        if (level is { } loud)
        {
            who.Audio.Extensions.Add((HeaderExtensionKind.AudioLevel, [loud]));
        }

        for (var i = 0; i < frames; i++)
        {
            who.Video.SendVp8Frame(Node.Clock.Now, keyFrame: i % 30 == 0);
            who.Audio.SendOpus();
            Node.Run(FrameTime);
        }
    }

    private LayerDemand Demand() => ReportOf("alice")!.Tracks.Single().Demand;
}
