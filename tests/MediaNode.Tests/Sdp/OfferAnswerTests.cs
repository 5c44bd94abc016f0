using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Tests.Sdp;

public class OfferAnswerTests
{
    private const string Mode1 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=";

    [Theory]
    [InlineData("chromium-sendonly", 96, CodecKind.Vp8, 97)]
    [InlineData("chromium-sendrecv", 96, CodecKind.Vp8, 97)]
    [InlineData("chromium-simulcast", 96, CodecKind.Vp8, 97)]
    [InlineData("chromium-h264-only", 102, CodecKind.H264, 103)]
    [InlineData("chromium-av1", 45, CodecKind.Av1, 46)]
    [InlineData("chromium-vp9", 98, CodecKind.Vp9, 99)]
    [InlineData("firefox-sendonly", 120, CodecKind.Vp8, 124)]
    [InlineData("firefox-av1", 99, CodecKind.Av1, 100)]
    [InlineData("firefox-vp9", 121, CodecKind.Vp9, 125)]
    [InlineData("obs-whip", 96, CodecKind.H264, null)]
    [InlineData("safari-sim-group", 96, CodecKind.H264, 97)]
    public void A_publisher_is_answered_with_its_first_codec_and_the_rtx_of_it(string offer, int payloadType, CodecKind kind, int? rtx)
    {
        var answer = Offers.Answer(Offers.Load(offer), Offers.Policy(SessionRole.Publish));

        Assert.Equal([SectionUse.Publish, SectionUse.Publish], answer.Session.Media.Select(m => m.Use));
        var video = Assert.Single(answer.Session.Media[1].Codecs);
        Assert.Equal((payloadType, kind, rtx), (video.PayloadType, video.Kind, video.RtxPayloadType));
        var sdp = Offers.Parse(answer.Sdp);
        Assert.Equal(rtx is null ? [payloadType] : [payloadType, rtx.Value], sdp.Media[1].Codecs.Select(c => c.PayloadType));
        Assert.All(sdp.Media, m => Assert.Equal(MediaDirection.RecvOnly, m.Direction));
        Assert.Equal(CodecKind.Opus, Assert.Single(sdp.Media[0].Codecs).Kind);
    }

    [Theory]
    [InlineData("vp9", CodecKind.Vp9)]
    [InlineData("AV1", CodecKind.Av1)]
    [InlineData("h265", CodecKind.Vp8)] // not forwarded
    [InlineData("", CodecKind.Vp8)]
    public void A_publisher_is_answered_with_the_codec_that_it_announced_and_keeps_it(string announced, CodecKind expected)
    {
        var offer = Offers.Load("chromium-sendonly");
        var policy = Offers.Policy(SessionRole.Publish);
        var video = offer.Media.First(m => m.Kind == MediaKind.Video).Mid;
        var first = Offers.Answer(offer, policy with { Announced = new Dictionary<string, string> { [video] = announced } });
        Assert.Equal(expected, Assert.Single(first.Session.Media.Single(m => m.Mid == video).Codecs).Kind);
        Assert.True(OfferAnswer.TryAnswer(offer, policy, first.Session, out var again, out _));
        Assert.Equal(expected, Assert.Single(again.Session.Media.Single(m => m.Mid == video).Codecs).Kind);
    }

