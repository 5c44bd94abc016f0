using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Projection;

public class Vp8ProjectionTests
{
    private const uint InitialTimestamp = uint.MaxValue - 50_000;
    private readonly Subscription _subscription = new(StreamProjection.Create(CodecKind.Vp8, InitialTimestamp));

    private StreamProjection Projection => _subscription.Projection;

    private void Run(Vp8Source source, int frames, Predicate<int>? keyAtFirst = null)
    {
        for (var i = 0; i < frames; i++)
        {
            _subscription.FeedAll(source.NextFrames(i == 0 ? keyAtFirst : null));
        }
    }

    [Fact]
    public void A_late_joiner_starts_at_a_keyframe_of_the_wished_encoding()
    {
        var source = new Vp8Source();
        Run(source, 5);
        Assert.Equal(-1, Projection.KeyFrameWish);
        Assert.All(_subscription.Drops, r => Assert.Equal(DropReason.SubscriptionPaused, r));
        Projection.SetTarget(LayerTarget.All(1));
        Assert.Equal(1, Projection.KeyFrameWish);
        Run(source, 3);
        Run(source, 3, keyAtFirst: e => e == 0); // another encoding's keyframe does not help
        Assert.Empty(_subscription.Sent);
        Assert.Equal(1, _subscription.Last.KeyFrameWish);
        Run(source, 4, keyAtFirst: e => e == 1);
        Assert.Equal(8, _subscription.Sent.Count);
        Assert.Equal(-1, Projection.KeyFrameWish);
        Assert.Equal(InitialTimestamp, _subscription.Sent[0].Timestamp & uint.MaxValue);
        Vp8Continuity.Check(_subscription.Sent, lossless: true);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(7)]
    public void Identifiers_run_on_through_switches_and_wraps(int pictureIdBits)
    {
        var source = new Vp8Source(pictureIdBits: pictureIdBits);
        Projection.SetTarget(LayerTarget.All(0));
        Run(source, 150);
        foreach (var encoding in (int[])[2, 1, 2, 0])
        {
            var before = _subscription.Sent.Count;
            Projection.SetTarget(LayerTarget.All(encoding));
            Run(source, 10);
            Assert.Equal(before + 20, _subscription.Sent.Count); // the old one flows on meanwhile
            Assert.Equal(encoding, Projection.KeyFrameWish);
            Run(source, 200, keyAtFirst: e => e == encoding);
            Assert.Equal(encoding, Projection.CurrentEncoding);
        }

        Vp8Continuity.Check(_subscription.Sent, lossless: true);

        // At the two switches upwards the lower encoding's frame of the same moment had been sent already.
        Assert.Equal(2 * (150 + (4 * 210) + 2), _subscription.Sent.Count);
        Assert.Equal(5, _subscription.Sent.Count(p => p.IsFirst));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(1, 2)]
    public void Dropped_temporal_layers_leave_no_gap(byte temporal, int divisor)
    {
        var source = new Vp8Source(encodings: 1);
        Projection.SetTarget(new LayerTarget(0, 0, temporal));
        Run(source, 400);
        Assert.Equal(2 * 400 / divisor, _subscription.Sent.Count);
        Assert.All(_subscription.Sent, p => Assert.InRange(p.Info.TemporalId, 0, temporal));
        Vp8Continuity.Check(_subscription.Sent, lossless: true);
    }

    [Fact]
    public void A_temporal_layer_is_joined_only_at_a_frame_that_needs_the_base_layer_alone()
    {
        var source = new Vp8Source(encodings: 1);
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Run(source, 3);
        Projection.SetTarget(LayerTarget.All(0));
        var first = _subscription.Sent.Count;
        Run(source, 40);
        var joined = _subscription.Sent.Skip(first).Where(p => p.Info.TemporalId > 0).GroupBy(p => p.Info.TemporalId).Select(g => g.First());
        Assert.All(joined, p => Assert.True(p.Info.SwitchingPoint));
        Vp8Continuity.Check(_subscription.Sent, lossless: true);
    }

    [Fact]
    public void A_late_packet_gets_the_identifiers_of_its_frame()
    {
        var source = new Vp8Source(encodings: 1);
        Projection.SetTarget(new LayerTarget(0, 0, 1));
        Run(source, 8);
        var frames = Enumerable.Range(0, 8).Select(_ => source.NextFrames().ToArray()).ToArray();

        // Frame 0 (base) loses its second packet, frame 2 (layer 1) comes wholly late, and so does frame 3 (not wanted).
        _subscription.Feed(frames[0][0]);
        foreach (var i in (int[])[1, 4, 5, 6, 7])
        {
            _subscription.FeedAll(frames[i]);
        }

        Assert.True(_subscription.Feed(frames[0][1]));
        Assert.True(_subscription.Feed(frames[2][0]));
        Assert.True(_subscription.Feed(frames[2][1]));
        Assert.False(_subscription.Feed(frames[3][0]));
        Vp8Continuity.Check(_subscription.Sent, lossless: false);
        var ids = _subscription.Sent.Select(p => p.Info.PictureId).Distinct().Order().ToArray();
        Assert.Equal(ids.Length, _subscription.Sent.Select(p => p.Timestamp).Distinct().Count());
    }

