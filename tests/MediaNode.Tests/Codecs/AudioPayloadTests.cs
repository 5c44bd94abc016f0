using Nexus.MediaNode.Protocol.Codecs;
using static Nexus.MediaNode.Tests.Codecs.Payloads;

namespace Nexus.MediaNode.Tests.Codecs;

public class AudioPayloadTests
{
    [Theory]
    [InlineData("f8", true)]
    [InlineData("78 09", true)]
    [InlineData("78 09 aa", false)]
    [InlineData("", false)]
    public void Opus_dtx_packets_have_at_most_two_octets(string payload, bool expected) =>
        Assert.Equal(expected, OpusPayload.IsDtx(Hex(payload)));

    [Fact]
    public void Opus_says_stereo_in_its_first_octet()
    {
        Assert.True(OpusPayload.IsStereo(Hex("fc 00 00")));
        Assert.False(OpusPayload.IsStereo(Hex("f8 00 00")));
    }

    [Theory]
    [InlineData("6f aabbcc", 1)] // primary only
    [InlineData("ef 0f00 02 6f 1111 aabbcc", 7)] // one redundant block of 2
    [InlineData("ef 1e00 01 ef 0f00 02 6f 01 1111 aabbcc", 12)] // two
    public void Red_ends_with_its_primary_block(string payload, int expected)
    {
        Assert.Equal(DropReason.None, RedPayload.TryFindPrimary(Hex(payload), out var offset, out var type));
        Assert.Equal((expected, 111), (offset, type));
        Assert.Equal("AABBCC", Convert.ToHexString(Hex(payload)[offset..]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ef 0f00 02")] // no primary header
    [InlineData("ef 0f")] // header cut off
    [InlineData("ef 0f03 ff 6f 1111")] // block longer than the payload
    public void Broken_red_is_malformed(string payload) =>
        Assert.Equal(DropReason.CodecMalformed, RedPayload.TryFindPrimary(Hex(payload), out _, out _));

    [Fact]
    public void Red_without_primary_content_is_padding()
    {
        Assert.Equal(DropReason.None, FrameParser.TryParseRed(Hex("ef 0f00 02 6f 1111"), out var info));
        Assert.True(info.IsPadding && info.IsRed);
    }
}
