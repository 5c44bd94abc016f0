using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;
using static Nexus.MediaNode.Tests.Codecs.Payloads;

namespace Nexus.MediaNode.Tests.Codecs;

public class Vp8PayloadTests
{
    /// <summary>The first ten octets of a 1280×720 keyframe as libvpx writes it.</summary>
    private const string KeyFrame = "50 40 01 9d 01 2a 00 05 d0 02 08 c7";
    private const string DeltaFrame = "b1 02 00";

    [Fact]
    public void A_keyframe_tells_its_size()
    {
        var info = Parse(CodecKind.Vp8, Hex("10" + KeyFrame), marker: true);
        Assert.True(info.IsKeyFrame);
        Assert.True(info.StartOfFrame);
        Assert.True(info.EndOfFrame);
        Assert.Equal((1280, 720), (info.Width, info.Height));
        Assert.Equal(0, info.PictureIdBits);
        Assert.False(info.HasTl0PicIdx || info.HasTemporalId || info.HasKeyIdx);
    }

    [Theory]
    [InlineData("90 80 11", 7, 17)]
    [InlineData("90 80 7f", 7, 127)]
    [InlineData("90 80 80 11", 15, 17)]
    [InlineData("90 80 92 34", 15, 0x1234)]
    [InlineData("90 80 ff ff", 15, 0x7fff)]
    public void A_picture_id_has_7_or_15_bits(string descriptor, int bits, int expected)
    {
        var info = Parse(CodecKind.Vp8, Hex(descriptor + DeltaFrame));
        Assert.Equal((bits, expected), (info.PictureIdBits, info.PictureId));
        Assert.False(info.IsKeyFrame);
        Assert.True(info.StartOfFrame);
    }

    [Fact]
    public void All_extensions_are_read()
    {
        // X, S; I L T K; 15-bit id, TL0PICIDX 0xAB, TID 2, Y, KEYIDX 21.
        var info = Parse(CodecKind.Vp8, Hex("90 f0 92 34 ab b5" + DeltaFrame));
        Assert.Equal(0x1234, info.PictureId);
        Assert.True(info.HasTl0PicIdx && info.HasTemporalId && info.HasKeyIdx && info.SwitchingPoint);
        Assert.Equal((0xab, 2, 21), (info.Tl0PicIdx, info.TemporalId, info.KeyIdx));
    }

    [Theory]
    [InlineData("00")] // continuation of a partition
    [InlineData("11")] // start of the second partition
    public void Only_the_start_of_the_first_partition_is_a_keyframe(string descriptor)
    {
        var info = Parse(CodecKind.Vp8, Hex(descriptor + KeyFrame));
        Assert.False(info.IsKeyFrame);
        Assert.False(info.StartOfFrame);
    }

    [Fact]
    public void A_keyframe_with_encrypted_header_is_one_without_size()
    {
        var info = Parse(CodecKind.Vp8, Hex("10 50 40 01 aa bb cc dd ee ff 00 11"));
        Assert.True(info.IsKeyFrame);
        Assert.Equal(0, info.Width);
    }

    [Theory]
    [InlineData("90")]
    [InlineData("90 80")]
    [InlineData("90 80 92")]
    [InlineData("90 40")]
    [InlineData("90 20")]
    [InlineData("90 10")]
    [InlineData("90 f0 92 34 ab b5")] // nothing after the descriptor
    public void A_truncated_descriptor_is_malformed(string payload) =>
        Assert.Equal(DropReason.CodecMalformed, Reason(CodecKind.Vp8, Hex(payload)));

    [Fact]
    public void An_empty_payload_is_padding() => Assert.True(Parse(CodecKind.Vp8, []).IsPadding);

    [Theory]
    [InlineData("90 f0 92 34 ab b5", "90 f0 81 02 07 a9")]
    [InlineData("90 f0 11 ab b5", "90 f0 81 02 07 a9")] // 7 bits become 15
    [InlineData("90 80 11", "90 80 81 02")]
    [InlineData("90 60 ab b5", "90 60 07 b5")] // no KEYIDX there: its bits are reserved
    [InlineData("10", "10")]
    public void Rewriting_replaces_identifiers_and_nothing_else(string source, string expected)
    {
        var payload = Hex(source + DeltaFrame);
        Span<byte> written = stackalloc byte[Vp8Payload.MaxDescriptorLength];
        var length = Vp8Payload.Rewrite(payload, 0x0102, 7, 9, written, out var skip);
        Assert.Equal(Hex(expected), written[..length].ToArray());
        Assert.Equal(Hex(source).Length, skip);
    }
}
