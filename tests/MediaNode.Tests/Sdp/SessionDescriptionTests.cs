using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Tests.Sdp;

public class SessionDescriptionTests
{
    public static TheoryData<string> AllOffers => [.. Offers.Names];

    [Theory]
    [MemberData(nameof(AllOffers))]
    public void A_real_offer_survives_reading_and_writing(string name)
    {
        string once = Offers.Load(name).ToString();
        string twice = Offers.Parse(once).ToString();

        Assert.Equal(once, twice);
        Assert.Equal(Offers.Load(name).Media.Count, Offers.Parse(once).Media.Count);
    }

    [Fact]
    public void Chromiums_simulcast_offer_is_read_in_full()
    {
        var offer = Offers.Load("chromium-simulcast");

        Assert.Equal(["0", "1"], offer.Bundle);
        Assert.True(offer.ExtmapAllowMixed);
        var audio = offer.Media[0];
        Assert.Equal((MediaKind.Audio, MediaDirection.SendOnly, true, true), (audio.Kind, audio.Direction, audio.RtcpMux, audio.RtcpRsize));
        Assert.Equal("6rD+", audio.Transport.IceUfrag);
        Assert.Equal(DtlsSetup.ActPass, audio.Transport.Setup);
        Assert.Equal(32, Assert.Single(audio.Transport.Fingerprints).Hash.Length);
        Assert.Equal(["127.0.0.1", "127.0.0.1"], audio.Transport.Candidates.Select(c => c.Address));
        Assert.Equal("active", audio.Transport.Candidates[1].TcpType);
        var opus = audio.Codecs[0];
        Assert.Equal((111, "opus", 48000, 2, CodecKind.Opus, RtcpFeedback.TransportCc), (opus.PayloadType, opus.Name, opus.ClockRate, opus.Channels, opus.Kind, opus.Feedback));
        Assert.Equal("10", opus.Fmtp["minptime"]);

        var video = offer.Media[1];
        Assert.Equal(["q", "h", "f"], video.Simulcast!.Send);
        Assert.Equal(["q", "h", "f"], video.Rids.Select(r => r.Id));
        Assert.Equal(97, video.Codecs[0].RtxPayloadType);
        Assert.Equal(RtcpFeedback.Nack | RtcpFeedback.Pli | RtcpFeedback.Fir | RtcpFeedback.TransportCc | RtcpFeedback.Remb, video.Codecs[0].Feedback);
        Assert.Contains(new HeaderExtension(10, HeaderExtensionUris.RtpStreamId), video.Extensions);
        Assert.Equal("883b74cf-f596-4c8a-8c54-5ad87dc44845", video.Msid!.TrackId);
    }

    [Fact]
    public void Firefoxs_session_level_attributes_reach_every_section()
    {
        var offer = Offers.Load("firefox-simulcast");

        Assert.All(offer.Media, m => Assert.Single(m.Transport.Fingerprints));
        Assert.All(offer.Media, m => Assert.Equal(["trickle"], m.Transport.IceOptions));
        var video = offer.Media[1];
        Assert.Equal(0, video.Port);
        Assert.True(video.BundleOnly);
        Assert.False(video.Rejected);
        Assert.Equal(3, video.SsrcGroups.Count);
        Assert.Contains(video.Extensions, e => e is { Id: 9, Direction: MediaDirection.SendOnly });
    }

    [Fact]
    public void A_data_section_is_recognised()
    {
        var data = Offers.Load("chromium-datachannel").Media[2];

        Assert.True(data.IsDataChannel);
        Assert.Equal((5000, 262144), (data.SctpPort, data.MaxMessageSize));
    }

    [Fact]
    public void Both_line_ends_are_read()
    {
        string text = Offers.Text("chromium-sendonly");

        Assert.Equal(Offers.Parse(text).ToString(), Offers.Parse(text.Replace("\r\n", "\n")).ToString());
    }