    /// <summary>
    /// Sections to play first, one that no track has and one that one has; then data; then what livekit-client publishes: audio with
    /// RED first, a camera in three layers, a screen as VP9 SVC.
    /// </summary>
    [Fact]
    public void An_offer_of_LiveKits_client_is_answered_section_by_section()
    {
        var offer = Offers.Load("chromium-livekit");
        var policy = Offers.PlayPolicy(offer, new() { PayloadType = 1, Name = "AV1", ClockRate = 90000 }, SessionRole.Duplex);
        var answer = Offers.Answer(offer, policy with { Bindings = policy.Bindings.Where(b => b.Key == "1").ToDictionary() });
        var sdp = Offers.Parse(answer.Sdp);

        Assert.Equal(
            [SectionUse.Inactive, SectionUse.Play, SectionUse.Data, SectionUse.Publish, SectionUse.Publish, SectionUse.Publish],
            answer.Session.Media.Select(m => m.Use));
        Assert.All(sdp.Media, m => Assert.Equal(9, m.Port));
        Assert.Equal(offer.Bundle!, sdp.Bundle!);
        Assert.Equal(MediaDirection.Inactive, sdp.Media[0].Direction);
        Assert.NotEmpty(sdp.Media[0].Transport.Candidates);
        Assert.Equal(("AV1", "PA_alice TR_1"), (sdp.Media[1].Codecs[0].Name, sdp.Media[1].Msid!.ToString()));
        Assert.NotEqual(0, answer.Session.Media[1].ExtensionId(HeaderExtensionUris.RtpStreamId)); // or no later section could offer it
        Assert.Equal([("red", 63, "111/111"), ("opus", 111, "minptime=10;useinbandfec=1")], sdp.Media[3].Codecs.Select(c => (c.Name, c.PayloadType, c.Fmtp.ToString())));
        Assert.Equal((CodecKind.Opus, 63), (Assert.Single(answer.Session.Media[3].Codecs).Kind, answer.Session.Media[3].Codecs[0].RedPayloadType));
        Assert.Equal(["q", "h", "f"], sdp.Media[4].Simulcast!.Recv);
        Assert.Equal(["VP8", "rtx"], sdp.Media[4].Codecs.Select(c => c.Name));
        Assert.Equal(["VP9", "rtx"], sdp.Media[5].Codecs.Select(c => c.Name));
        Assert.All(answer.Session.Media.Skip(3), m => Assert.Equal(36, m.Msid!.TrackId.Length));
        Assert.All(answer.Session.Media.Skip(4), m => Assert.NotEqual(0, m.ExtensionId(HeaderExtensionUris.DependencyDescriptor)));
    }

    [Fact]
    public void An_answer_carries_our_transport_as_a_lite_and_passive_end()
    {
        var answer = Offers.Answer(Offers.Load("chromium-sendonly"), Offers.Policy(SessionRole.Publish));
        var sdp = Offers.Parse(answer.Sdp);

        Assert.True(sdp.IceLite);
        Assert.Equal(["0", "1"], sdp.Bundle);
        Assert.True(sdp.ExtmapAllowMixed);
        Assert.Equal((42ul, 1ul), (sdp.SessionId, sdp.Version));
        Assert.All(sdp.Media, m => Assert.Equal(("nexu", "0123456789abcdefghijklmn", DtlsSetup.Passive, 9), (m.Transport.IceUfrag, m.Transport.IcePwd, m.Transport.Setup, m.Port)));
        Assert.All(sdp.Media, m => Assert.Equal("sha-256", Assert.Single(m.Transport.Fingerprints).Algorithm));
        Assert.Equal(["host", "host"], sdp.Media[0].Transport.Candidates.Select(c => c.Type));
        Assert.Equal([null, "passive"], sdp.Media[0].Transport.Candidates.Select(c => c.TcpType));
        Assert.True(sdp.Media[0].Transport.EndOfCandidates);
        Assert.Empty(sdp.Media[1].Transport.Candidates);
        Assert.Equal(DtlsSetup.Passive, answer.Session.LocalSetup);
        Assert.Equal("127.0.0.1", answer.Session.Remote.Candidates[0].Address);
    }

