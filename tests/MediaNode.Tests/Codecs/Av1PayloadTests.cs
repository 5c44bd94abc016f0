using Nexus.MediaNode.Protocol;
using static Nexus.MediaNode.Tests.Codecs.Payloads;

namespace Nexus.MediaNode.Tests.Codecs;

public class Av1PayloadTests
{
    /// <summary>A sequence header OBU body as libaom writes it for 1280×720.</summary>
    private const string SequenceHeader = "08 00 00 00 2d 4c ff b3 cd af 92";

    [Theory]
    [InlineData("08 0000002d4cffb3cdaf92", 1280, 720)]
    [InlineData("08 00000042abbfc3776be4", 1920, 1080)]
    [InlineData("08 0000000cc4fb6536be", 638, 358)]
    public void A_sequence_header_tells_the_size(string obu, int width, int height)
    {
        // N, W = 1.
        var info = Parse(CodecKind.Av1, Hex("18" + obu));
        Assert.True(info.IsKeyFrame);
        Assert.Equal((width, height), (info.Width, info.Height));
    }

    [Fact]
    public void Elements_with_lengths_are_walked()
    {
        // W = 0: a temporal unit's metadata OBU (2 octets), the sequence header with a size field (13), a frame (3).
        var info = Parse(CodecKind.Av1, Hex("00 02 2800 0c 0a0a" + SequenceHeader[2..] + "03 300102"));
        Assert.True(info.IsKeyFrame);
        Assert.Equal((1280, 720), (info.Width, info.Height));
    }

    [Fact]
    public void The_N_bit_alone_makes_a_keyframe() => Assert.True(Parse(CodecKind.Av1, Hex("18 ff ee dd")).IsKeyFrame);

    [Theory]
    [InlineData("10 30 01 02")] // a frame OBU
    [InlineData("90 08 00 00 00 2d 4c ff b3 cd af 92")] // continues an OBU: its content is not a header
    public void Other_packets_are_none(string payload) => Assert.False(Parse(CodecKind.Av1, Hex(payload)).IsKeyFrame);

    [Theory]
    [InlineData("18")] // no element
    [InlineData("98 30 00")] // N and Z
    [InlineData("00 05 30 01")] // longer than the payload
    [InlineData("20 ff ff ff ff ff 01 00")] // a length of more than 32 bits
    [InlineData("20 80")] // length cut off
    public void Broken_element_lengths_are_malformed(string payload) =>
        Assert.Equal(DropReason.CodecMalformed, Reason(CodecKind.Av1, Hex(payload)));
}
