using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Tests.Sdp;

public class CodecMatchTests
{
    [Theory]
    [InlineData("42e01f", H264Profile.ConstrainedBaseline, 0x1f)]
    [InlineData("42c02a", H264Profile.ConstrainedBaseline, 0x2a)]
    [InlineData("4d801f", H264Profile.ConstrainedBaseline, 0x1f)]
    [InlineData("58f01f", H264Profile.ConstrainedBaseline, 0x1f)]
    [InlineData("42001f", H264Profile.Baseline, 0x1f)]
    [InlineData("42a01f", H264Profile.Baseline, 0x1f)]
    [InlineData("58a01f", H264Profile.Baseline, 0x1f)]
    [InlineData("4d001f", H264Profile.Main, 0x1f)]
    [InlineData("4D4028", H264Profile.Main, 0x28)]
    [InlineData("640032", H264Profile.High, 0x32)]
    [InlineData("640c1f", H264Profile.ConstrainedHigh, 0x1f)]
    [InlineData("f4001f", H264Profile.PredictiveHigh444, 0x1f)]
    [InlineData(null, H264Profile.Baseline, 0x0a)]
    public void Profile_level_ids_are_told_apart_as_RFC_6184_has_it(string? text, H264Profile profile, int level)
    {
        Assert.True(H264ProfileLevelId.TryParse(text, out var result));
        Assert.Equal((profile, (byte)level), (result.Profile, result.LevelIdc));
    }

    [Theory]
    [InlineData("42e0")]
    [InlineData("42e01g")]
    [InlineData("42e01f00")]
    [InlineData("000000")]
    [InlineData("42e11f")]
    [InlineData("")]
    public void Unknown_profile_level_ids_are_no_match(string text) =>
        Assert.False(H264ProfileLevelId.TryParse(text, out _));

    private const string Mode1 = ";packetization-mode=1;level-asymmetry-allowed=1";

    [Theory]
    [InlineData("VP8", "", "VP8", "", CodecFit.Same)]
    [InlineData("VP8", "", "vp8", "max-fs=12288", CodecFit.Same)]
    [InlineData("VP8", "", "VP9", "", CodecFit.None)]
    [InlineData("VP9", "", "VP9", "profile-id=0", CodecFit.Same)]
    [InlineData("VP9", "profile-id=2", "VP9", "profile-id=0", CodecFit.None)]
    [InlineData("AV1", "", "AV1", "profile=0;level-idx=5;tier=0", CodecFit.Same)]
    [InlineData("AV1", "profile=1", "AV1", "profile=0", CodecFit.Decodes)]
    [InlineData("AV1", "profile=0", "AV1", "profile=1", CodecFit.None)]
    [InlineData("AV1", "level-idx=5;tier=0", "AV1", "level-idx=13;tier=1", CodecFit.Same)]
    [InlineData("opus", "stereo=1", "opus", "", CodecFit.Same)]
    [InlineData("H264", "profile-level-id=42e01f" + Mode1, "H264", "profile-level-id=42c01f" + Mode1, CodecFit.Same)]
    [InlineData("H264", "profile-level-id=42e01f" + Mode1, "H264", "profile-level-id=42e034" + Mode1, CodecFit.BeyondLevel)]
    [InlineData("H264", "profile-level-id=42e01f;max-recv-level=e034" + Mode1, "H264", "profile-level-id=42e034" + Mode1, CodecFit.Same)]
    [InlineData("H264", "profile-level-id=42e01f;max-recv-level=nonsense" + Mode1, "H264", "profile-level-id=42e034" + Mode1, CodecFit.BeyondLevel)]
    [InlineData("H264", "profile-level-id=640c1f" + Mode1, "H264", "profile-level-id=42e028" + Mode1, CodecFit.BeyondLevel)]
    [InlineData("H264", "profile-level-id=42e01f" + Mode1, "H264", "profile-level-id=42001f" + Mode1, CodecFit.Decodes)]
    [InlineData("H264", "profile-level-id=640c1f" + Mode1, "H264", "profile-level-id=42e01f" + Mode1, CodecFit.Decodes)]
    [InlineData("H264", "profile-level-id=42e01f" + Mode1, "H264", "profile-level-id=640c1f" + Mode1, CodecFit.Presumed)]
    [InlineData("H264", "profile-level-id=42e01f" + Mode1, "H264", "profile-level-id=640028" + Mode1, CodecFit.Presumed)]
    [InlineData("H264", "profile-level-id=42e01f" + Mode1, "H264", "profile-level-id=4d401f" + Mode1, CodecFit.Presumed)]
    [InlineData("H264", "profile-level-id=42e01f" + Mode1, "H264", "profile-level-id=f4001f" + Mode1, CodecFit.None)]
    [InlineData("H264", "profile-level-id=42e01f;packetization-mode=1", "H264", "profile-level-id=64001f" + Mode1, CodecFit.None)]
    [InlineData("H264", "profile-level-id=42e01f;level-asymmetry-allowed=1", "H264", "profile-level-id=64001f" + Mode1, CodecFit.None)]
    [InlineData("H264", "profile-level-id=42e01f", "H264", "profile-level-id=42e01f" + Mode1, CodecFit.None)]
    [InlineData("H264", "profile-level-id=42e01f" + Mode1, "H264", "profile-level-id=42e01f", CodecFit.Decodes)]
    [InlineData("H264", "profile-level-id=4d001f" + Mode1, "H264", "profile-level-id=640c1f" + Mode1, CodecFit.Presumed)]
    public void A_receiver_fits_a_stream_by_the_codecs_own_rule(
        string receiver, string receiverFmtp, string stream, string streamFmtp, CodecFit expected) =>
        Assert.Equal(expected, CodecMatch.Fit(Offers.Codec(receiver, receiverFmtp), Offers.Codec(stream, streamFmtp)));

