using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Tests.Codecs;

namespace Nexus.MediaNode.Tests.Projection;

public class Av1ProjectionTests
{
    private readonly Subscription _subscription = new(StreamProjection.Create(CodecKind.Av1, 100));
    private Instant _now = Instant.Zero.AddMilliseconds(1000);
    private long _sequence = 70_000;

    private StreamProjection Projection => _subscription.Projection;

    private static byte[] Payload(bool key) => [(byte)(key ? 0x18 : 0x10), 0x30, 1, 2];

    private bool Feed(byte[]? descriptor, bool key = false, bool marker = true, int encoding = 0, bool newPicture = true)
    {
        _now = newPicture ? _now.AddMilliseconds(33) : _now;
        return _subscription.Feed(new SourcePacket(
            encoding, _sequence++, _now.Milliseconds * 90, marker, Payload(key), _now, descriptor));
    }

    /// <summary>One picture of two spatial layers; the second frame's number follows the first's.</summary>
    private (bool Lower, bool Upper) FeedPicture(DescriptorBuilder builder, int frame, int lower, int upper, bool key = false) =>
        (Feed(builder.Packet(frame, lower, attach: key), key, marker: false),
            Feed(builder.Packet(frame + 1, upper), newPicture: false));

    [Fact]
    public void Without_a_descriptor_nothing_is_dropped()
    {
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Assert.False(Feed(null));
        Assert.True(Feed(null, key: true));
        Assert.True(Feed(null));
        Assert.True(Feed([]));
        Assert.All(_subscription.Sent, p => Assert.Empty(p.Descriptor));
    }

    [Fact]
    public void Temporal_layers_are_dropped_and_joined_by_decode_target()
    {
        var l1t3 = DescriptorBuilder.L1T3();
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Assert.True(Feed(l1t3.Packet(0, 0, attach: true), key: true));
        Assert.False(Feed(l1t3.Packet(1, 3)));
        Assert.False(Feed(l1t3.Packet(2, 2)));
        Projection.SetTarget(LayerTarget.All(0));
        Assert.Equal(-1, Projection.KeyFrameWish);
        Assert.False(Feed(l1t3.Packet(3, 4))); // no switching point for the top target
        Assert.True(Feed(l1t3.Packet(4, 1))); // one
        Assert.True(Feed(l1t3.Packet(5, 3)));
        Assert.True(Feed(l1t3.Packet(6, 2)));
        Assert.Equal([0, 4, 5, 6], _subscription.Sent.Select(p => p.Info.Descriptor.FrameNumber - _subscription.Sent[0].Info.Descriptor.FrameNumber));
    }

    [Fact]
    public void The_mask_of_active_targets_tells_the_receiver_what_comes()
    {
        var l1t3 = DescriptorBuilder.L1T3();
        Projection.SetTarget(new LayerTarget(0, 0, 1));
        Feed(l1t3.Packet(0, 0, attach: true), key: true);
        Assert.Equal(0b011u, _subscription.Sent[^1].Info.Descriptor.ActiveTargets);
        Assert.True(_subscription.Sent[^1].Info.Descriptor.HasAttachedStructure);
        Feed(l1t3.Packet(2, 2));
        Assert.Equal(3, _subscription.Sent[^1].Descriptor.Length); // unchanged: not said again
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Feed(l1t3.Packet(4, 1, end: false), marker: false);
        Feed(l1t3.Packet(4, 1, start: false), newPicture: false);
        Assert.All(_subscription.Sent.TakeLast(2), p => Assert.True(p.Descriptor.Length > 3));
        Assert.Equal(0b001u, _subscription.Sent[^1].Info.Descriptor.ActiveTargets);
    }

    [Fact]
    public void A_lower_spatial_layer_takes_effect_at_its_switching_point_with_the_marker_moved()
    {
        var l2t1 = DescriptorBuilder.L2T1();
        Projection.SetTarget(LayerTarget.All(0));
        Assert.Equal((true, true), FeedPicture(l2t1, 0, 1, 2, key: true));
        Assert.Equal((true, true), FeedPicture(l2t1, 2, 0, 3));
        Assert.Equal([false, true, false, true], _subscription.Sent.Select(p => p.Marker));
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Assert.Equal((true, false), FeedPicture(l2t1, 4, 0, 3));
        Assert.True(_subscription.Sent[^1].Marker);
        Assert.Equal(-1, Projection.KeyFrameWish);
    }

    [Fact]
    public void A_higher_spatial_layer_waits_for_a_keyframe()
    {
        var l2t1 = DescriptorBuilder.L2T1();
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Assert.Equal((true, false), FeedPicture(l2t1, 0, 1, 2, key: true));
        Projection.SetTarget(LayerTarget.All(0));
        Assert.Equal((true, false), FeedPicture(l2t1, 2, 0, 3));
        Assert.Equal(0, Projection.KeyFrameWish);
        Assert.Equal((true, true), FeedPicture(l2t1, 4, 1, 2, key: true));
        Assert.Equal(-1, Projection.KeyFrameWish);
    }