    [Fact]
    public void Payload_types_extension_ids_and_feedback_are_the_offerers()
    {
        var offer = Offers.Load("chromium-sendonly");
        var answer = Offers.Answer(offer, Offers.Policy(SessionRole.Publish));
        var sdp = Offers.Parse(answer.Sdp);

        foreach (var (offered, answered) in offer.Media.Zip(sdp.Media))
        {
            Assert.All(answered.Extensions, e => Assert.Contains(e, offered.Extensions));
            Assert.All(answered.Codecs, c => Assert.Contains(offered.Codecs, o => o.PayloadType == c.PayloadType && o.Name == c.Name));
        }

        Assert.Equal(3, answer.Session.Media[1].ExtensionId(HeaderExtensionUris.TransportWideCc));
        Assert.Equal(4, answer.Session.Media[0].ExtensionId(HeaderExtensionUris.Mid));
        Assert.Equal(0, answer.Session.Media[1].ExtensionId("http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"));
        Assert.Equal(RtcpFeedback.Nack | RtcpFeedback.Pli | RtcpFeedback.Fir | RtcpFeedback.TransportCc, sdp.Media[1].Codecs[0].Feedback);
        Assert.Equal(RtcpFeedback.None, sdp.Media[1].Codecs[1].Feedback);
        Assert.Equal(RtcpFeedback.TransportCc, sdp.Media[0].Codecs[0].Feedback);
    }

    [Theory]
    [InlineData("chromium-simulcast")]
    [InlineData("firefox-simulcast")]
    public void Simulcast_is_accepted_in_offered_order(string name)
    {
        var answer = Offers.Answer(Offers.Load(name), Offers.Policy(SessionRole.Publish));

        Assert.Equal(["q", "h", "f"], answer.Session.Media[1].Layers.Select(l => l.Rid!));
        Assert.Contains("a=rid:q recv\r\na=rid:h recv\r\na=rid:f recv\r\na=simulcast:recv q;h;f\r\n", answer.Sdp);
        Assert.NotEqual(0, answer.Session.Media[1].ExtensionId(HeaderExtensionUris.RtpStreamId));
        Assert.NotEqual(0, answer.Session.Media[1].ExtensionId(HeaderExtensionUris.RepairedRtpStreamId));
    }

    [Fact]
    public void Simulcast_takes_paused_and_alternative_layers_and_leaves_out_those_of_other_codecs()
    {
        string text = Offers.Text("chromium-simulcast")
            .Replace("a=rid:h send", "a=rid:h send pt=98").Replace("a=simulcast:send q;h;f", "a=simulcast:send ~f,q;h;~q");
        var answer = Offers.Answer(Offers.Parse(text), Offers.Policy(SessionRole.Publish));

        Assert.Contains("a=simulcast:recv f;q\r\n", answer.Sdp);
        Assert.DoesNotContain("a=rid:h", answer.Sdp);
    }

    [Fact]
    public void More_layers_than_the_policy_takes_are_cut_off()
    {
        var policy = Offers.Policy(SessionRole.Publish) with { MaxLayers = 2 };

        Assert.Equal(["q", "h"], Offers.Answer(Offers.Load("chromium-simulcast"), policy).Session.Media[1].Layers.Select(l => l.Rid!));
    }

    [Fact]
    public void A_SIM_group_is_simulcast_without_rids()
    {
        var answer = Offers.Answer(Offers.Load("safari-sim-group"), Offers.Policy(SessionRole.Publish));

        Assert.Equal(
            [new(null, 2100000001, 2100000011), new(null, 2100000002, 2100000012), new PublishedLayer(null, 2100000003, 2100000013)],
            answer.Session.Media[1].Layers);
        Assert.DoesNotContain("a=simulcast", answer.Sdp);
    }

    [Fact]
    public void A_single_stream_is_one_layer_with_its_announced_ssrcs()
    {
        var session = Offers.Answer(Offers.Load("chromium-sendonly"), Offers.Policy(SessionRole.Publish)).Session;

        var layer = Assert.Single(session.Media[1].Layers);
        Assert.Null(layer.Rid);
        Assert.NotNull(layer.Ssrc);
        Assert.NotNull(layer.RtxSsrc);
        Assert.Equal(1002u, Assert.Single(Offers.Answer(Offers.Load("obs-whip"), Offers.Policy(SessionRole.Publish)).Session.Media[1].Layers).Ssrc);
    }