    [Fact]
    public void Mdns_candidates_are_known_as_such()
    {
        var candidates = Offers.Load("safari-sim-group").Media[0].Transport.Candidates;

        Assert.Equal([false, true], candidates.Select(c => c.IsMdns));
    }

    [Fact]
    public void Fingerprints_with_longer_hashes_are_read_and_weaker_ones_passed_over()
    {
        string hash48 = string.Join(':', Enumerable.Repeat("AB", 48)), hash64 = string.Join(':', Enumerable.Repeat("cd", 64));
        string text = Offers.Text("firefox-recvonly").Replace(
            "a=group", $"a=fingerprint:sha-1 {string.Join(':', Enumerable.Repeat("00", 20))}\r\na=fingerprint:SHA-384 {hash48}\r\na=fingerprint:sha-512 {hash64}\r\na=group");

        Assert.Equal(["sha-256", "sha-384", "sha-512"], Offers.Parse(text).Media[0].Transport.Fingerprints.Select(f => f.Algorithm));
    }

    public static TheoryData<string, SdpErrorCode, int, string> Malformed => new()
    {
        { "", SdpErrorCode.Syntax, 1, "v=0" },
        { "hello", SdpErrorCode.Syntax, 1, "no SDP line" },
        { "v=0\r\ns=-\r\n", SdpErrorCode.Syntax, 0, "o= line is missing" },
        { "v=0\r\no=- 1 2\r\n", SdpErrorCode.Syntax, 2, "six words" },
        { $"v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\na={new string('x', 9000)}\r\n", SdpErrorCode.TooLarge, 3, "8192" },
        { Head + "m=audio\r\n", SdpErrorCode.Syntax, 3, "m-line" },
        { Head + "m=audio x UDP/TLS/RTP/SAVPF 111\r\n", SdpErrorCode.Syntax, 3, "no port" },
        { Head + "m=audio 99999 UDP/TLS/RTP/SAVPF 111\r\n", SdpErrorCode.Syntax, 3, "no port" },
        { Audio + "a=mid:\r\n", SdpErrorCode.Mid, 4, "a=mid" },
        { Audio + "a=rtpmap:111 opus\r\n", SdpErrorCode.Syntax, 4, "rtpmap" },
        { Audio + "a=rtpmap:111 opus/0\r\n", SdpErrorCode.Syntax, 4, "rtpmap" },
        { Audio + "a=rtpmap:128 opus/48000/2\r\n", SdpErrorCode.Syntax, 4, "payload type" },
        { Audio + "a=fmtp:abc x=y\r\n", SdpErrorCode.Syntax, 4, "payload type" },
        { Audio + "a=extmap:0 urn:x\r\n", SdpErrorCode.HeaderExtension, 4, "extmap" },
        { Audio + "a=extmap:1/sideways urn:x\r\n", SdpErrorCode.HeaderExtension, 4, "extmap" },
        { Audio + "a=rid:a/b send\r\n", SdpErrorCode.Syntax, 4, "a=rid" },
        { Audio + "a=rid:a send\r\na=rid:a send\r\n", SdpErrorCode.TooLarge, 5, "twice" },
        { Audio + "a=simulcast:send\r\n", SdpErrorCode.Syntax, 4, "simulcast" },
        { Audio + "a=simulcast:up a;b\r\n", SdpErrorCode.Syntax, 4, "simulcast" },
        { Audio + "a=ssrc:4294967296 cname:x\r\n", SdpErrorCode.Syntax, 4, "32-bit" },
        { Audio + "a=ssrc-group:FID 1 x\r\n", SdpErrorCode.Syntax, 4, "SSRC" },
        { Audio + "a=ice-ufrag:abc\r\n", SdpErrorCode.IceCredentials, 4, "4 to 256" },
        { Audio + "a=ice-pwd:short\r\n", SdpErrorCode.IceCredentials, 4, "22 to 256" },
        { Audio + "a=fingerprint:sha-256 AB:CD\r\n", SdpErrorCode.Fingerprint, 4, "32 octets" },
        { Audio + "a=setup:holdconn\r\n", SdpErrorCode.Setup, 4, "actpass" },
        { Audio + "a=mid:0\0\r\n", SdpErrorCode.Syntax, 4, "control" },
        { Audio + "a=fmtp:111 a=b\rc\r\n", SdpErrorCode.Syntax, 4, "control" },
        { Audio + "v=0\r\n", SdpErrorCode.Syntax, 4, "one description" },
    };