    [Fact]
    public void The_very_same_profile_is_preferred_to_one_that_decodes_it()
    {
        var high = Offers.Codec("H264", "profile-level-id=640c1f" + Mode1) with { PayloadType = 96 };
        var baseline = Offers.Codec("H264", "profile-level-id=42e01f" + Mode1) with { PayloadType = 98 };

        Assert.Equal(98, CodecMatch.Best([high, baseline], Offers.Codec("H264", "profile-level-id=42c01f" + Mode1))!.PayloadType);
        var tall = Offers.Codec("H264", "profile-level-id=640c28" + Mode1) with { PayloadType = 100 };
        Assert.Equal(100, CodecMatch.Best([baseline, high, tall], Offers.Codec("H264", "profile-level-id=42c028" + Mode1))!.PayloadType);
        Assert.Equal(100, CodecMatch.Best([high, tall], Offers.Codec("H264", "profile-level-id=640c28" + Mode1))!.PayloadType);
        Assert.Equal(96, CodecMatch.Best([baseline, high], Offers.Codec("H264", "profile-level-id=640c28" + Mode1))!.PayloadType);
        Assert.Null(CodecMatch.Best([high], Offers.Codec("VP8")));
    }

    [Theory]
    [InlineData("VP9", "profile-id=1", 98, false)]
    [InlineData("VP9", "profile-id=2", 98, true)]
    [InlineData("H264", "packetization-mode=2", 98, false)]
    [InlineData("H264", "profile-level-id=zzzzzz", 98, false)]
    [InlineData("H265", "", 98, false)]
    [InlineData("VP8", "", 72, false)]
    [InlineData("VP8", "", 35, true)]
    public void Only_formats_that_the_node_forwards_are_taken(string name, string fmtp, int payloadType, bool taken) =>
        Assert.Equal(taken, CodecMatch.IsForwardable(Offers.Codec(name, fmtp) with { PayloadType = payloadType }));
}