    [Theory]
    [InlineData("obs-whip", "stereo=1")]
    [InlineData("firefox-sendonly", "stereo=1")]
    [InlineData("chromium-sendonly", "useinbandfec=1")]
    public void Opus_parameters_are_kept(string offer, string parameter)
    {
        var sdp = Offers.Parse(Offers.Answer(Offers.Load(offer), Offers.Policy(SessionRole.Publish)).Sdp);

        Assert.Contains(parameter, sdp.Media[0].Codecs[0].Fmtp.ToString());
    }

    [Fact]
    public void H264_is_answered_with_the_offered_profile_and_without_parameter_sets()
    {
        string text = Offers.Text("obs-whip").Replace("level-asymmetry-allowed=1", "level-asymmetry-allowed=1;sprop-parameter-sets=Z0LAH9kA,aMuMsg==");
        var codec = Offers.Parse(Offers.Answer(Offers.Parse(text), Offers.Policy(SessionRole.Publish)).Sdp).Media[1].Codecs[0];

        Assert.Equal("profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1;x-google-start-bitrate=1500", codec.Fmtp.ToString());
    }

    [Theory]
    [InlineData(1500, "x-google-start-bitrate=1500")]
    [InlineData(0, "")]
    public void A_publisher_is_told_where_its_estimate_begins(int kilobits, string expected)
    {
        var policy = Offers.Policy(SessionRole.Publish) with { PublishStartKilobits = kilobits };
        var sdp = Offers.Parse(Offers.Answer(Offers.Load("chromium-sendonly"), policy).Sdp);
        var video = sdp.Media.Single(m => m.Kind == MediaKind.Video);

        Assert.Equal(expected, video.Codecs.Single(c => c.Kind == CodecKind.Vp8).Fmtp.ToString());
        Assert.DoesNotContain(sdp.Media.Where(m => m.Kind == MediaKind.Audio).SelectMany(m => m.Codecs), c => c.Fmtp["x-google-start-bitrate"] is not null);
    }

    [Fact]
    public void An_extension_that_the_offerer_only_sends_is_answered_as_received()
    {
        var offer = Offers.Load("firefox-simulcast");
        var sdp = Offers.Parse(Offers.Answer(offer, Offers.Policy(SessionRole.Publish)).Sdp);

        Assert.Contains(new HeaderExtension(9, HeaderExtensionUris.RtpStreamId, MediaDirection.RecvOnly), sdp.Media[1].Extensions);
        Assert.DoesNotContain(sdp.Media[1].Extensions, e => e.Uri == HeaderExtensionUris.PlayoutDelay);
    }

    [Theory]
    [InlineData("chromium-recvonly")]
    [InlineData("chromium-recvonly-3")]
    [InlineData("chromium-no-h264")]
    [InlineData("firefox-recvonly")]
    [InlineData("firefox-recvonly-3")]
    public void A_player_without_a_track_yet_is_answered_with_senders_of_its_own_and_all_codecs(string name)
    {
        var offer = Offers.Load(name);
        var answer = Offers.Answer(offer, Offers.PlayPolicy(offer));
        var sdp = Offers.Parse(answer.Sdp);

        Assert.All(answer.Session.Media, m => Assert.Equal(SectionUse.Play, m.Use));
        foreach (var section in sdp.Media)
        {
            Assert.Equal(MediaDirection.SendOnly, section.Direction);
            Assert.Equal(new Msid("PA_alice", $"TR_{section.Mid}"), section.Msid);
            Assert.Equal(section.Kind == MediaKind.Video ? 2 : 1, section.Ssrcs.Count);
            Assert.All(section.Ssrcs, s => Assert.Equal("PA_alice", s.Cname));
            Assert.DoesNotContain(section.Extensions, e => e.Uri == HeaderExtensionUris.RtpStreamId);
        }

        var video = sdp.Media[1];
        Assert.Equal("FID", Assert.Single(video.SsrcGroups).Semantics);
        Assert.Equal([video.Ssrcs[0].Ssrc, video.Ssrcs[1].Ssrc], video.SsrcGroups[0].Ssrcs);
        Assert.Contains(CodecKind.Vp8, answer.Session.Media[1].Codecs.Select(c => c.Kind));
        Assert.Contains(CodecKind.Vp9, answer.Session.Media[1].Codecs.Select(c => c.Kind));
        Assert.Contains(CodecKind.Av1, answer.Session.Media[1].Codecs.Select(c => c.Kind));
        Assert.All(video.Codecs.Where(c => !c.IsRtx), c => Assert.NotNull(c.RtxPayloadType));
        Assert.DoesNotContain(video.Codecs, c => c.Name is "red" or "ulpfec" or "flexfec-03");
    }

