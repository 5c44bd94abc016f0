using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;
using Nexus.MediaNode.Tests.Codecs;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Projection;

public class ProjectionAllocationTests
{
    [Theory]
    [InlineData(CodecKind.Vp8)]
    [InlineData(CodecKind.Vp9)]
    [InlineData(CodecKind.Av1)]
    [InlineData(CodecKind.H264)]
    [InlineData(CodecKind.Opus)]
    public void Parsing_projecting_and_patching_allocate_nothing(CodecKind codec)
    {
        var packets = Packets(codec).ToArray();
        var parser = new FrameParser();
        var projection = StreamProjection.Create(codec, 100);
        projection.SetTarget(new LayerTarget(0, 1, 1));
        Assert.True(Run(packets, parser, projection) > 0);
        Assert.Equal(0, Allocations.Least(_ => Run(packets, parser, projection)));
    }

    private static int Run(SourcePacket[] packets, FrameParser parser, StreamProjection projection)
    {
        Span<byte> written = stackalloc byte[300];
        var forwarded = 0;
        foreach (var packet in packets)
        {
            if (parser.TryParse(projection.Codec, packet.Payload, packet.Marker, packet.Descriptor, out var info) != DropReason.None)
            {
                throw new InvalidOperationException("does not parse");
            }

            var result = projection.Project(
                new ProjectionInput(packet.Encoding, packet.Sequence, packet.Timestamp, packet.Marker, packet.Arrival), info);
            if (result.Forward)
            {
                forwarded++;
                result.Patch.WritePayloadPrefix(packet.Payload, written, out _);
                result.Patch.WriteDependencyDescriptor(packet.Descriptor, written);
            }
        }

        return forwarded;
    }

    private static IEnumerable<SourcePacket> Packets(CodecKind codec)
    {
        switch (codec)
        {
            case CodecKind.Vp8:
                var vp8 = new Vp8Source(encodings: 1);
                return Enumerable.Range(0, 100).SelectMany(_ => vp8.NextFrames());
            case CodecKind.Vp9:
                var vp9 = new Vp9Source(layers: 3);
                return Enumerable.Range(0, 100).SelectMany(_ => vp9.NextPicture());
            case CodecKind.Av1:
                var l1t3 = DescriptorBuilder.L1T3();
                return Enumerable.Range(0, 100).Select(i => Packet(i, [(byte)(i == 0 ? 0x18 : 0x10), 0x30], l1t3.Packet(i, i % 4, attach: i == 0)));
            case CodecKind.H264:
                return Enumerable.Range(0, 100).Select(i => Packet(i, i == 0 ? [0x67, 0x42, 0] : [0x41, 0x9A]));
            default:
                return Enumerable.Range(0, 100).Select(i => Packet(i, [0xF8, 1]));
        }
    }

    private static SourcePacket Packet(int i, byte[] payload, byte[]? descriptor = null) =>
        new(0, 70_000 + i, 3000L * i, true, payload, Instant.Zero.AddMilliseconds(1000 + (33 * i)), descriptor);
}
