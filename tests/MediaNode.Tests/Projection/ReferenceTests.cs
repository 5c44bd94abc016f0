using Nexus.MediaNode.Forwarding;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Tests.Codecs;

namespace Nexus.MediaNode.Tests.Projection;

/// <summary>
/// The model of a decoder that knows which frames each frame refers to: whatever targets are wished and whenever, no frame is
/// forwarded without its references.
/// </summary>
public class ReferenceTests
{
    private readonly HashSet<long> _have = [];
    private Instant _now = Instant.Zero.AddMilliseconds(1000);
    private long _sequence = 70_000;

    public enum Av1Mode
    {
        L1T3,
        L2T1,
        L2T1Key,
    }

    public static TheoryData<Av1Mode, int> Av1Cases => Cases(Enum.GetValues<Av1Mode>());

    public static TheoryData<bool, int> Vp9Cases => Cases([false, true]);

    private static TheoryData<T, int> Cases<T>(T[] modes)
    {
        var cases = new TheoryData<T, int>();
        foreach (var mode in modes)
        {
            for (var seed = 1; seed <= 10; seed++)
            {
                cases.Add(mode, seed);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Av1Cases))]
    public void Av1_frames_come_with_their_references(Av1Mode mode, int seed)
    {
        var random = new Random(seed);
        var subscription = new Subscription(StreamProjection.Create(CodecKind.Av1, 100));
        var builder = mode switch
        {
            Av1Mode.L1T3 => DescriptorBuilder.L1T3(seed),
            Av1Mode.L2T1 => DescriptorBuilder.L2T1(seed),
            _ => DescriptorBuilder.L2T1Key(seed),
        };
        long number = 65_000;
        var layers = mode == Av1Mode.L1T3 ? 1 : 2;
        var step = 0;
        for (var picture = 0; picture < 800; picture++, step++)
        {
            Wish(subscription, random);
            var key = picture == 0 || (subscription.Projection.KeyFrameWish >= 0 && random.Next(8) == 0);
            step = key ? 0 : step;
            _now = _now.AddMilliseconds(33);
            for (var spatial = 0; spatial < layers; spatial++, number++)
            {
                var (template, references) = Av1Frame(mode, key, step, spatial);
                var packet = new SourcePacket(
                    0, _sequence++, _now.Milliseconds * 90, spatial == layers - 1, [(byte)(key && spatial == 0 ? 0x18 : 0x10), 0x30],
                    _now, builder.Packet((int)(number & 0xFFFF), template, attach: key && spatial == 0));
                Take(subscription.Feed(packet), number, references);
            }
        }

        CheckStream(subscription);
    }

    private static (int Template, int[] References) Av1Frame(Av1Mode mode, bool key, int step, int spatial) => (mode, spatial, key) switch
    {
        (Av1Mode.L1T3, _, true) => (0, []),
        (Av1Mode.L1T3, _, false) => (step % 4) switch { 0 => (1, [4]), 2 => (2, [2]), 1 => (3, [1]), _ => (4, [1]) },
        (_, 0, true) => (1, []),
        (_, 0, false) => (0, [2]),
        (Av1Mode.L2T1, _, true) => (2, [1]),
        (Av1Mode.L2T1, _, false) => (3, [2, 1]),
        (_, _, true) => (3, [1]),
        (_, _, false) => (2, [2]),
    };

    [Theory]
    [MemberData(nameof(Vp9Cases))]
    public void Vp9_frames_come_with_their_references(bool keyMode, int seed)
    {
        const int layers = 3;
        var random = new Random(seed);
        var subscription = new Subscription(StreamProjection.Create(CodecKind.Vp9, 100));
        var source = new Vp9Source(layers, keyMode, seed: seed);
        var step = 0;
        for (var picture = 0; picture < 800; picture++, step++)
        {
            Wish(subscription, random);
            var key = picture == 0 || (subscription.Projection.KeyFrameWish >= 0 && random.Next(8) == 0);
            step = key ? 0 : step;
            var packets = source.NextPicture(key).ToArray();
            for (var spatial = 0; spatial < layers; spatial++)
            {
                // Layer frames are numbered picture by picture, like AV1's.
                List<int> references = [];
                if (!key)
                {
                    references.Add(layers * ((step % 4) switch { 0 => 4, 2 => 2, _ => 1 }));
                }

                if (spatial > 0 && (key || !keyMode))
                {
                    references.Add(1);
                }

                var first = subscription.Feed(packets[2 * spatial]);
                Assert.Equal(first, subscription.Feed(packets[(2 * spatial) + 1]));
                Take(first, (picture * layers) + spatial, [.. references]);
            }
        }

        CheckStream(subscription);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Numbered_by_the_munger_the_stream_has_no_hole(int seed)
    {
        var random = new Random(seed);
        var subscription = new Subscription(StreamProjection.Create(CodecKind.Vp8, 100));
        var munger = new SequenceMunger(30_000);
        var source = new Vp8Source(seed: seed);
        var expected = 30_000L;
        for (var frame = 0; frame < 500; frame++)
        {
            if (random.Next(30) == 0)
            {
                subscription.Projection.SetTarget(new LayerTarget((sbyte)random.Next(3), 0, (byte)random.Next(3)));
            }

            var wish = subscription.Projection.KeyFrameWish;
            foreach (var packet in source.NextFrames(e => e == wish && random.Next(4) == 0))
            {
                if (!subscription.Feed(packet))
                {
                    if (packet.Encoding == subscription.Projection.CurrentEncoding)
                    {
                        munger.Drop(packet.Sequence);
                    }

                    continue;
                }

                if (subscription.Last.IsFirstOfSource)
                {
                    munger.SwitchSource(packet.Sequence);
                }

                Assert.True(munger.TryMap(packet.Sequence, out var egress));
                Assert.Equal(expected++, egress);
            }
        }

        Assert.True(expected > 30_300);
    }

    private static void Wish(Subscription subscription, Random random)
    {
        if (subscription.Projection.Target.IsPaused || random.Next(20) == 0)
        {
            subscription.Projection.SetTarget(new LayerTarget(0, (byte)random.Next(3), (byte)random.Next(3)));
        }
    }

    private void Take(bool forwarded, long number, int[] references)
    {
        if (forwarded)
        {
            Assert.All(references, distance => Assert.Contains(number - distance, _have));
            _have.Add(number);
        }
    }

    /// <summary>A picture in every slot of the base frame rate, each ending in one marker; the clock never goes back.</summary>
    private static void CheckStream(Subscription subscription)
    {
        var pictures = subscription.Sent.GroupBy(p => p.Timestamp).ToArray();
        Assert.InRange(pictures.Length, 200, 800);
        Assert.Equal(pictures.Select(p => p.Key).Order(), pictures.Select(p => p.Key));
        Assert.All(pictures, p => Assert.Equal(p.Last(), p.Single(packet => packet.Marker)));
    }
}
