using System.Text;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.Fuzz.Sdp;

/// <summary>Reads hostile offers, answers those that read, and reads the answers again.</summary>
public sealed class SdpTarget : IFuzzTarget
{
    private const string Head =
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\na=ice-ufrag:abcd\r\n" +
        "a=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=fingerprint:sha-256 ";

    private static readonly string Hash = string.Join(':', Enumerable.Repeat("AB", 32)) + "\r\n";

    private const string Audio =
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n" +
        "a=extmap:1/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=rtpmap:111 opus/48000/2\r\n" +
        "a=fmtp:111 minptime=10;stereo=1\r\na=rtcp-fb:* transport-cc\r\na=candidate:1 1 udp 1 127.0.0.1 1 typ host\r\n";

    private const string Simulcast =
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102\r\na=mid:1\r\na=sendonly\r\na=rtcp-mux\r\na=msid:s t\r\n" +
        "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n" +
        "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtpmap:102 H264/90000\r\na=fmtp:102 profile-level-id=42e01f\r\n" +
        "a=rid:q send\r\na=rid:h send pt=96\r\na=simulcast:send ~q;h,q\r\n";

    private const string Sources =
        "m=video 9 UDP/TLS/RTP/SAVPF 45\r\na=mid:1\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:45 AV1/90000\r\n" +
        "a=ssrc-group:SIM 1 2\r\na=ssrc-group:FID 1 3\r\na=ssrc:1 cname:x\r\na=ssrc:2 msid:a b\r\n";

    private const string Data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\na=sctp-port:5000\r\n";

    public static IEnumerable<byte[]> Seeds =>
        new[] { Simulcast, Sources, Data }.Select(second => Encoding.UTF8.GetBytes(Head + Hash + Audio + second));

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (!SessionDescription.TryParse(Encoding.UTF8.GetString(input), out var offer, out var error))
        {
            Assert.InRange(error.Message.Length, 1, 1000);
            return;
        }

        Assert.True(SessionDescription.TryParse(offer.ToString(), out _, out error), $"{error}");
        foreach (var role in Enum.GetValues<SessionRole>())
        {
            if (OfferAnswer.TryAnswer(offer, Policy(offer, role), null, out var answer, out error))
            {
                Assert.True(SessionDescription.TryParse(answer.Sdp, out var read, out error), $"{error}");
                Assert.Equal(offer.Media.Select(m => m.Mid), read.Media.Select(m => m.Mid));
                Assert.True(OfferAnswer.TryAnswer(offer, Policy(offer, role), answer.Session, out _, out error), $"{error}");
            }
        }
    }

    private static AnswerPolicy Policy(SessionDescription offer, SessionRole role) => new()
    {
        Role = role,
        Transport = new("nexu", "0123456789012345678901", [new("sha-256", new byte[32])], [IceCandidate.UdpHost("127.0.0.1", 1)]),
        Bindings = OfferAnswer.PlaySections(offer, role).DistinctBy(m => m.Mid).ToDictionary(
            m => m.Mid, _ => new PlayBinding { Msid = new("s", "t"), Cname = "c", Ssrc = 1, RtxSsrc = 2 }),
    };
}

/// <summary>Reads hostile answers to an offer of ours, and offers again from what those that are taken say.</summary>
public sealed class SdpAnswerTarget : IFuzzTarget
{
    private const string Head =
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\na=extmap-allow-mixed\r\na=ice-ufrag:abcd\r\n" +
        "a=ice-pwd:0123456789012345678901\r\na=setup:active\r\na=fingerprint:sha-256 ";

    private const string Media =
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n" +
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=recvonly\r\na=rtcp-mux\r\n" +
        "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n" +
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:2\r\na=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=recvonly\r\na=rtcp-mux\r\n" +
        "a=rtcp-rsize\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";

    private static readonly LocalTransport Transport = new("nexu", "0123456789012345678901", [new("sha-256", new byte[32])], [IceCandidate.UdpHost("127.0.0.1", 1)]);

    public static IEnumerable<byte[]> Seeds => [Encoding.UTF8.GetBytes(Head + string.Join(':', Enumerable.Repeat("AB", 32)) + "\r\n" + Media)];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (!SessionDescription.TryParse(Encoding.UTF8.GetString(input), out var answer, out _))
        {
            return;
        }

        var offer = SessionOffer.Make(
            [new("0", MediaKind.Application), Section("1", MediaKind.Audio, "opus", 48_000), Section("2", MediaKind.Video, "VP9/VP8", 90_000)], Transport, 1, null);
        if (!offer.TryAccept(answer, out var session, out var error))
        {
            Assert.InRange(error!.Message.Length, 1, 1000);
            return;
        }

        Assert.Equal(["0", "1", "2"], session!.Media.Select(m => m.Mid));
        var sections = session.Media.Select(m => new OfferedSection(m.Mid, m.Kind) { IsRejected = m.Use == SectionUse.Rejected, Sender = m.Sender });
        var next = SessionOffer.Make([.. sections], Transport, 1, session);
        Assert.True(SessionDescription.TryParse(next.Sdp, out _, out error), $"{error}");
        Assert.True(session.Media.All(m => m.Use != SectionUse.Play || m.Codecs.Count is 1 or 2));
    }

    private static OfferedSection Section(string mid, MediaKind kind, string codecs, int clockRate) => new(mid, kind)
    {
        Sender = new()
        {
            Msid = new("s", "t"),
            Cname = "c",
            Ssrc = 1,
            RtxSsrc = kind == MediaKind.Video ? 2u : 0,
            Formats = [.. codecs.Split('/').Select(c => new RtpCodec { PayloadType = 1, Name = c, ClockRate = clockRate, Channels = kind == MediaKind.Audio ? 2 : 1 })],
        },
    };
}

public sealed class SdpFragmentTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds =>
    [
        Encoding.UTF8.GetBytes(
            "a=group:BUNDLE 0 1\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" +
            "a=candidate:1 1 udp 1 127.0.0.1 1 typ host ufrag abcd\r\na=candidate:2 1 tcp 1 ::1 9 typ host tcptype active\r\na=end-of-candidates\r\n"),
    ];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (!SdpFragment.TryParse(Encoding.UTF8.GetString(input), out var fragment, out var error))
        {
            Assert.InRange(error.Message.Length, 1, 1000);
            return;
        }

        Assert.True(SdpFragment.TryParse(fragment.ToString(), out var again, out error), $"{error}");
        Assert.Equal(fragment.Candidates, again.Candidates);
    }
}