    [Theory]
    [InlineData("VP8", "", 96)]
    [InlineData("VP9", "profile-id=0", 98)]
    [InlineData("VP9", "profile-id=2", 100)]
    [InlineData("AV1", "", 45)]
    [InlineData("H264", Mode1 + "42e01f", 108)]
    [InlineData("H264", Mode1 + "42001f", 102)]
    [InlineData("H264", Mode1 + "4d001f", 116)]
    [InlineData("H264", "packetization-mode=0;profile-level-id=42e01f", 114)]
    public void The_bound_tracks_codec_comes_first_and_the_others_stay_for_rebinding(string name, string fmtp, int payloadType)
    {
        var offer = Offers.Load("chromium-recvonly");
        var unbound = Offers.Answer(offer, Offers.PlayPolicy(offer)).Session.Media[1];
        var bound = Offers.Answer(offer, Offers.PlayPolicy(offer, Offers.Codec(name, fmtp))).Session.Media[1];

        Assert.Equal(payloadType, bound.Codecs[0].PayloadType);
        Assert.Equal(unbound.Codecs.Select(c => c.PayloadType).Order(), bound.Codecs.Select(c => c.PayloadType).Order());
    }

    [Fact]
    public void A_player_without_the_tracks_codec_is_refused_by_name()
    {
        var offer = Offers.Load("chromium-no-h264");
        var error = Offers.Refusal(offer, Offers.PlayPolicy(offer, Offers.Codec("H264", Mode1 + "42e01f")));

        Assert.Equal(SdpErrorCode.Codec, error.Code);
        Assert.Contains("TR_camera is H264 (profile-level-id=42e01f, packetization-mode=1)", error.Message);
        Assert.Contains("VP8, VP9 (profile-id=0)", error.Message);
    }

    [Fact]
    public void A_publisher_without_any_codec_of_ours_is_refused_by_name()
    {
        string text = Offers.Text("obs-whip").Replace("H264/90000", "H265/90000");
        var error = Offers.Refusal(Offers.Parse(text), Offers.Policy(SessionRole.Publish));

        Assert.Equal(SdpErrorCode.Codec, error.Code);
        Assert.Contains("H265", error.Message);
    }

    [Fact]
    public void The_policy_may_forbid_codecs()
    {
        var policy = Offers.Policy(SessionRole.Publish) with { Codecs = new HashSet<CodecKind> { CodecKind.Opus, CodecKind.H264 } };

        Assert.Equal(102, Offers.Answer(Offers.Load("chromium-sendonly"), policy).Session.Media[1].Codecs[0].PayloadType);
    }

    [Fact]
    public void A_kind_that_the_grants_forbid_is_inactive_with_a_live_port()
    {
        var policy = Offers.Policy(SessionRole.Publish) with { PublishKinds = new HashSet<MediaKind> { MediaKind.Video } };
        var answer = Offers.Answer(Offers.Load("chromium-sendonly"), policy);
        var audio = Offers.Parse(answer.Sdp).Media[0];

        Assert.Equal((9, MediaDirection.Inactive), (audio.Port, audio.Direction));
        Assert.Equal(SectionRefusal.NotPermitted, answer.Session.Media[0].Refusal);
        Assert.Equal(["0", "1"], Offers.Parse(answer.Sdp).Bundle);
    }

