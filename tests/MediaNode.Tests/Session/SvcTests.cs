using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>
/// Streams of several layers at viewers on lines of changing width, through the whole node on virtual time: layers fall and rise, and
/// what each viewer gets is one stream that a decoder takes.
/// </summary>
public class SvcTests : NodeTest
{
    public SvcTests()
        : this(null)
    {
    }

    private protected SvcTests(Func<LoopOptions, LoopOptions>? change)
        : base(change: change)
    {
    }

    private const long Wide = 20_000_000;

    private TestPeer _publisher = null!;
    private SvcSource _source = null!;
    private string _codec = "";
    private bool _keyFrameWanted = true;

    [Theory]
    [InlineData("VP9", "L3T3")]
    [InlineData("VP9", "L3T3_KEY")]
    [InlineData("VP9", "L2T2_KEY")]
    [InlineData("AV1", "L3T3")]
    [InlineData("AV1", "L3T3_KEY")]
    [InlineData("AV1", "L2T2_KEY")]
    public void Spatial_layers_fall_with_the_line_and_rise_with_it_and_the_stream_goes_on(string codec, string mode)
    {
        Publish(codec, mode, 1, 2, 4);
        var viewer = Join(Wide);
        SendUntil(() => Layer == "high", 5);
        SetLine(viewer, 200_000);
        SendUntil(() => Layer == "low", 10);
        SetLine(viewer, Wide);
        SendUntil(() => Layer == "high", 40);
        SendFor(1);
        AssertDecodable(viewer);
    }

    [Theory]
    [InlineData("VP8")]
    [InlineData("VP9")]
    [InlineData("H264")]
    [InlineData("AV1")]
    public void Of_one_resolution_frames_are_left_out_and_come_back(string codec)
    {
        Publish(codec, "L1T3", 6);
        var viewer = Join(Wide);
        SendFor(3);
        Assert.InRange(PicturesOfLastSecond(viewer), 29, 32);
        SetLine(viewer, 900_000);
        SendUntil(() => PicturesOfLastSecond(viewer) <= 16, 10);
        SendFor(3);
        Assert.InRange(PicturesOfLastSecond(viewer), 6, 16);
        SetLine(viewer, Wide);
        SendUntil(() => PicturesOfLastSecond(viewer) >= 29, 40);
        AssertDecodable(viewer);
    }

    [Theory]
    [InlineData("VP9", "L3T3")]
    [InlineData("AV1", "L3T3_KEY")]
    public void What_comes_after_a_pause_and_what_was_before_it_are_one_stream(string codec, string mode)
    {
        Publish(codec, mode, 1, 2, 4);
        var wish = new SubscriptionWish { TrackSid = ReportOf("alice")!.Tracks.Single().Sid, Mid = "0", Acknowledged = true };
        SessionDesired? desired = null;
        var viewer = Join(Wide, d => desired = d with { Subscriptions = [wish] });
        SendUntil(() => Layer == "high", 5);
        Node.Apply("bob", desired! with { Subscriptions = [wish with { Paused = true }] }, seq: 2, mustExist: true);
        SendFor(0.5);
        var before = PacketsOf(viewer).Count;
        SendFor(1);
        Assert.Equal(before, PacketsOf(viewer).Count);
        Node.Apply("bob", desired with { Subscriptions = [wish] }, seq: 3, mustExist: true);
        SendFor(2);
        Assert.Equal("high", Layer);
        Assert.NotEqual(before, PacketsOf(viewer).Count);
        AssertDecodable(viewer);
    }

    [Theory]
    [InlineData(320, 180, "low")]
    [InlineData(640, 360, "middle")]
    [InlineData(700, 394, "middle")]
    [InlineData(1280, 720, "high")]
    public void A_size_is_a_spatial_layer_by_what_the_publisher_tells(int width, int height, string layer)
    {
        Publish("VP9", "L3T3", 1, 2, 4);
        var viewer = Join(Wide, d => d with { Subscriptions = [new SubscriptionWish { TrackSid = ReportOf("alice")!.Tracks.Single().Sid, Mid = "0", Width = width, Height = height, Acknowledged = true }] });
        SendFor(3);
        Assert.Equal(layer, Layer);
        AssertDecodable(viewer);
    }

    [Fact]
    public void Layers_are_shown_with_name_size_and_bitrate()
    {
        Publish("AV1", "L3T3_KEY", 1, 2, 4);
        Join(Wide);
        SendFor(3);
        var layers = Node.ReportOf("alice").Tracks.Single().Layers;
        Assert.Equal([("low", 320, 180), ("middle", 640, 360), ("high", 1280, 720)], layers.Select(l => (l.Rid, l.Width, l.Height)));
        Assert.All(layers, l => Assert.True(l.Active));
        Assert.All(layers.Zip([260_000, 520_000, 1_040_000]), l => Assert.InRange(l.First.Bitrate, l.Second * 0.9, l.Second * 1.1));
    }

    [Fact]
    public void Losses_leave_frames_out_where_there_is_one_resolution()
    {
        Publish("VP9", "L1T3", 6);
        var viewer = Join(Wide);
        SendFor(3);
        SetLine(viewer, Wide, loss: 0.1);
        SendUntil(() => PicturesOfLastSecond(viewer) is > 0 and <= 16, 15);
        SetLine(viewer, Wide);
        SendUntil(() => PicturesOfLastSecond(viewer) >= 29, 40);
    }

