using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Tests.Codecs;

public class DependencyDescriptorTests
{
    private readonly DependencyDescriptorReader _reader = new();

    private DependencyDescriptor Read(byte[] data)
    {
        Assert.Equal(DropReason.None, _reader.TryParse(data, out var descriptor));
        return descriptor;
    }

    [Fact]
    public void A_structure_is_read_with_the_keyframe()
    {
        var key = Read(DescriptorBuilder.L1T3(idOffset: 60).Packet(100, template: 0, attach: true));
        Assert.True(key.IsResolved && key.HasAttachedStructure && key.IsKeyFrame);
        Assert.Equal(0b111u, key.ActiveTargets);
        var structure = key.Structure!;
        Assert.Equal((3, 1, 5, 1), (structure.DecodeTargetCount, structure.ChainCount, structure.TemplateCount, structure.SpatialLayerCount));
        Assert.Equal((1280, 720), (structure.Resolution(0).Width, structure.Resolution(0).Height));
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 3).Select(t => (int)structure.TemporalIdOf(t)));
        Assert.Equal(0b011u, structure.TargetsWithin(spatialId: 0, temporalId: 1));
    }

    [Fact]
    public void Later_packets_are_explained_by_the_cached_structure()
    {
        var builder = DescriptorBuilder.L1T3(idOffset: 60);
        Read(builder.Packet(100, template: 0, attach: true));
        var frame = Read(builder.Packet(102, template: 2, end: false));
        Assert.True(frame.IsResolved && !frame.IsKeyFrame && frame.StartOfFrame && !frame.EndOfFrame);
        Assert.Equal((102, 0, 1), (frame.FrameNumber, frame.SpatialId, frame.TemporalId));
        Assert.Equal(
            [DecodeTargetIndication.NotPresent, DecodeTargetIndication.Discardable, DecodeTargetIndication.Switch],
            [frame.Indication(0), frame.Indication(1), frame.Indication(2)]);
        Assert.Equal((1, 2, 2), (frame.FrameDiffCount, frame.FrameDiffs[0], frame.ChainDiffs[0]));
    }

    [Fact]
    public void Custom_fields_override_the_template()
    {
        var builder = DescriptorBuilder.L1T3();
        Read(builder.Packet(0, template: 0, attach: true));
        var frame = Read(builder.Packet(9, template: 3, customTargets: "S-R", customDiffs: [9, 200, 4096], customChains: [77]));
        Assert.Equal(
            [DecodeTargetIndication.Switch, DecodeTargetIndication.NotPresent, DecodeTargetIndication.Required],
            [frame.Indication(0), frame.Indication(1), frame.Indication(2)]);
        Assert.Equal([9, 200, 4096], Enumerable.Range(0, frame.FrameDiffCount).Select(i => (int)frame.FrameDiffs[i]));
        Assert.Equal(77, frame.ChainDiffs[0]);
    }

    [Fact]
    public void The_active_mask_holds_until_the_next()
    {
        var builder = DescriptorBuilder.L1T3();
        Read(builder.Packet(0, template: 0, attach: true));
        Assert.Equal(0b011u, Read(builder.Packet(1, template: 3, active: 0b011)).ActiveTargets);
        Assert.Equal(0b011u, Read(builder.Packet(2, template: 2)).ActiveTargets);
        Assert.Equal(0b111u, Read(builder.Packet(3, template: 0, attach: true)).ActiveTargets);
    }

    [Fact]
    public void Without_a_structure_only_the_mandatory_fields_are_known()
    {
        var frame = Read(DescriptorBuilder.L1T3().Packet(102, template: 2));
        Assert.False(frame.IsResolved);
        Assert.Equal(102, frame.FrameNumber);
    }

    [Fact]
    public void A_packet_from_before_the_structure_is_not_explained_by_it()
    {
        Read(DescriptorBuilder.L1T3(idOffset: 5).Packet(65500, template: 0, attach: true));
        Read(DescriptorBuilder.L2T1(idOffset: 10).Packet(0, template: 1, attach: true)); // wrapped: 65530 is older
        Assert.True(Read(DescriptorBuilder.L2T1(idOffset: 10).Packet(1, template: 2)).IsResolved);
        Assert.False(Read(DescriptorBuilder.L1T3(idOffset: 5).Packet(65530, template: 2)).IsResolved);
    }

    [Fact]
    public void A_repeated_structure_is_not_built_anew()
    {
        var packet = DescriptorBuilder.L2T1().Packet(10, template: 1, attach: true);
        var first = Read(packet).Structure;
        Assert.Same(first, Read(DescriptorBuilder.L2T1().Packet(20, template: 1, attach: true)).Structure);
        Assert.NotSame(first, Read(DescriptorBuilder.L2T1Key().Packet(30, template: 1, attach: true)).Structure);
    }

    [Fact]
    public void A_template_that_the_structure_lacks_leaves_the_frame_unexplained()
    {
        Read(DescriptorBuilder.L2T1().Packet(10, template: 1, attach: true));
        Assert.False(Read(DescriptorBuilder.L2T1().Packet(11, template: 40)).IsResolved);
    }

    [Fact]
    public void Every_truncation_of_a_structure_is_malformed_or_unexplained()
    {
        var packet = DescriptorBuilder.L1T3().Packet(10, template: 0, attach: true);
        for (var length = 0; length < packet.Length; length++)
        {
            var reason = new DependencyDescriptorReader().TryParse(packet.AsSpan(0, length), out var descriptor);
            Assert.True(reason == DropReason.CodecMalformed || !descriptor.IsResolved, $"{length} octets");
        }
    }

    [Fact]
    public void The_frame_number_is_rewritten_alone()
    {
        var source = DescriptorBuilder.L1T3().Packet(10, template: 2, end: false, customChains: [5]);
        var written = new byte[source.Length];
        Assert.Equal(source.Length, DependencyDescriptorWriter.WithFrameNumber(source, 0xABCD, written));
        Assert.Equal(DescriptorBuilder.L1T3().Packet(0xABCD, template: 2, end: false, customChains: [5]), written);
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(true, true, false)]
    [InlineData(false, true, true)]
    [InlineData(true, true, true)]
    public void The_active_mask_is_inserted_or_replaced(bool attach, bool hasMask, bool custom)
    {
        byte[] Make(int number, uint? mask) => DescriptorBuilder.L2T1().Packet(
            number, template: 1, attach: attach, active: mask,
            customTargets: custom ? "RS" : null, customDiffs: custom ? [300] : null, customChains: custom ? [1, 2] : null);

        var source = Make(10, hasMask ? 0b11u : null);
        var written = new byte[source.Length + DependencyDescriptorWriter.MaxGrowth];
        var length = DependencyDescriptorWriter.WithActiveTargets(source, 77, 0b01, 2, written);

        // The copy may keep the source's padding bits as one more octet.
        var expected = Make(77, 0b01);
        Assert.InRange(length, expected.Length, expected.Length + 1);
        Assert.Equal(expected, written[..expected.Length]);
        Assert.All(written[expected.Length..length], octet => Assert.Equal(0, octet));
    }

    [Fact]
    public void A_rewrite_without_room_or_of_garbage_yields_nothing()
    {
        var source = DescriptorBuilder.L2T1().Packet(10, template: 1, attach: true);
        Assert.Equal(0, DependencyDescriptorWriter.WithActiveTargets(source, 1, 1, 2, new byte[5]));
        Assert.Equal(0, DependencyDescriptorWriter.WithActiveTargets(source.AsSpan(0, 6), 1, 1, 2, new byte[50]));
        Assert.Equal(0, DependencyDescriptorWriter.WithFrameNumber(source, 1, new byte[5]));
        Assert.Equal(0, DependencyDescriptorWriter.WithFrameNumber([1, 2], 1, new byte[5]));
    }
}