    [Fact]
    public void An_offer_that_the_grants_forbid_altogether_is_refused()
    {
        var policy = Offers.Policy(SessionRole.Publish) with { PublishKinds = new HashSet<MediaKind>() };

        Assert.Equal(SdpErrorCode.Permission, Offers.Refusal(Offers.Load("chromium-sendonly"), policy).Code);
    }

    [Theory]
    [InlineData("chromium-recvonly", SessionRole.Publish)]
    [InlineData("chromium-sendonly", SessionRole.Play)]
    [InlineData("chromium-datachannel-only", SessionRole.Publish)]
    public void An_offer_with_nothing_for_the_role_is_refused(string offer, SessionRole role) =>
        Assert.Equal(SdpErrorCode.NothingToNegotiate, Offers.Refusal(Offers.Load(offer), Offers.Policy(role)).Code);

    [Fact]
    public void A_data_section_is_rejected_and_leaves_the_bundle()
    {
        var answer = Offers.Answer(Offers.Load("chromium-datachannel"), Offers.Policy(SessionRole.Publish));
        var sdp = Offers.Parse(answer.Sdp);

        Assert.Equal(["0", "1"], sdp.Bundle);
        Assert.Equal((0, "2"), (sdp.Media[2].Port, sdp.Media[2].Mid));
        Assert.Equal(["webrtc-datachannel"], sdp.Media[2].Formats);
    }

    [Theory]
    [InlineData("chromium-datachannel", 2)]
    [InlineData("chromium-datachannel-only", 0)]
    public void A_duplex_session_gets_data_channels(string name, int section)
    {
        var offer = Offers.Load(name);
        var answer = Offers.Answer(offer, Offers.PlayPolicy(offer, role: SessionRole.Duplex));
        var data = Offers.Parse(answer.Sdp).Media[section];

        Assert.Equal((9, "UDP/DTLS/SCTP", 5000, 262144), (data.Port, data.Protocol, data.SctpPort, data.MaxMessageSize));
        Assert.Equal(["webrtc-datachannel"], data.Formats);
        Assert.Contains(data.Mid, Offers.Parse(answer.Sdp).Bundle!);
        var outcome = answer.Session.Media[section];
        Assert.Equal((SectionUse.Data, (ushort)5000, 262144L), (outcome.Use, outcome.SctpPort, outcome.MaxMessageSize));
    }

    [Fact]
    public void The_section_that_carries_the_bundle_is_never_given_port_0()
    {
        var offer = Offers.Load("chromium-datachannel");
        var dataFirst = offer with { Bundle = ["2", "0", "1"] };
        var sdp = Offers.Parse(Offers.Answer(dataFirst, Offers.Policy(SessionRole.Publish)).Sdp);

        Assert.Equal(["2", "0", "1"], sdp.Bundle);
        Assert.Equal(9, sdp.Media[2].Port);
        Assert.NotEmpty(sdp.Media[2].Transport.Candidates);
    }

    [Theory]
    [InlineData("actpass", DtlsSetup.Passive)]
    [InlineData("active", DtlsSetup.Passive)]
    [InlineData("passive", DtlsSetup.Active)]
    public void The_dtls_role_follows_the_offer_and_is_passive_by_choice(string offered, DtlsSetup expected)
    {
        string text = Offers.Text("chromium-sendonly").Replace("a=setup:actpass", $"a=setup:{offered}");
        var answer = Offers.Answer(Offers.Parse(text), Offers.Policy(SessionRole.Publish));

        Assert.Equal(expected, answer.Session.LocalSetup);
        Assert.All(Offers.Parse(answer.Sdp).Media, m => Assert.Equal(expected, m.Transport.Setup));
    }