    private const string Head = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n";
    private const string Audio = Head + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Malformed_text_is_refused_with_its_line_and_a_remedy(string text, SdpErrorCode code, int line, string said)
    {
        Assert.False(SessionDescription.TryParse(text, out _, out var error));
        Assert.Equal((code, line), (error.Code, error.Line));
        Assert.Contains(said, error.Message);
        Assert.True(code == SdpErrorCode.TooLarge || Offers.NamesItsRule(error), error.Message);
    }

    [Fact]
    public void Sizes_are_bounded()
    {
        AssertTooLarge(Head + string.Concat(Enumerable.Repeat("a=x:" + new string('y', 4000) + "\r\n", 70)));
        AssertTooLarge(Head + string.Concat(Enumerable.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", SdpLimits.MaxSections + 1)));
        AssertTooLarge(Audio + string.Concat(Enumerable.Range(0, 300).Select(i => $"a=ssrc:{i} cname:x\r\n")));
        AssertTooLarge(Audio + string.Concat(Enumerable.Repeat("a=candidate:1 1 udp 1 127.0.0.1 1 typ host\r\n", 300)));
        AssertTooLarge(Audio + string.Concat(Enumerable.Range(1, 300).Select(i => $"a=extmap:{i % 255 + 1} urn:{i}\r\n")));
        AssertTooLarge(Audio + string.Concat(Enumerable.Range(0, 20).Select(i => $"a=rid:r{i} send\r\n")));
        AssertTooLarge(Head + "m=audio 9 UDP/TLS/RTP/SAVPF" + string.Concat(Enumerable.Repeat(" 1", 300)) + "\r\n");

        static void AssertTooLarge(string text)
        {
            Assert.False(SessionDescription.TryParse(text, out _, out var error));
            Assert.Equal(SdpErrorCode.TooLarge, error.Code);
        }
    }

    [Fact]
    public void A_message_never_repeats_hostile_text_in_full()
    {
        Assert.False(SessionDescription.TryParse(Audio + $"a=rid:{new string('<', 3000)}\r\n", out _, out var error));

        Assert.InRange(error.Message.Length, 1, 300);
    }

    [Fact]
    public void Unknown_attributes_lines_and_candidate_transports_are_ignored()
    {
        var description = Offers.Parse(Audio + "a=future-thing:1 2 3\r\nb=AS:5000\r\na=candidate:1 1 ssltcp 1 1.2.3.4 443 typ host\r\na=candidate:bad\r\na=mid:a\r\n");

        Assert.Equal("a", description.Media[0].Mid);
        Assert.Empty(description.Media[0].Transport.Candidates);
    }

    [Theory]
    [InlineData("candidate:1 1 udp 2130706431 127.0.0.1 7882 typ host")]
    [InlineData("candidate:2 1 tcp 1518280447 ::1 9 typ host tcptype passive")]
    [InlineData("candidate:1 1 udp 1 192.0.2.1 1 typ srflx ufrag abcd")]
    public void A_candidate_reads_as_it_was_written(string text)
    {
        Assert.True(IceCandidate.TryParse(text, out var candidate));
        Assert.Equal(text, candidate!.ToString());
    }

    [Fact]
    public void Udp_is_preferred_to_tcp()
    {
        Assert.True(IceCandidate.UdpHost("127.0.0.1", 1).Priority > IceCandidate.TcpPassive("127.0.0.1", 1).Priority);
        Assert.Equal(2130706431u, IceCandidate.UdpHost("127.0.0.1", 1).Priority);
    }
}
