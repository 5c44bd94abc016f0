using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol.Sdp;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>Tracks with a second codec for who cannot decode the first (LiveKit's backup codec); through the whole node, on virtual time.</summary>
public class BackupCodecTests : NodeTest
{
    public BackupCodecTests()
        : this(null)
    {
    }

    private protected BackupCodecTests(Func<LoopOptions, LoopOptions>? change)
        : base(change: change)
    {
    }

    private const string Sid = "TR_camera";

    private static readonly TestSection Camera = new("video", "sendonly", ["H264", "VP8"]);
    private static readonly TestSection Second = new("video", "sendonly", ["VP8", "H264"], "q", "f");
    private static readonly TestSection Vp8In = new("video", "recvonly", ["VP8"]);

    private readonly Dictionary<string, (SessionDesired Desired, long Seq)> _sessions = [];

    private TestPeer Alice => field ??= Node.Peer("alice");

    private TestStream First => field ??= new(Alice, "0", 1111);

    private TestStream Backup => field ??= new(Alice, "1", 2222, "f");

    [Fact]
    public void It_is_asked_for_once_somebody_cannot_decode_the_first_and_comes_under_the_same_sid()
    {
        Publish(BackupPolicy.Simulcast);
        var bob = Node.Peer("bob");
        Assert.Equal(Sid, Offer(bob, VideoIn).Answer!.Tracks["0"]);
        Node.Run(TimeSpan.FromSeconds(6));
        Assert.Equal((LayerDemand.High, LayerDemand.Off, null), Demands());

        var carol = Node.Peer("carol");
        var joined = Offer(carol, Vp8In);
        Assert.Equal(Sid, joined.Answer!.Tracks["0"]);
        Node.RunUntil(() => Demands() == (LayerDemand.High, LayerDemand.High, null), TimeSpan.FromSeconds(1));
        Node.RunUntil(() => ReportOf("carol")!.Subscriptions.Single() is { State: "waiting", Reason: "NO_SOURCE_PACKETS", Mid: "0" });

        var track = PublishBackup().Actual.Tracks.Single();
        Assert.Equal((Sid, "0", "H264"), (track.Sid, track.Mid, track.Codec));
        Assert.Equal(("VP8", "1", 2), (track.Backup!.Codec, track.Backup.Mid, track.Backup.Layers.Length));
        SendBoth(10);
        Assert.Equal([TestOffer.H264Type], TypesOf(bob));
        Assert.Equal([TestOffer.Vp8Type], TypesOf(carol));
        Assert.Equal(Backup.SentSequences.TakeLast(8), MarksOf(carol).TakeLast(8));
        AssertContinuous([.. bob.PacketsOf(bob.AnsweredSsrc(0))]);
        Node.RunUntil(() => ReportOf("carol")!.Subscriptions.Single() is { TrackSid: Sid, State: "active", Layer: "f" });
    }

    [Fact]
    public void It_is_wanted_no_more_when_the_last_who_needs_it_has_left_and_again_with_the_next()
    {
        Publish(BackupPolicy.Simulcast);
        Offer(Node.Peer("bob"), VideoIn);
        var carol = Node.Peer("carol");
        Offer(carol, Vp8In);
        PublishBackup();
        Node.RunUntil(() => Demands().Backup == LayerDemand.High);

        Leave("carol");
        Node.RunUntil(() => Demands() == (LayerDemand.High, LayerDemand.Off, "1"));
        Offer(Node.Peer("dave"), Vp8In);
        Node.RunUntil(() => Demands() == (LayerDemand.High, LayerDemand.High, "1"), TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(BackupPolicy.Regression, 6, true)]
    [InlineData(BackupPolicy.PreferRegression, 4, true)]
    [InlineData(BackupPolicy.PreferRegression, 5, false)]
    [InlineData(BackupPolicy.Simulcast, 3, false)]
    public void Where_the_policy_says_so_everyone_gets_it_once_it_flows_and_the_first_is_wanted_no_more(BackupPolicy policy, int people, bool isForAll)
    {
        Publish(policy);
        var bob = Node.Peer("bob");
        Offer(bob, VideoIn);
        Offer(Node.Peer("carol"), Vp8In);
        for (var i = 3; i < people; i++)
        {
            Offer(Node.Peer($"guest{i}"), VideoIn);
        }

        SendFirst(5);
        PublishBackup();
        SendFirst(30);
        Assert.Equal([TestOffer.H264Type], TypesOf(bob));

        SendBoth(60);
        Assert.Equal(isForAll ? [TestOffer.H264Type, TestOffer.Vp8Type] : [TestOffer.H264Type], TypesOf(bob));
        AssertContinuous([.. bob.PacketsOf(bob.AnsweredSsrc(0))]);
        Node.Run(TimeSpan.FromSeconds(6));
        Assert.Equal((isForAll ? LayerDemand.Off : LayerDemand.High, LayerDemand.High, "1"), Demands());
    }

    [Fact]
    public void What_waits_for_a_narrow_line_when_the_codec_changes_leaves_as_what_it_is()
    {
        Publish(BackupPolicy.Regression);
        var bob = Node.Peer("bob");
        Node.SetPath(bob.Address, new LinkConditions { Bandwidth = 3_000_000, QueueLimit = TimeSpan.FromSeconds(1) });
        Offer(bob, VideoIn);
        Offer(Node.Peer("carol"), Vp8In);
        PublishBackup();
        for (var i = 0; i < 60; i++)
        {
            SendH264(isKeyFrame: i % 10 == 0, packets: i % 10 == 0 ? 60 : 1);
            Backup.SendVp8Frame(Node.Clock.Now, keyFrame: i % 10 == 0);
            Node.Run(FrameTime);
        }

        Assert.Equal([TestOffer.H264Type, TestOffer.Vp8Type], TypesOf(bob));
        Assert.All(
            bob.PacketsOf(bob.AnsweredSsrc(0)),
            p => Assert.Equal(p.Payload[0] is 0x65 or 0x41 ? TestOffer.H264Type : TestOffer.Vp8Type, p.Header.PayloadType));
    }

    [Fact]
    public void When_it_is_taken_back_everyone_has_the_first_again()
    {
        Publish(BackupPolicy.Regression);
        var bob = Node.Peer("bob");
        Offer(bob, VideoIn);
        Offer(Node.Peer("carol"), Vp8In);
        PublishBackup();
        SendBoth(40);
        Assert.Equal(TestOffer.Vp8Type, TypesOf(bob)[^1]);

        Apply("alice", d => d with { Publications = [Publication(BackupPolicy.Regression)] });
        Offer(Alice, Camera, Second with { Direction = "inactive" });
        SendFirst(5);
        Assert.Equal(TestOffer.H264Type, bob.PacketsOf(bob.AnsweredSsrc(0)).Last().Header.PayloadType);
        Assert.Null(Node.ReportOf("alice").Tracks.Single().Backup!.Mid);
        Assert.Equal(("waiting", "NO_SOURCE_PACKETS"), Apply("carol", d => d).Actual.Subscriptions.Select(s => (s.State, s.Reason)).Single());
    }

    [Fact]
    public void A_publisher_whose_offer_lacks_it_is_not_asked_for_it()
    {
        Publish(BackupPolicy.Simulcast, Camera with { Codecs = ["H264"] });
        var joined = Offer(Node.Peer("carol"), Vp8In);
        Assert.Equal(("refused", "CODEC"), joined.Actual.Subscriptions.Select(s => (s.State, s.Reason)).Single());
        Assert.Null(ReportOf("alice")!.Tracks.Single().Backup);
    }

    [Fact]
    public void A_track_that_is_muted_is_so_in_both_codecs()
    {
        Publish(BackupPolicy.Simulcast);
        var carol = Node.Peer("carol");
        Offer(carol, Vp8In);
        Apply("alice", d => d with { MutedTracks = [Sid] });
        PublishBackup();
        SendBoth(5);
        Assert.Empty(carol.Packets);
        Apply("alice", d => d with { MutedTracks = [] });
        SendBoth(5);
        Assert.Equal([TestOffer.Vp8Type], TypesOf(carol));
    }

    [Fact]
    public void Sections_that_are_bound_by_messages_get_it_as_well()
    {
        Publish(BackupPolicy.Simulcast);
        var (viewer, player) = (Node.Peer("viewer"), Node.Peer("player"));
        Connect(viewer, SessionLeg.Play, Vp8In);
        Connect(player, SessionLeg.Play, VideoIn with { Codecs = ["VP8", "H264"] });
        PublishBackup();
        SendBoth(5);
        Assert.Equal([TestOffer.Vp8Type], TypesOf(viewer));
        Assert.Equal([TestOffer.H264Type], TypesOf(player));
    }

    [Fact]
    public void Our_own_offers_have_both_codecs_and_who_takes_the_second_gets_that()
    {
        Publish(BackupPolicy.Simulcast);
        var dave = Node.Peer("dave");
        var offer = Apply("dave", d => d with { TrackNaming = TrackNaming.Offered, Leg = SessionLeg.Play }).Actual.Offer!;
        Assert.True(SessionDescription.TryParse(offer.Sdp, out var offered, out _));
        Assert.Equal(["H264", "rtx", "VP8", "rtx"], offered.Media[1].Codecs.Select(c => c.Name));

        Answer(dave, m => m with { Formats = ["96", "97"], Codecs = [.. m.Codecs.Where(c => c.PayloadType is 96 or 97)] });
        Node.RunUntil(() => Demands().Backup == LayerDemand.High);
        PublishBackup();
        SendBoth(5);
        Assert.Equal([96], TypesOf(dave));
    }

    private static Publication Publication(BackupPolicy policy, string? mid = null) =>
        new() { Mid = "0", Source = "camera", TrackSid = Sid, Codec = "h264", Backup = new("vp8", policy) { Mid = mid } };

    private void Publish(BackupPolicy policy, TestSection? section = null)
    {
        Apply("alice", d => d with { Publications = [Publication(policy)] });
        Offer(Alice, section ?? Camera);
    }

    /// <summary>What a client does that was told that it is wanted.</summary>
    private SessionApplied PublishBackup()
    {
        var policy = _sessions["alice"].Desired.Publications[0].Backup!.Policy;
        Apply("alice", d => d with { Publications = [Publication(policy, "1")] });
        return Offer(Alice, Camera, Second);
    }

    private (LayerDemand First, LayerDemand Backup, string? Mid) Demands()
    {
        var track = ReportOf("alice")!.Tracks.Single();
        return (track.Demand, track.Backup!.Demand, track.Backup.Mid);
    }

    private void SendFirst(int frames)
    {
        for (var i = 0; i < frames; i++)
        {
            SendH264(isKeyFrame: i == 0);
            Node.Run(FrameTime);
        }
    }

    private void SendBoth(int frames)
    {
        for (var i = 0; i < frames; i++)
        {
            SendH264(isKeyFrame: i % 10 == 0);
            Backup.SendVp8Frame(Node.Clock.Now, keyFrame: i % 10 == 0);
            Node.Run(FrameTime);
        }
    }

    private void SendH264(bool isKeyFrame, int packets = 1)
    {
        var payload = new byte[packets == 1 ? 100 : 1000];
        (payload[0], payload[1]) = ((byte)(isKeyFrame ? 0x65 : 0x41), 0x80);
        for (var i = 1; i <= packets; i++)
        {
            First.Send(TestOffer.H264Type, payload, marker: i == packets);
        }

        First.Timestamp += 3000;
    }

    /// <summary>In the order in which they came first.</summary>
    private static List<int> TypesOf(TestPeer peer) => [.. peer.Packets.Where(p => p.Header.PayloadLength != 0).Select(p => (int)p.Header.PayloadType).Distinct()];

    private static IEnumerable<long> MarksOf(TestPeer peer) => peer.Packets.Where(p => p.Header.PayloadLength != 0).Select(p => TestStream.MarkOf(p.Payload));

    private SessionApplied Apply(string name, Func<SessionDesired, SessionDesired> change)
    {
        var (desired, seq) = _sessions.GetValueOrDefault(
            name, (VirtualNode.Desired(name, SessionLeg.Duplex) with { TrackNaming = TrackNaming.Answered }, 0));
        desired = change(desired);
        _sessions[name] = (desired, ++seq);
        return Node.Apply(name, desired, seq, mustExist: seq > 1);
    }

    private SessionApplied Offer(TestPeer peer, params TestSection[] sections)
    {
        var applied = Apply(peer.Name, d => d with { Offer = new((d.Offer?.Id ?? 0) + 1, peer.Offer(sections)) });
        Assert.True(applied.Status == ApplyStatus.Applied, applied.Error?.Message);
        peer.Accept(Node.Clock.Now, applied.Answer!.Sdp);
        Node.RunUntil(() => peer.IsConnected && StateOf(peer.Name) == SessionState.Connected);
        return applied;
    }

    private SessionApplied Answer(TestPeer peer, Func<MediaSection, MediaSection> edit)
    {
        var offer = ReportOf(peer.Name)!.Offer!;
        return Apply(peer.Name, d => d with { Answer = new(offer.Id, peer.AcceptOffer(Node.Clock.Now, offer.Sdp, edit)) });
    }

    private void Leave(string name) => Node.Ask<SessionReply>(id => new CloseSession(id, name, 1, _sessions[name].Seq + 1, "CLIENT_LEFT"));
}