    [Fact]
    public void In_key_mode_lower_layers_are_not_sent_and_going_down_takes_a_keyframe()
    {
        var key = DescriptorBuilder.L2T1Key();
        Projection.SetTarget(LayerTarget.All(0));
        Assert.Equal((true, true), FeedPicture(key, 0, 1, 3, key: true));
        Assert.Equal((false, true), FeedPicture(key, 2, 0, 2));
        Assert.Equal((false, true), FeedPicture(key, 4, 0, 2));
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Assert.Equal((false, true), FeedPicture(key, 6, 0, 2)); // its base layer lacks its reference: still the upper one
        Assert.Equal(0, Projection.KeyFrameWish);
        Assert.Equal((true, false), FeedPicture(key, 8, 1, 3, key: true));
        Assert.Equal((true, false), FeedPicture(key, 10, 0, 2));
        Assert.Equal(-1, Projection.KeyFrameWish);
    }

    [Fact]
    public void When_the_sender_stops_the_upper_layer_the_best_active_one_is_wished()
    {
        var l2t1 = DescriptorBuilder.L2T1();
        Projection.SetTarget(LayerTarget.All(0));
        FeedPicture(l2t1, 0, 1, 2, key: true);
        Assert.True(Feed(l2t1.Packet(2, 0, active: 0b01)));
        Assert.True(_subscription.Sent[^1].Marker);
        Assert.Equal(0b01u, _subscription.Sent[^1].Info.Descriptor.ActiveTargets);
        Assert.Equal(-1, Projection.KeyFrameWish);
    }

    [Fact]
    public void Frame_numbers_run_on_through_switches()
    {
        var low = DescriptorBuilder.L1T3(idOffset: 3);
        var high = DescriptorBuilder.L1T3(idOffset: 50);
        Projection.SetTarget(LayerTarget.All(0));
        Feed(low.Packet(65_534, 0, attach: true), key: true);
        Feed(low.Packet(65_535, 3));
        Projection.SetTarget(LayerTarget.All(1));
        Feed(low.Packet(0, 2));
        Assert.True(Feed(high.Packet(30_000, 0, attach: true), key: true, encoding: 1));
        Feed(high.Packet(30_001, 3), encoding: 1);
        var first = _subscription.Sent[0].Info.Descriptor.FrameNumber;
        Assert.Equal([0, 1, 2, 3, 4], _subscription.Sent.Select(p => (ushort)(p.Info.Descriptor.FrameNumber - first) + 0));
        Assert.All(_subscription.Sent, p => Assert.True(p.Info.Descriptor.IsResolved));
    }

    [Fact]
    public void A_lower_layer_of_which_nothing_is_missing_takes_effect_with_the_next_picture()
    {
        var l1t3 = DescriptorBuilder.L1T3();
        Projection.SetTarget(LayerTarget.All(0));
        Feed(l1t3.Packet(0, 0, attach: true), key: true);
        Assert.True(Feed(l1t3.Packet(1, 3)));
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Assert.False(Feed(l1t3.Packet(2, 2)));
        Assert.False(Feed(l1t3.Packet(3, 4)));
        Assert.True(Feed(l1t3.Packet(4, 1)));
    }

    [Fact]
    public void Frame_numbers_run_on_when_the_publisher_starts_anew()
    {
        var l1t3 = DescriptorBuilder.L1T3();
        Projection.SetTarget(LayerTarget.All(0));
        Feed(l1t3.Packet(0, 0, attach: true), key: true);
        Feed(l1t3.Packet(1, 3));
        _subscription.Rebind(CodecKind.Av1);
        Assert.False(Feed(l1t3.Packet(40_000, 4)));
        Assert.True(Feed(l1t3.Packet(40_001, 0, attach: true), key: true));
        var first = _subscription.Sent[0].Info.Descriptor.FrameNumber;
        Assert.Equal([0, 1, 2], _subscription.Sent.Select(p => (ushort)(p.Info.Descriptor.FrameNumber - first) + 0));
    }

    [Fact]
    public void Late_packets_of_a_frame_follow_its_decision()
    {
        var l1t3 = DescriptorBuilder.L1T3();
        Projection.SetTarget(LayerTarget.All(0));
        Feed(l1t3.Packet(0, 0, attach: true), key: true);
        Feed(l1t3.Packet(1, 3, end: false), marker: false);
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Feed(l1t3.Packet(4, 1));
        Assert.True(Feed(l1t3.Packet(1, 3, start: false)));
        Assert.False(Feed(l1t3.Packet(3, 4)));
    }

    [Fact]
    public void Vp8_with_descriptors_gets_continuous_frame_numbers_too()
    {
        var subscription = new Subscription(StreamProjection.Create(CodecKind.Vp8, 100));
        subscription.Projection.SetTarget(LayerTarget.All(0));
        var source = new Vp8Source(encodings: 2);
        var builder = DescriptorBuilder.L1T3();
        for (var frame = 0; frame < 20; frame++)
        {
            subscription.Projection.SetTarget(LayerTarget.All(frame < 10 ? 0 : 1));
            var key = frame is 0 or 10;
            subscription.FeedAll(source.NextFrames(_ => key, packets: 1).Select(p =>
                p with { Descriptor = builder.Packet(frame + (p.Encoding * 500), key ? 0 : 4, attach: key) }));
        }

        var numbers = subscription.Sent.Select(p => p.Info.Descriptor.FrameNumber).ToArray();
        Assert.Equal(Enumerable.Range(numbers[0], numbers.Length), numbers.Select(n => (int)n));
        Vp8Continuity.Check(subscription.Sent, lossless: true);
    }
}