    [Fact]
    public void A_late_packet_follows_the_decision_on_its_frame_not_a_later_target()
    {
        var source = new Vp8Source(encodings: 1);
        Projection.SetTarget(LayerTarget.All(0));
        Run(source, 9);
        var upper = source.NextFrames().ToArray(); // temporal layer 2
        _subscription.Feed(upper[0]);
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Run(source, 4);
        Assert.True(_subscription.Feed(upper[1]));
        Assert.Equal(upper[0].Timestamp, _subscription.Sent[^1].Source.Timestamp);
    }

    [Fact]
    public void Packets_from_before_a_switch_are_dropped_after_it()
    {
        var source = new Vp8Source(encodings: 2);
        Projection.SetTarget(LayerTarget.All(0));
        Run(source, 5);
        Projection.SetTarget(LayerTarget.All(1));
        var held = source.NextFrames().ToArray();
        Run(source, 1, keyAtFirst: e => e == 1);
        Assert.Equal(1, Projection.CurrentEncoding);
        _subscription.Drops.Clear();
        _subscription.FeedAll(held);
        Assert.Equal(
            [DropReason.LayerNotWanted, DropReason.LayerNotWanted, DropReason.BeforeSwitch, DropReason.BeforeSwitch],
            _subscription.Drops);
    }

    [Fact]
    public void A_keyframe_start_that_comes_after_its_followers_is_not_switched_at()
    {
        var source = new Vp8Source(encodings: 1);
        Projection.SetTarget(LayerTarget.All(0));
        var key = source.NextFrames().ToArray();
        Assert.False(_subscription.Feed(key[1]));
        Assert.False(_subscription.Feed(key[0]));
        Assert.Equal(DropReason.AwaitingKeyFrame, _subscription.Last.Reason);
        Assert.Equal(0, _subscription.Last.KeyFrameWish);
        Run(source, 1, keyAtFirst: _ => true);
        Assert.Equal(2, _subscription.Sent.Count);
    }

    [Fact]
    public void Padding_is_swallowed()
    {
        var source = new Vp8Source(encodings: 1);
        Projection.SetTarget(LayerTarget.All(0));
        Run(source, 1);
        var padding = source.NextFrames().First() with { Payload = [] };
        Assert.False(_subscription.Feed(padding));
        Assert.Equal(DropReason.Padding, _subscription.Last.Reason);
    }

    [Fact]
    public void A_pause_ends_with_a_keyframe_and_without_a_step_back()
    {
        var source = new Vp8Source(encodings: 1);
        Projection.SetTarget(LayerTarget.All(0));
        Run(source, 10);
        Projection.SetTarget(LayerTarget.Paused);
        Run(source, 50);
        Projection.SetTarget(LayerTarget.All(0));
        Run(source, 10);
        Assert.Equal(20, _subscription.Sent.Count);
        Run(source, 10, keyAtFirst: _ => true);
        Assert.Equal(40, _subscription.Sent.Count);
        Vp8Continuity.Check(_subscription.Sent, lossless: true);
        Assert.Equal(61 * 3000, _subscription.Sent[20].Timestamp - _subscription.Sent[18].Timestamp);
    }

    [Fact]
    public void A_reloaded_publisher_continues_the_stream()
    {
        Projection.SetTarget(LayerTarget.All(1));
        var first = new Vp8Source(seed: 1);
        Run(first, 20);
        _subscription.Rebind(CodecKind.Vp8);
        Assert.Equal(1, Projection.KeyFrameWish);
        Run(new Vp8Source(seed: 77, pictureIdBits: 7), 20);
        Assert.Equal(80, _subscription.Sent.Count);
        Vp8Continuity.Check(_subscription.Sent, lossless: true);
    }

    [Fact]
    public void Another_codec_continues_the_clock()
    {
        Projection.SetTarget(LayerTarget.All(0));
        Run(new Vp8Source(encodings: 1), 20);
        var last = Projection.LastTimestamp;
        _subscription.Rebind(CodecKind.H264);
        Assert.Equal(CodecKind.H264, Projection.Codec);
        var arrival = _subscription.Sent[^1].Source.Arrival.AddMilliseconds(500);
        Assert.True(_subscription.Feed(new SourcePacket(0, 70_000, 5, true, [0x67, 0x42, 0], arrival)));
        Assert.Equal(last + 45_000, Projection.LastTimestamp);
    }

