using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Tests.Sdp;

/// <summary>Later offers of one session: m-lines, mids, roles and codecs stay (RFC 9429 section 5.2.2, browsers.md 7, 8, 19).</summary>
public class RenegotiationTests
{
    private static readonly AnswerPolicy Publish = Offers.Policy(SessionRole.Publish);

    [Fact]
    public void The_same_offer_again_is_answered_alike_with_a_higher_version()
    {
        var offer = Offers.Load("chromium-simulcast");
        var first = Offers.Answer(offer, Publish);
        var second = Offers.Answer(offer, Publish, first.Session);

        Assert.Equal((1ul, 2ul), (first.Session.Version, second.Session.Version));
        Assert.Equal(first.Sdp.Replace(" 42 1 IN", " 42 2 IN"), second.Sdp);
        Assert.False(first.Session.IsIceRestart(offer.TaggedSection!.Transport));
    }

    [Fact]
    public void A_section_added_at_the_end_is_answered_and_the_earlier_ones_stay()
    {
        var all = Offers.Load("chromium-recvonly-3");
        var two = all with { Media = [.. all.Media.Take(2)], Bundle = ["0", "1"] };
        var first = Offers.Answer(two, Offers.PlayPolicy(all));
        var second = Offers.Answer(all, Offers.PlayPolicy(all), first.Session);

        Assert.Equal(4, second.Session.Media.Count);
        Assert.Equal(first.Session.Media[1].Sender, second.Session.Media[1].Sender);
        Assert.Equal(["0", "1", "2", "3"], Offers.Parse(second.Sdp).Bundle);
    }

    [Fact]
    public void A_published_codec_is_kept_though_the_offer_reorders_its_list()
    {
        var offer = Offers.Load("chromium-sendonly");
        var first = Offers.Answer(offer, Publish);
        var reordered = offer with { Media = [offer.Media[0], offer.Media[1] with { Codecs = [.. offer.Media[1].Codecs.Reverse()] }] };

        Assert.NotEqual(96, Offers.Answer(reordered, Publish).Session.Media[1].Codecs[0].PayloadType);
        Assert.Equal(96, Offers.Answer(reordered, Publish, first.Session).Session.Media[1].Codecs[0].PayloadType);
    }

    [Fact]
    public void A_section_that_stops_is_inactive_and_may_start_again()
    {
        var offer = Offers.Load("chromium-sendonly");
        var first = Offers.Answer(offer, Publish);
        var stopped = offer with { Media = [offer.Media[0], offer.Media[1] with { Direction = MediaDirection.Inactive }] };
        var second = Offers.Answer(stopped, Publish, first.Session);
        var third = Offers.Answer(offer, Publish, second.Session);

        var video = Offers.Parse(second.Sdp).Media[1];
        Assert.Equal((9, MediaDirection.Inactive), (video.Port, video.Direction));
        Assert.Equal(SectionRefusal.ByOfferer, second.Session.Media[1].Refusal);
        Assert.Equal(SectionUse.Publish, third.Session.Media[1].Use);
    }

    [Fact]
    public void A_section_that_the_offerer_rejects_is_answered_with_port_0_and_leaves_the_bundle()
    {
        var offer = Offers.Load("chromium-sendonly");
        var first = Offers.Answer(offer, Publish);
        var dropped = offer with { Media = [offer.Media[0], offer.Media[1] with { Port = 0 }], Bundle = ["0"] };
        var second = Offers.Answer(dropped, Publish, first.Session);

        Assert.Equal(0, Offers.Parse(second.Sdp).Media[1].Port);
        Assert.Equal(["0"], Offers.Parse(second.Sdp).Bundle);

        // Its place may be taken by a section with another mid and kind.
        var recycled = offer with { Media = [offer.Media[0], offer.Media[1] with { Mid = "9" }], Bundle = ["0", "9"] };
        Assert.Equal("9", Offers.Answer(recycled, Publish, second.Session).Session.Media[1].Mid);
    }

    [Fact]
    public void Removed_reordered_and_renamed_sections_are_refused()
    {
        var offer = Offers.Load("chromium-sendonly");
        var session = Offers.Answer(offer, Publish).Session;

        AssertRefused(offer with { Media = [offer.Media[0]], Bundle = ["0"] });
        AssertRefused(offer with { Media = [offer.Media[1], offer.Media[0]] });
        AssertRefused(offer with { Media = [offer.Media[0], offer.Media[1] with { Mid = "7" }], Bundle = ["0", "7"] });

        void AssertRefused(SessionDescription changed) =>
            Assert.Equal(SdpErrorCode.SectionsChanged, Offers.Refusal(changed, Publish, session).Code);
    }

    [Fact]
    public void The_dtls_roles_never_flip()
    {
        var offer = Offers.Load("chromium-sendonly");
        var session = Offers.Answer(offer, Publish).Session;

        Assert.Equal(DtlsSetup.Passive, Offers.Answer(With(DtlsSetup.Active), Publish, session).Session.LocalSetup);
        Assert.Equal(SdpErrorCode.Setup, Offers.Refusal(With(DtlsSetup.Passive), Publish, session).Code);

        // We became active only because the first offer was passive: an actpass offer later changes nothing.
        var active = Offers.Answer(With(DtlsSetup.Passive), Publish).Session;
        Assert.Equal(DtlsSetup.Active, Offers.Answer(offer, Publish, active).Session.LocalSetup);

        SessionDescription With(DtlsSetup setup) => offer with
        {
            Media = [.. offer.Media.Select(m => m with { Transport = m.Transport with { Setup = setup } })],
        };
    }

    [Fact]
    public void New_credentials_are_seen_as_an_ice_restart()
    {
        var offer = Offers.Load("chromium-sendonly");
        var session = Offers.Answer(offer, Publish).Session;
        var restarted = offer.TaggedSection!.Transport with { IceUfrag = "abcd", IcePwd = "0123456789012345678901" };

        Assert.True(session.IsIceRestart(restarted));
    }

    [Fact]
    public void A_player_rebinds_by_a_new_offer_keeping_its_sender()
    {
        var offer = Offers.Load("chromium-recvonly");
        var first = Offers.Answer(offer, Offers.PlayPolicy(offer, Offers.Codec("VP8")));
        var second = Offers.Answer(offer, Offers.PlayPolicy(offer, Offers.Codec("VP9")), first.Session);

        Assert.Equal(CodecKind.Vp9, second.Session.Media[1].Codecs[0].Kind);
        Assert.Equal(first.Session.Media[1].Sender!.Ssrc, second.Session.Media[1].Sender!.Ssrc);
    }
}
