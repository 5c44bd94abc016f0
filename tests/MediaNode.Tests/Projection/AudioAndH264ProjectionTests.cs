using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Tests.Projection;

public class AudioAndH264ProjectionTests
{
    private static readonly Instant Start = Instant.Zero.AddMilliseconds(1000);
    private static readonly byte[] Sps = [0x67, 0x42, 0xC0, 0x1F];
    private static readonly byte[] Idr = [0x65, 0x88, 0x80];
    private static readonly byte[] Slice = [0x41, 0x9A, 0x24];
    private static readonly byte[] Red = [0xEF, 0x0F, 0x00, 0x02, 0x6F, 0x11, 0x11, 0xAA, 0xBB];

    private static SourcePacket Packet(long sequence, byte[] payload, int encoding = 0, bool isRed = false) =>
        new(encoding, sequence, sequence * 960, true, payload, Start.AddMilliseconds(sequence), IsRed: isRed);

    [Fact]
    public void Audio_starts_with_any_packet_and_passes_unchanged()
    {
        var subscription = new Subscription(StreamProjection.Create(CodecKind.Opus, 100));
        subscription.Projection.SetTarget(LayerTarget.All(0));
        Assert.True(subscription.Feed(Packet(5, [0xF8, 1, 2])));
        Assert.True(subscription.Feed(Packet(6, [0xF8])));
        Assert.Equal([0xF8, 1, 2], subscription.Sent[0].Payload);
        Assert.Equal(960, subscription.Sent[1].Timestamp - subscription.Sent[0].Timestamp);
        Assert.Equal(100u, (uint)subscription.Sent[0].Timestamp);
    }

    [Fact]
    public void An_early_audio_packet_that_was_overtaken_by_the_start_is_dropped()
    {
        var subscription = new Subscription(StreamProjection.Create(CodecKind.Opus, 100));
        subscription.Projection.SetTarget(LayerTarget.All(0));
        Assert.True(subscription.Feed(Packet(6, [0xF8])));
        Assert.False(subscription.Feed(Packet(5, [0xF8])));
        Assert.Equal(DropReason.BeforeSwitch, subscription.Last.Reason);
    }

    [Theory]
    [InlineData(false, "AABB")]
    [InlineData(true, "EF0F00026F1111AABB")]
    public void Red_is_unwrapped_for_receivers_without_it(bool receivesRed, string expected)
    {
        var subscription = new Subscription(StreamProjection.Create(CodecKind.Opus, 100));
        subscription.Projection.ReceivesRed = receivesRed;
        subscription.Projection.SetTarget(LayerTarget.All(0));
        Assert.True(subscription.Feed(Packet(5, Red, isRed: true)));
        Assert.Equal(expected, Convert.ToHexString(subscription.Sent[0].Payload));
    }

    [Fact]
    public void H264_switches_at_parameter_sets()
    {
        var subscription = new Subscription(StreamProjection.Create(CodecKind.H264, 100));
        subscription.Projection.SetTarget(LayerTarget.All(0));
        Assert.False(subscription.Feed(Packet(1, Slice)));
        Assert.True(subscription.Feed(Packet(2, Sps)));
        Assert.True(subscription.Feed(Packet(3, Idr)));
        subscription.Projection.SetTarget(LayerTarget.All(1));

        // The wished encoding's parameter sets were lost: its picture alone cannot be decoded.
        Assert.False(subscription.Feed(Packet(50, Idr, encoding: 1)));
        Assert.Equal(1, subscription.Last.KeyFrameWish);
        Assert.True(subscription.Feed(Packet(4, Slice)));
        Assert.True(subscription.Feed(Packet(60, Sps, encoding: 1)));
        Assert.Equal(-1, subscription.Last.KeyFrameWish);
        Assert.True(subscription.Feed(Packet(61, Idr, encoding: 1)));
        Assert.Equal([true, false, false, true, false], subscription.Sent.Select(p => p.IsFirst));
    }

    [Fact]
    public void H264_without_parameter_sets_in_band_starts_at_its_idr_picture()
    {
        var subscription = new Subscription(StreamProjection.Create(CodecKind.H264, 100));
        subscription.Projection.SetTarget(LayerTarget.All(0));
        Assert.True(subscription.Feed(Packet(1, Idr)));
    }
}