    [Theory]
    [InlineData("a=mid:1\r\n", "a=mid:0\r\n", SdpErrorCode.Mid)]
    [InlineData("a=mid:0\r\n", "", SdpErrorCode.Mid)]
    [InlineData("a=group:BUNDLE 0 1\r\n", "", SdpErrorCode.Bundle)]
    [InlineData("a=group:BUNDLE 0 1\r\n", "a=group:BUNDLE 0\r\n", SdpErrorCode.Bundle)]
    [InlineData("a=rtcp-mux\r\n", "", SdpErrorCode.RtcpMux)]
    [InlineData("a=ice-pwd:", "a=x:", SdpErrorCode.IceCredentials)]
    [InlineData("a=fingerprint:sha-256 ", "a=fingerprint:sha-1 ", SdpErrorCode.Fingerprint)]
    [InlineData("a=group", "a=ice-lite\r\na=group", SdpErrorCode.IceLite)]
    [InlineData("m=audio 9", "m=image 9", SdpErrorCode.NothingToNegotiate)]
    public void A_faulty_offer_is_refused_by_name(string replaced, string by, SdpErrorCode code)
    {
        string text = System.Text.RegularExpressions.Regex.Replace(Offers.Text("chromium-sendonly"), "m=audio \\d+", "m=audio 9");

        var refusal = Offers.Refusal(Offers.Parse(text.Replace(replaced, by)), Offers.Policy(SessionRole.Publish));
        Assert.Equal(code, refusal.Code);
        Assert.True(Offers.NamesItsRule(refusal), refusal.Message);
    }

    /// <summary>FFmpeg 8.0 writes "BUNDLE 0 1" also when it sends one of both.</summary>
    [Theory]
    [InlineData("a=group:BUNDLE 0 1 7\r\n", "0 1")]
    [InlineData("a=group:BUNDLE 7 1 0\r\n", "1 0")]
    [InlineData("a=group:BUNDLE 0 1 0\r\n", "0 1")]
    public void What_a_bundle_names_in_vain_is_left_out(string group, string answered)
    {
        var answer = Offers.Answer(Offers.Parse(Offers.Text("chromium-sendonly").Replace("a=group:BUNDLE 0 1\r\n", group)), Offers.Policy(SessionRole.Publish));
        Assert.Equal(answered.Split(' '), Offers.Parse(answer.Sdp).Bundle);
    }

    [Theory]
    [InlineData("a=group:BUNDLE 0 1\r\n", "a=mid:0\r\n", "0")]
    [InlineData("a=group:BUNDLE 1\r\n", "a=mid:0\r\n", null)]
    [InlineData("a=group:BUNDLE 0\r\n", "", null)]
    [InlineData("", "", null)]
    public void One_section_has_a_transport_to_itself_whatever_the_group_says(string group, string mid, string? answered)
    {
        string text = Offers.Text("chromium-sendonly");
        text = text[..text.IndexOf("m=video", StringComparison.Ordinal)].Replace("a=group:BUNDLE 0 1\r\n", group).Replace("a=mid:0\r\n", mid);
        var answer = Offers.Answer(Offers.Parse(text), Offers.Policy(SessionRole.Publish));
        var sdp = Offers.Parse(answer.Sdp);

        Assert.Equal(SectionUse.Publish, answer.Session.Media[0].Use);
        Assert.Equal(answered, sdp.Bundle is null ? null : string.Join(' ', sdp.Bundle));
        Assert.Equal(mid, sdp.Media[0].Mid.Length == 0 ? "" : $"a=mid:{sdp.Media[0].Mid}\r\n");
        Assert.NotEmpty(sdp.Media[0].Transport.Candidates);
    }

    [Fact]
    public void An_extension_under_an_id_of_another_is_left_out()
    {
        string text = Offers.Text("chromium-sendonly");
        int video = text.IndexOf("m=video", StringComparison.Ordinal);
        var extension = Offers.Parse(text).Media[1].Extensions.First(e => e.Uri == HeaderExtensionUris.VideoOrientation);
        int taken = Offers.Parse(text).Media[0].Extensions[0].Id;
        text = text[..video] + text[video..].Replace($"a=extmap:{extension.Id} {extension.Uri}", $"a=extmap:{taken} {extension.Uri}");
        var answer = Offers.Answer(Offers.Parse(text), Offers.Policy(SessionRole.Publish));

        Assert.Equal(0, answer.Session.Media[1].ExtensionId(HeaderExtensionUris.VideoOrientation));
        Assert.NotEqual(0, answer.Session.Media[1].ExtensionId(HeaderExtensionUris.Mid));
    }

