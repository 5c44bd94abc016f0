using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;
using Nexus.TestKit.Diagnostics;
using static Nexus.MediaNode.Tests.Codecs.Payloads;

namespace Nexus.MediaNode.Tests.Codecs;

public class FrameParserTests
{
    private readonly FrameParser _parser = new();

    [Fact]
    public void The_descriptor_finds_the_keyframe_of_an_encrypted_payload()
    {
        // An AV1 payload whose element lengths make no sense.
        var payload = Hex("00 ff ff ff ff ff ff");
        var key = DescriptorBuilder.L1T3().Packet(1, template: 0, attach: true, end: false);
        Assert.Equal(DropReason.None, _parser.TryParse(CodecKind.Av1, payload, false, key, out var info));
        Assert.True(info.IsKeyFrame && info.HasDescriptor && info.StartOfFrame && !info.EndOfFrame);
        Assert.Equal((1280, 720, 1), (info.Width, info.Height, info.SpatialLayerCount));

        var delta = DescriptorBuilder.L1T3().Packet(2, template: 4);
        Assert.Equal(DropReason.None, _parser.TryParse(CodecKind.Av1, payload, true, delta, out info));
        Assert.False(info.IsKeyFrame);
        Assert.Equal(2, info.TemporalId);
    }

    [Fact]
    public void A_broken_descriptor_is_as_none()
    {
        Assert.Equal(DropReason.None, _parser.TryParse(CodecKind.Av1, Hex("18 ff ee"), true, Hex("c0 01"), out var info));
        Assert.False(info.HasDescriptor);
        Assert.True(info.IsKeyFrame);
    }

    [Fact]
    public void A_descriptor_does_not_excuse_a_broken_vp8_payload()
    {
        // The VP8 descriptor is written by the packetizer, after encryption: it must be right.
        var descriptor = DescriptorBuilder.L1T3().Packet(1, template: 0, attach: true);
        Assert.Equal(DropReason.CodecMalformed, _parser.TryParse(CodecKind.Vp8, Hex("90 80"), true, descriptor, out _));
    }

    [Fact]
    public void An_unknown_codec_is_refused() =>
        Assert.Equal(DropReason.RtpUnknownPayloadType, _parser.TryParse(CodecKind.Unknown, Hex("01"), true, [], out _));

    [Fact]
    public void Parsing_does_not_allocate()
    {
        var packets = new (CodecKind Codec, byte[] Payload, byte[] Descriptor)[]
        {
            (CodecKind.Vp8, Hex("90 f0 92 34 ab b5 50 40 01 9d 01 2a 00 05 d0 02"), []),
            (CodecKind.Vp9, Hex("aa 92 34 00 05 58 0140 00b4 0280 0168 0500 02d0 01 04 01 82"), []),
            (CodecKind.H264, Hex("6742c01fd9005005bb0110000003001000000303c0f18324"), []),
            (CodecKind.Av1, Hex("18 08 0000002d4cffb3cdaf92"), DescriptorBuilder.L1T3().Packet(1, template: 0, attach: true)),
            (CodecKind.Av1, Hex("10 30 01 02"), DescriptorBuilder.L1T3().Packet(2, template: 3, active: 3)),
            (CodecKind.Opus, Hex("f8 01 02"), []),
        };
        Assert.Equal(0, Allocations.Least(_ => ParseAll(packets, 1000)));
    }

    private void ParseAll((CodecKind Codec, byte[] Payload, byte[] Descriptor)[] packets, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (codec, payload, descriptor) in packets)
            {
                if (_parser.TryParse(codec, payload, true, descriptor, out _) != DropReason.None)
                {
                    throw new InvalidOperationException(codec.ToString());
                }
            }
        }
    }
}
