namespace Nexus.MediaNode.Protocol.Rtp;

/// <summary>The URIs by which <c>a=extmap</c> names the header extensions that the node knows, one for each <see cref="HeaderExtensionKind"/>.</summary>
public static class HeaderExtensionUris
{
    /// <summary>RFC 9143 section 15.</summary>
    public const string Mid = "urn:ietf:params:rtp-hdrext:sdes:mid";

    /// <summary>RFC 8852.</summary>
    public const string RtpStreamId = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";

    /// <summary>RFC 8852.</summary>
    public const string RepairedRtpStreamId = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";

    public const string TransportWideCc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

    public const string AbsSendTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";

    /// <summary>RFC 6464.</summary>
    public const string SsrcAudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

    /// <summary>3GPP TS 26.114: orientation.</summary>
    public const string VideoOrientation = "urn:3gpp:video-orientation";

    public const string PlayoutDelay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
    public const string AbsCaptureTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
    public const string DependencyDescriptor = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
    public const string VideoLayersAllocation = "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00";
    public const string VideoContentType = "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type";
    public const string VideoTiming = "http://www.webrtc.org/experiments/rtp-hdrext/video-timing";
    public const string ColorSpace = "http://www.webrtc.org/experiments/rtp-hdrext/color-space";

    /// <summary>RFC 5450.</summary>
    public const string TransmissionOffset = "urn:ietf:params:rtp-hdrext:toffset";

    /// <summary>What an answer accepts unless told otherwise. <c>abs-send-time</c> says less than transport-wide-cc, and is left out.</summary>
    public static readonly IReadOnlySet<string> Supported = new HashSet<string>
    {
        Mid, RtpStreamId, RepairedRtpStreamId, TransportWideCc, SsrcAudioLevel, VideoOrientation, PlayoutDelay, AbsCaptureTime,
        VideoContentType, ColorSpace, DependencyDescriptor,
    };

    /// <summary>In the order of <see cref="HeaderExtensionKind"/>.</summary>
    private static readonly string[] ByKind =
    [
        string.Empty, Mid, RtpStreamId, RepairedRtpStreamId, TransportWideCc, AbsSendTime, SsrcAudioLevel, VideoOrientation, PlayoutDelay,
        AbsCaptureTime, DependencyDescriptor, VideoLayersAllocation, VideoContentType, VideoTiming, ColorSpace, TransmissionOffset,
    ];

    public static string Of(HeaderExtensionKind kind) => ByKind[(int)kind];

    /// <summary>False for an extension that the node does not know, which it then must not accept.</summary>
    public static bool TryParse(string uri, out HeaderExtensionKind kind)
    {
        int index = Array.IndexOf(ByKind, uri, 1);
        kind = (HeaderExtensionKind)Math.Max(index, 0);
        return index > 0;
    }
}
