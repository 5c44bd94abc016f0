namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>The header extensions that the node reads, rewrites or passes on.</summary>
public static class HeaderExtensionUris
{
    /// <summary>RFC 9143 section 15.</summary>
    public const string Mid = "urn:ietf:params:rtp-hdrext:sdes:mid";

    /// <summary>RFC 8852.</summary>
    public const string RtpStreamId = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";

    /// <summary>RFC 8852.</summary>
    public const string RepairedRtpStreamId = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";

    public const string TransportWideCc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

    /// <summary>RFC 6464.</summary>
    public const string SsrcAudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

    /// <summary>3GPP TS 26.114: orientation.</summary>
    public const string VideoOrientation = "urn:3gpp:video-orientation";

    public const string PlayoutDelay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
    public const string AbsCaptureTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
    public const string VideoContentType = "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type";
    public const string ColorSpace = "http://www.webrtc.org/experiments/rtp-hdrext/color-space";
    public const string DependencyDescriptor = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

    /// <summary>What an answer accepts unless told otherwise. <c>abs-send-time</c> says less than transport-wide-cc, and is left out.</summary>
    public static readonly IReadOnlySet<string> Supported = new HashSet<string>
    {
        Mid, RtpStreamId, RepairedRtpStreamId, TransportWideCc, SsrcAudioLevel, VideoOrientation, PlayoutDelay, AbsCaptureTime,
        VideoContentType, ColorSpace, DependencyDescriptor,
    };
}