    [Fact]
    public void A_restarted_source_clock_does_not_stop_the_stream()
    {
        var source = new Vp8Source(encodings: 1);
        Projection.SetTarget(LayerTarget.All(0));
        Run(source, 10);
        var last = Projection.LastTimestamp;
        foreach (var packet in source.NextFrames(_ => true))
        {
            Assert.True(_subscription.Feed(packet with { Timestamp = packet.Timestamp - 100_000_000 }));
        }

        Assert.InRange(Projection.LastTimestamp - last, 1, 3000);
    }

    [Fact]
    public void A_repeat_is_made_again_from_its_patch_alone()
    {
        var source = new Vp8Source();
        Projection.SetTarget(LayerTarget.All(2));
        var kept = new List<PacketPatch>();
        for (var i = 0; i < 60; i++)
        {
            foreach (var packet in source.NextFrames(e => i == 30 && e == 0))
            {
                if (_subscription.Feed(packet))
                {
                    kept.Add(_subscription.Last.Patch);
                }
            }

            Projection.SetTarget(LayerTarget.All(i < 20 ? 2 : 0));
        }

        Assert.Equal(kept.Count, _subscription.Sent.Count);
        for (var i = 0; i < kept.Count; i++)
        {
            Assert.Equal(_subscription.Sent[i].Payload, Subscription.Apply(kept[i], _subscription.Sent[i].Source).Payload);
            Assert.Equal(_subscription.Sent[i].Marker, kept[i].Marker);
        }
    }

    [Fact]
    public unsafe void A_patch_has_16_octets() => Assert.Equal(16, sizeof(PacketPatch));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_receiver_never_complains_whatever_is_lost_reordered_or_wished(int seed)
    {
        var random = new Random(seed);
        var source = new Vp8Source(pictureIdBits: seed % 2 == 0 ? 15 : 7, seed: seed);
        var lossy = seed % 3 != 0;
        var delayed = new List<SourcePacket>();
        for (var frame = 0; frame < 600; frame++)
        {
            if (random.Next(30) == 0)
            {
                Projection.SetTarget(new LayerTarget((sbyte)random.Next(3), 0, (byte)random.Next(3)));
            }

            var wish = Projection.KeyFrameWish;
            foreach (var packet in source.NextFrames(e => e == wish && random.Next(5) == 0, random.Next(1, 4)))
            {
                if (!lossy || random.Next(20) > 1)
                {
                    _subscription.Feed(packet);
                }
                else if (random.Next(2) == 0)
                {
                    delayed.Add(packet);
                }
            }

            while (delayed.Count > 0 && random.Next(3) == 0)
            {
                _subscription.Feed(delayed[0]);
                delayed.RemoveAt(0);
            }
        }

        Vp8Continuity.Check(_subscription.Sent, lossless: !lossy);
        CheckNothingOfTheWishedIsMissing(_subscription);
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 30)];

    /// <summary>Base layer frames of the encoding that flows are never dropped.</summary>
    private static void CheckNothingOfTheWishedIsMissing(Subscription subscription)
    {
        var sent = subscription.Sent.Select(p => p.Info).Where(i => i.TemporalId == 0).Select(i => i.Tl0PicIdx).Distinct().Count();
        Assert.True(sent > 50, $"{sent} base layer frames");
    }

    [Fact]
    public void Projecting_does_not_allocate()
    {
        var source = new Vp8Source();
        Projection.SetTarget(LayerTarget.All(1));
        var inputs = Enumerable.Range(0, 200).SelectMany(_ => source.NextFrames()).Select(p =>
        {
            Assert.Equal(DropReason.None, Protocol.Codecs.FrameParser.TryParsePayload(CodecKind.Vp8, p.Payload, p.Marker, out var info));
            return (new ProjectionInput(p.Encoding, p.Sequence, p.Timestamp, p.Marker, p.Arrival), info, p.Payload);
        }).ToArray();
        var prefix = new byte[PacketPatch.MaxPrefixLength];
        var forwarded = 0;
        var share = inputs.Length / 4;
        Assert.Equal(0, Allocations.Least(round =>
        {
            foreach (var (input, info, payload) in inputs.AsSpan(round * share, share))
            {
                var result = Projection.Project(input, info);
                forwarded += result.Forward ? 1 : 0;
                _ = result.Patch.WritePayloadPrefix(payload, prefix, out _);
            }
        }));
        Assert.True(forwarded > 0);
    }
}