    [Fact]
    public void A_section_that_is_not_used_needs_no_rtcp_mux()
    {
        string text = Offers.Text("chromium-sendonly");
        int video = text.IndexOf("m=video", StringComparison.Ordinal);
        text = text[..video] + text[video..].Replace("a=rtcp-mux\r\n", "").Replace("a=sendonly", "a=inactive");
        var sdp = Offers.Parse(Offers.Answer(Offers.Parse(text), Offers.Policy(SessionRole.Publish)).Sdp);
        Assert.Equal([true, false], sdp.Media.Select(m => m.RtcpMux));
    }

    /// <summary>What OBS and hardware encoders publish, to what Firefox, and a Chromium without High, offer.</summary>
    [Theory]
    [InlineData("chromium-recvonly", "640028")]
    [InlineData("chromium-recvonly", "4d0028")]
    [InlineData("chromium-recvonly-3", "64001f")]
    public void H264_above_baseline_is_played_to_who_offers_only_that(string name, string profile)
    {
        var offer = Offers.Load(name);
        offer = offer with
        {
            Media = [.. offer.Media.Select(m => m with { Codecs = [.. m.Codecs.Where(c => c.Kind != CodecKind.H264 || c.Fmtp["profile-level-id"]!.StartsWith("42e0", StringComparison.Ordinal))] })],
        };
        var media = Offers.Answer(offer, Offers.PlayPolicy(offer, Offers.Codec("H264", Mode1 + profile))).Session.Media[1];
        Assert.Equal(SectionUse.Play, media.Use);
        Assert.Equal("42e01f", media.Codecs[0].Fmtp["profile-level-id"]);
    }

    [Fact]
    public void A_single_section_needs_no_bundle()
    {
        string text = Offers.Text("chromium-sendonly");
        text = text[..text.IndexOf("m=video", StringComparison.Ordinal)].Replace("a=group:BUNDLE 0 1\r\n", "");
        var answer = Offers.Answer(Offers.Parse(text), Offers.Policy(SessionRole.Publish));

        Assert.DoesNotContain("BUNDLE", answer.Sdp);
        Assert.NotEmpty(Offers.Parse(answer.Sdp).Media[0].Transport.Candidates);
    }

    [Fact]
    public void Ids_above_14_are_taken_only_where_forms_may_be_mixed()
    {
        string text = Offers.Text("chromium-sendonly").Replace("a=extmap:13 ", "a=extmap:20 ");

        Assert.Equal(20, Orientation(text));
        Assert.Equal(0, Orientation(text.Replace("a=extmap-allow-mixed\r\n", "")));

        static int Orientation(string offer) => Offers.Answer(Offers.Parse(offer), Offers.Policy(SessionRole.Publish))
            .Session.Media[1].ExtensionId(HeaderExtensionUris.VideoOrientation);
    }

    [Theory]
    [MemberData(nameof(SessionDescriptionTests.AllOffers), MemberType = typeof(SessionDescriptionTests))]
    public void Every_real_offer_gets_an_answer_with_its_sections_in_their_order(string name)
    {
        var offer = Offers.Load(name);
        var sdp = Offers.Parse(Offers.Answer(offer, Offers.PlayPolicy(offer, role: SessionRole.Duplex)).Sdp);

        Assert.Equal(offer.Media.Select(m => (m.Mid, m.Media, m.Protocol)), sdp.Media.Select(m => (m.Mid, m.Media, m.Protocol)));
        Assert.Equal(sdp.Media.Where(m => m.Port != 0).Select(m => m.Mid), sdp.Bundle);
    }
}