    [Fact]
    public void Who_takes_no_descriptors_of_av1_gets_none_and_the_layer_that_stands_alone()
    {
        Publish("AV1", "L3T3_KEY", 1, 2, 4);
        var viewer = Node.Peer("bob");
        viewer.EditOffer = sdp => sdp.Replace("https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension", "urn:x-unknown", StringComparison.Ordinal);
        SetLine(viewer, Wide);
        Connect(viewer, SessionLeg.Play, new TestSection("video", "recvonly", ["AV1"]));
        SendFor(3);
        Assert.Equal("low", Layer);
        var packets = PacketsOf(viewer);
        Assert.All(packets, p => Assert.Equal(0, _source.FrameOf(p.Payload).Spatial));
        Assert.All(packets, p => Assert.DoesNotContain(TestOffer.DescriptorId, p.Extensions.Keys));
        AssertPictures(packets);
    }

    private string? Layer => ReportOf("bob")?.Subscriptions.SingleOrDefault()?.Layer;

    private void Publish(string codec, string mode, params int[] packets)
    {
        _codec = codec;
        _publisher = Node.Peer("alice");
        Connect(_publisher, SessionLeg.Publish, new TestSection("video", "sendonly", [codec]));
        _source = new SvcSource(new TestStream(_publisher, "0", 10), codec, mode, packets);
        SendFor(0.5);
    }

    private TestPeer Join(long bitsPerSecond, Func<SessionDesired, SessionDesired>? edit = null)
    {
        var viewer = Node.Peer("bob");
        SetLine(viewer, bitsPerSecond);
        Node.Join(viewer, SessionLeg.Play, [new TestSection("video", "recvonly", [_codec])], edit ?? (d => d));
        Node.RunUntil(() => viewer.IsConnected && StateOf("bob") == SessionState.Connected);
        return viewer;
    }

    /// <summary>The queue is so long that nothing of the pictures is lost: the estimate goes by delay.</summary>
    private void SetLine(TestPeer viewer, long bitsPerSecond, double loss = 0) => Node.SetPath(
        viewer.Address,
        new LinkConditions { Bandwidth = bitsPerSecond, Delay = TimeSpan.FromMilliseconds(20), QueueLimit = TimeSpan.FromSeconds(60), Loss = loss });

    private void SendFor(double seconds)
    {
        for (var end = Node.Clock.Now + TimeSpan.FromSeconds(seconds); Node.Clock.Now < end;)
        {
            SendPicture();
        }
    }

    private void SendUntil(Func<bool> holds, double seconds)
    {
        for (var end = Node.Clock.Now + TimeSpan.FromSeconds(seconds); !holds();)
        {
            Assert.True(Node.Clock.Now < end, "what was waited for did not happen");
            SendPicture();
        }
    }

    private void SendPicture()
    {
        _source.SendPicture(_keyFrameWanted || _publisher.Plis.Contains(_source.Ssrc));
        _publisher.Plis.Clear();
        _keyFrameWanted = false;
        Node.Run(FrameTime);
    }

    private static List<PeerPacket> PacketsOf(TestPeer viewer) => [.. viewer.PacketsOf(viewer.AnsweredSsrc(0))];

    private int PicturesOfLastSecond(TestPeer viewer) =>
        PacketsOf(viewer).AsEnumerable().Reverse().TakeWhile(p => p.At > Node.Clock.Now - TimeSpan.FromSeconds(1)).Select(p => p.Header.Timestamp).Distinct().Count();

    /// <summary>No number is missing, each frame comes with all that it refers to, and all identifiers run on.</summary>
    private void AssertDecodable(TestPeer viewer)
    {
        var packets = PacketsOf(viewer);
        AssertContinuous(packets);
        AssertPictures(packets);
        var have = new HashSet<int>();
        foreach (var packet in packets)
        {
            var frame = _source.FrameOf(packet.Payload);
            Assert.All(frame.References, distance => Assert.Contains(frame.Number - distance, have));
            have.Add(frame.Number);
        }

        AssertIdentifiers(packets);
    }

    /// <summary>Each picture ends with its only marker, and none is earlier than the one before.</summary>
    private static void AssertPictures(List<PeerPacket> packets)
    {
        var pictures = packets.GroupBy(p => p.Header.Timestamp).ToList();
        Assert.All(pictures.SkipLast(1), p => Assert.Equal(p.Last(), p.Single(packet => packet.Header.Marker)));
        Assert.All(pictures.Zip(pictures.Skip(1)), p => Assert.InRange((int)(p.Second.Key - p.First.Key), 1, 90_000 * 60));
    }

    private void AssertIdentifiers(List<PeerPacket> packets)
    {
        var parser = new FrameParser();
        FrameInfo? last = null;
        foreach (var packet in packets)
        {
            var descriptor = packet.Extensions.GetValueOrDefault(TestOffer.DescriptorId) ?? [];
            Assert.Equal(DropReason.None, parser.TryParse(Enum.Parse<CodecKind>(_codec, ignoreCase: true), packet.Payload, packet.Header.Marker, descriptor, out var frame));
            if (frame.HasDescriptor)
            {
                Assert.True(frame.Descriptor.IsResolved);
            }

            if (last is { } before)
            {
                // The last picture before a pause and the first after it are neighbours; what was left out between is a gap of a few.
                Assert.InRange((frame.PictureId - before.PictureId) & 0x7FFF, 0, 4);
                Assert.InRange((byte)(frame.Tl0PicIdx - before.Tl0PicIdx), 0, 1);
                Assert.InRange((ushort)(frame.Descriptor.FrameNumber - before.Descriptor.FrameNumber), 0, 12);
            }

            last = frame;
        }
    }
}
