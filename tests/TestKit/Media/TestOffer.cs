using System.Text;

namespace Nexus.TestKit.Media;

/// <summary>One m-section of a test peer's offer.</summary>
/// <param name="Direction"><c>sendonly</c>, <c>recvonly</c> or <c>sendrecv</c>.</param>
/// <param name="Codecs">Names as in SDP: VP8, VP9, H264, AV1, opus.</param>
/// <param name="Rids">Simulcast layers in offered order.</param>
public sealed record TestSection(string Kind, string Direction, IReadOnlyList<string> Codecs, params IReadOnlyList<string> Rids);

/// <summary>Writes offers as a browser would, down to what the node reads.</summary>
public static class TestOffer
{
    public const int OpusType = 111;
    public const int Vp8Type = 96;
    public const int H264Type = 102;
    public const int Vp9Type = 98;
    public const int Av1Type = 45;
    public const byte MidId = 1;
    public const byte TransportSequenceId = 2;
    public const byte RidId = 3;
    public const byte RepairedRidId = 4;
    public const byte AudioLevelId = 5;
    public const byte OrientationId = 6;
    public const byte PlayoutDelayId = 7;
    public const byte AbsCaptureTimeId = 8;
    public const byte DescriptorId = 9;
    public const byte LayersAllocationId = 10;

    public static int TypeOf(string codec) => codec switch
    {
        "opus" => OpusType,
        "VP8" => Vp8Type,
        "VP9" => Vp9Type,
        "H264" => H264Type,
        "AV1" => Av1Type,
        _ => throw new ArgumentOutOfRangeException(nameof(codec), codec, "unknown"),
    };

    public static string Write(string ufrag, string password, string fingerprint, IReadOnlyList<TestSection> sections, bool rtx = true)
    {
        var sdp = new StringBuilder();
        sdp.Append("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
        sdp.Append($"a=group:BUNDLE {string.Join(' ', Enumerable.Range(0, sections.Count))}\r\na=extmap-allow-mixed\r\n");
        for (var mid = 0; mid < sections.Count; mid++)
        {
            WriteSection(sdp, sections[mid], mid, ufrag, password, fingerprint, rtx);
        }

        return sdp.ToString();
    }

    private static void WriteSection(
        StringBuilder sdp, TestSection section, int mid, string ufrag, string password, string fingerprint, bool rtx)
    {
        if (section.Kind == "application")
        {
            sdp.Append("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n");
            sdp.Append($"a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\na=fingerprint:{fingerprint}\r\na=setup:actpass\r\na=mid:{mid}\r\n");
            sdp.Append("a=sctp-port:5000\r\na=max-message-size:262144\r\n");
            return;
        }

        var isVideo = section.Kind == "video";
        var types = section.Codecs.Select(TypeOf).SelectMany(t => isVideo && rtx ? new[] { t, t + 1 } : [t]);
        sdp.Append($"m={section.Kind} 9 UDP/TLS/RTP/SAVPF {string.Join(' ', types)}\r\nc=IN IP4 0.0.0.0\r\n");
        sdp.Append($"a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\na=fingerprint:{fingerprint}\r\na=setup:actpass\r\na=mid:{mid}\r\n");
        sdp.Append($"a=extmap:{MidId} urn:ietf:params:rtp-hdrext:sdes:mid\r\n");
        sdp.Append($"a=extmap:{TransportSequenceId} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n");
        if (isVideo)
        {
            sdp.Append($"a=extmap:{RidId} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n");
            sdp.Append($"a=extmap:{RepairedRidId} urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n");
            sdp.Append($"a=extmap:{OrientationId} urn:3gpp:video-orientation\r\n");
            sdp.Append($"a=extmap:{PlayoutDelayId} http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n");
            sdp.Append($"a=extmap:{AbsCaptureTimeId} http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time\r\n");
            sdp.Append($"a=extmap:{DescriptorId} https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\r\n");
            sdp.Append($"a=extmap:{LayersAllocationId} http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00\r\n");
        }
        else
        {
            sdp.Append($"a=extmap:{AudioLevelId} urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n");
        }

        sdp.Append($"a={section.Direction}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n");
        foreach (var codec in section.Codecs)
        {
            var type = TypeOf(codec);
            sdp.Append(isVideo ? $"a=rtpmap:{type} {codec}/90000\r\n" : $"a=rtpmap:{type} {codec}/48000/2\r\n");
            sdp.Append($"a=rtcp-fb:{type} transport-cc\r\n");
            if (codec == "H264")
            {
                sdp.Append($"a=fmtp:{type} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n");
            }

            if (isVideo)
            {
                sdp.Append($"a=rtcp-fb:{type} nack\r\na=rtcp-fb:{type} nack pli\r\na=rtcp-fb:{type} ccm fir\r\n");
                if (rtx)
                {
                    sdp.Append($"a=rtpmap:{type + 1} rtx/90000\r\na=fmtp:{type + 1} apt={type}\r\n");
                }
            }
        }

        foreach (var rid in section.Rids)
        {
            sdp.Append($"a=rid:{rid} send\r\n");
        }

        if (section.Rids.Count > 0)
        {
            sdp.Append($"a=simulcast:send {string.Join(';', section.Rids)}\r\n");
        }
    }
}
