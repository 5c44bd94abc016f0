using System.Buffers.Binary;
using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>An H.264 sender that sends its parameter sets once, before its first picture, and viewers who were not there then.</summary>
public class ParameterSetsTests : NodeTest
{
    private static readonly byte[] Sps = [0x67, 0x42, 0xC0, 0x1F];
    private static readonly byte[] Pps = [0x68, 0xCE, 0x3C, 0x80];
    private static readonly byte[] Together = [0x78, 0, 4, .. Sps, 0, 4, .. Pps];

    private readonly TestPeer _publisher;
    private readonly TestStream _video;

    public ParameterSetsTests()
        : this(null)
    {
    }

    private protected ParameterSetsTests(Func<LoopOptions, LoopOptions>? change)
        : base(change: change)
    {
        _publisher = Node.Peer("alice");
        Connect(_publisher, SessionLeg.Publish, new TestSection("video", "sendonly", ["H264"]));
        _video = new TestStream(_publisher, "0", 2222);
    }

    [Fact]
    public void Who_comes_later_gets_them_in_front_of_the_picture_that_it_starts_with()
    {
        var early = Join("bob");
        Start();
        var late = Join("carol");
        Send(0x41, 0x65, 0x41, 0x65);
        AssertStartsWithSets(late);
        Assert.Single(Sets(late));

        // Who has them from the publisher gets no others.
        Assert.Empty(Sets(early));
        AssertContinuous([.. early.PacketsOf(early.AnsweredSsrc(0))]);
    }

    [Fact]
    public void They_are_repeated_when_they_are_lost()
    {
        Start();
        var late = Join("carol");
        Send(0x41, 0x65, 0x41);
        var sets = Sets(late).Single();
        late.SendNack(late.AnsweredSsrc(0), sets.Header.SequenceNumber);
        Node.RunUntil(() => late.PacketsOf(late.AnsweredRtxSsrc(0)).Any());
        var repeat = late.PacketsOf(late.AnsweredRtxSsrc(0)).Single();
        Assert.Equal(sets.Header.SequenceNumber, BinaryPrimitives.ReadUInt16BigEndian(repeat.Payload));
        Assert.Equal(Together, repeat.Payload[2..].ToArray());
        Assert.Equal(sets.Header.Timestamp, repeat.Header.Timestamp);
    }

    [Fact]
    public void Without_rtx_no_number_is_used_twice_and_a_wish_for_a_keyframe_brings_them_again()
    {
        var reused = WatchForReusedNumbers();
        Start();
        var late = Join("carol", rtx: false);
        Send(0x41, 0x65, 0x41);
        late.SendNack(late.AnsweredSsrc(0), Sets(late).Single().Header.SequenceNumber);
        Send(0x41, 0x65);
        Assert.Single(Sets(late));
        late.SendPli(late.AnsweredSsrc(0));
        Send(0x41, 0x65, 0x41, 0x65);
        Assert.Equal(2, Sets(late).Count());
        AssertStartsWithSets(late);
        Assert.Empty(reused);
    }

    [Fact]
    public void After_a_pause_by_the_server_they_come_again()
    {
        Start();
        var late = Join("carol");
        Send(0x41, 0x65, 0x41);
        var desired = VirtualNode.Desired("alice", SessionLeg.Publish);
        Node.Apply("alice", desired with { MutedTracks = [ReportOf("alice")!.Tracks.Single().Sid] }, seq: 2);
        Send(0x41, 0x41);
        Node.Apply("alice", desired, seq: 3);
        Send(0x41, 0x65, 0x41);
        Assert.Equal(2, Sets(late).Count());
        AssertStartsWithSets(late);
    }

    private TestPeer Join(string name, bool rtx = true)
    {
        var viewer = Node.Peer(name);
        Connect(viewer, SessionLeg.Play, rtx, VideoIn);
        return viewer;
    }

    private void Start()
    {
        _video.Send(TestOffer.H264Type, Sps, marker: false);
        _video.Send(TestOffer.H264Type, Pps, marker: false);
        Send(0x65, 0x41, 0x41);
    }

    private void Send(params byte[] units)
    {
        foreach (var unit in units)
        {
            var payload = new byte[100];
            (payload[0], payload[1]) = (unit, 0x80);
            _video.Send(TestOffer.H264Type, payload, marker: true);
            _video.Timestamp += 3000;
            Node.Run(FrameTime);
        }
    }

    private static IEnumerable<PeerPacket> Sets(TestPeer viewer) =>
        viewer.PacketsOf(viewer.AnsweredSsrc(0)).Where(p => p.Payload.SequenceEqual(Together));

    private static void AssertStartsWithSets(TestPeer viewer)
    {
        var packets = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        AssertContinuous(packets);
        Assert.Equal(Together, packets[0].Payload.ToArray());
        foreach (var (sets, picture) in packets.Zip(packets.Skip(1)).Where(p => p.First.Payload.SequenceEqual(Together)))
        {
            Assert.Equal(0x65, picture.Payload[0]);
            Assert.Equal(picture.Header.Timestamp, sets.Header.Timestamp);
            Assert.False(sets.Header.Marker);
        }
    }
}
