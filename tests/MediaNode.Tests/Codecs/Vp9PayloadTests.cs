using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;
using static Nexus.MediaNode.Tests.Codecs.Payloads;

namespace Nexus.MediaNode.Tests.Codecs;

public class Vp9PayloadTests
{
    private const string Frame = "82 49 83 42";

    [Fact]
    public void A_non_flexible_keyframe_with_structure()
    {
        // I L B V; id 0x1234; TID 0 SID 0; TL0PICIDX 5; N_S 2 with sizes and a group of one picture with one reference.
        var info = Parse(
            CodecKind.Vp9,
            Hex("aa 92 34 00 05 58 0140 00b4 0280 0168 0500 02d0 01 04 01" + Frame));
        Assert.True(info.IsKeyFrame);
        Assert.True(info.StartOfFrame);
        Assert.False(info.EndOfFrame);
        Assert.Equal((15, 0x1234, 5), (info.PictureIdBits, info.PictureId, info.Tl0PicIdx));
        Assert.Equal(3, info.SpatialLayerCount);
        Assert.Equal((1280, 720), (info.Width, info.Height));
    }

    [Fact]
    public void A_flexible_inter_predicted_layer_frame()
    {
        // I P L F B E; 7-bit id 17; TID 2 U SID 1 D; two references.
        var info = Parse(CodecKind.Vp9, Hex("fc 11 53 03 04" + Frame));
        Assert.False(info.IsKeyFrame);
        Assert.True(info is { InterPicturePredicted: true, InterLayerPredicted: true, SwitchingPoint: true, EndOfFrame: true });
        Assert.Equal((7, 17), (info.PictureIdBits, info.PictureId));
        Assert.Equal((1, 2), (info.SpatialId, info.TemporalId));
        Assert.False(info.HasTl0PicIdx);
    }

    [Fact]
    public void An_upper_layer_of_a_key_picture_is_no_start()
    {
        var info = Parse(CodecKind.Vp9, Hex("a8 92 34 03 05" + Frame));
        Assert.False(info.InterPicturePredicted);
        Assert.Equal(1, info.SpatialId);
        Assert.False(info.IsKeyFrame);
    }

    [Fact]
    public void The_Z_bit_says_that_higher_layers_do_not_need_the_frame() =>
        Assert.True(Parse(CodecKind.Vp9, Hex("ed 92 34 00 05" + Frame)).NotReferencedByHigherLayers);

    [Theory]
    [InlineData("1c" + Frame)] // flexible without picture id
    [InlineData("88")]
    [InlineData("88 92")]
    [InlineData("a8 92 34")]
    [InlineData("a8 92 34 00")]
    [InlineData("d8 92 34")] // flexible, P, no reference
    [InlineData("d8 92 34 03 03 03" + Frame)] // four references
    [InlineData("8a 92 34")] // structure missing
    [InlineData("8a 92 34 50 0140")] // sizes cut off
    [InlineData("8a 92 34 08 02 04")] // picture group cut off
    [InlineData("88 92 34")] // nothing after the descriptor
    public void A_truncated_or_contradicting_descriptor_is_malformed(string payload) =>
        Assert.Equal(DropReason.CodecMalformed, Reason(CodecKind.Vp9, Hex(payload)));

    [Theory]
    [InlineData("aa 92 34 00 05", "aa 81 02 00 07")]
    [InlineData("aa 11 00 05", "aa 81 02 00 07")] // 7 bits become 15
    [InlineData("fc 11 53", "fc 81 02 53")] // flexible: no TL0PICIDX
    [InlineData("08", "08")]
    public void Rewriting_replaces_identifiers_and_nothing_else(string source, string expected)
    {
        var payload = Hex(source + Frame);
        Span<byte> written = stackalloc byte[Vp9Payload.MaxRewrittenLength];
        var length = Vp9Payload.Rewrite(payload, 0x0102, 7, written, out var skip);
        Assert.Equal(Hex(expected), written[..length].ToArray());
        Assert.Equal(Hex(source).Length, skip);
    }
}
