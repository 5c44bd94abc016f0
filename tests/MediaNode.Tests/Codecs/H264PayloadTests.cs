using Nexus.MediaNode.Protocol;
using static Nexus.MediaNode.Tests.Codecs.Payloads;

namespace Nexus.MediaNode.Tests.Codecs;

public class H264PayloadTests
{
    private const string Baseline720 = "6742c01fd9005005bb0110000003001000000303c0f18324";

    [Theory]
    [InlineData(Baseline720, 1280, 720)]
    [InlineData("6764001facd9405005bb0110000003001000000303c0f1831960", 1280, 720)]
    [InlineData("6742c028d900780227e5c044000003000400000300f03c60c920", 1920, 1080)] // cropped from 1088
    [InlineData("67640028acd940780227e5c044000003000400000300f03c60c658", 1920, 1080)]
    [InlineData("6742c01ed900a02fea6c0440000003004000000f03c58b92", 638, 358)] // cropped on both axes
    public void A_parameter_set_tells_the_size(string nal, int width, int height)
    {
        var info = Parse(CodecKind.H264, Hex(nal));
        Assert.True(info.IsKeyFrame && info.HasParameterSets);
        Assert.Equal((width, height), (info.Width, info.Height));
    }

    [Theory]
    [InlineData("65 88 80 40", true)] // IDR slice
    [InlineData("41 9a 24 6c", false)] // non-IDR slice
    [InlineData("06 05 11 03", false)] // SEI
    [InlineData("7c 85 88 80", true)] // FU-A, start, IDR
    [InlineData("7c 05 88 80", false)] // FU-A, middle
    [InlineData("7c 45 88 80", false)] // FU-A, end
    [InlineData("5c 81 9a 24", false)] // FU-A, start, non-IDR
    [InlineData("18 0004 68cb83cb 0003 658880", true)] // STAP-A: PPS, IDR
    [InlineData("18 0002 0930 0003 419a24", false)] // STAP-A: delimiter, slice
    public void A_keyframe_is_an_idr_slice_also_inside_stap_a_and_at_the_start_of_fu_a(string payload, bool expected) =>
        Assert.Equal(expected, Parse(CodecKind.H264, Hex(payload)).IsKeyFrame);

    [Fact]
    public void An_aggregate_with_parameter_sets_tells_their_size()
    {
        var info = Parse(CodecKind.H264, Hex("18 0018" + Baseline720 + "0004 68cb83cb"));
        Assert.True(info.IsKeyFrame && info.HasParameterSets && info.StartOfFrame);
        Assert.Equal((1280, 720), (info.Width, info.Height));
    }

    [Theory]
    [InlineData("41 9a 24", true)] // first_mb_in_slice 0
    [InlineData("41 4a 24", false)] // first_mb_in_slice 1
    [InlineData("5c 81 9a 24", true)]
    [InlineData("5c 01 9a 24", false)]
    public void The_first_slice_of_a_picture_starts_the_frame(string payload, bool expected) =>
        Assert.Equal(expected, Parse(CodecKind.H264, Hex(payload)).StartOfFrame);

    [Theory]
    [InlineData("18 0009 6742")] // longer than the payload
    [InlineData("18 0000 6742")]
    [InlineData("18 0002 6742 00")] // a rest that is no unit
    [InlineData("7c 85")] // fragment without content
    [InlineData("7c")]
    public void A_broken_aggregate_or_fragment_is_malformed(string payload) =>
        Assert.Equal(DropReason.CodecMalformed, Reason(CodecKind.H264, Hex(payload)));

    [Fact]
    public void An_unspecified_unit_is_opaque_not_malformed() => Assert.False(Parse(CodecKind.H264, Hex("1f ff ee")).IsKeyFrame);

    [Fact]
    public void A_parameter_set_that_makes_no_sense_is_a_start_without_size()
    {
        var info = Parse(CodecKind.H264, Hex("67 00 00 00 00 00 00 00"));
        Assert.True(info.IsKeyFrame);
        Assert.Equal(0, info.Width);
    }
}
