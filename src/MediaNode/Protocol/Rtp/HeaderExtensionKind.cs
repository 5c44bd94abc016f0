namespace Nexus.MediaNode.Protocol.Rtp;

/// <summary>The header extensions that the node knows. An id on the wire is one of these by the session's own map.</summary>
public enum HeaderExtensionKind : byte
{
    None = 0,
    Mid,
    Rid,
    RepairedRid,
    TransportSequence,
    AbsSendTime,
    AudioLevel,
    VideoOrientation,
    PlayoutDelay,
    AbsCaptureTime,
    DependencyDescriptor,
    VideoLayersAllocation,
    VideoContentType,
    VideoTiming,
    ColorSpace,
    TransmissionOffset,
}

/// <summary>A set of <see cref="HeaderExtensionKind"/>, one bit each.</summary>
public readonly record struct HeaderExtensionKinds(uint Bits)
{
    /// <summary>
    /// What passes from publisher to subscriber as it is. The rest belongs to one hop (mid, rids, transport sequence, send
    /// times), says what the subscriber does not get (layers allocation), or is rewritten (dependency descriptor).
    /// </summary>
    public static readonly HeaderExtensionKinds EndToEnd = Of(
        HeaderExtensionKind.AudioLevel,
        HeaderExtensionKind.VideoOrientation,
        HeaderExtensionKind.PlayoutDelay,
        HeaderExtensionKind.AbsCaptureTime,
        HeaderExtensionKind.VideoContentType,
        HeaderExtensionKind.VideoTiming,
        HeaderExtensionKind.ColorSpace);

    public static HeaderExtensionKinds Of(params ReadOnlySpan<HeaderExtensionKind> kinds)
    {
        uint bits = 0;
        foreach (var kind in kinds)
        {
            bits |= 1u << (int)kind;
        }

        return new(bits);
    }

    public bool Contains(HeaderExtensionKind kind) => (Bits & (1u << (int)kind)) != 0;

    public HeaderExtensionKinds With(HeaderExtensionKind kind) => new(Bits | (1u << (int)kind));

    public HeaderExtensionKinds Without(HeaderExtensionKind kind) => new(Bits & ~(1u << (int)kind));

    public static HeaderExtensionKinds operator &(HeaderExtensionKinds a, HeaderExtensionKinds b) => new(a.Bits & b.Bits);

    public static HeaderExtensionKinds operator |(HeaderExtensionKinds a, HeaderExtensionKinds b) => new(a.Bits | b.Bits);

    public static HeaderExtensionKinds BitwiseAnd(HeaderExtensionKinds left, HeaderExtensionKinds right) => left & right;

    public static HeaderExtensionKinds BitwiseOr(HeaderExtensionKinds left, HeaderExtensionKinds right) => left | right;
}

/// <summary>The URIs that <c>a=extmap</c> names the extensions by.</summary>
public static class HeaderExtensionUri
{
    private static readonly string[] Uris =
    [
        string.Empty,
        "urn:ietf:params:rtp-hdrext:sdes:mid",
        "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "urn:3gpp:video-orientation",
        "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
        "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
        "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
        "http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
        "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
        "urn:ietf:params:rtp-hdrext:toffset",
    ];

    public static string Of(HeaderExtensionKind kind) => Uris[(int)kind];

    /// <summary>False for an extension that the node does not know, which it then must not accept.</summary>
    public static bool TryParse(ReadOnlySpan<char> uri, out HeaderExtensionKind kind)
    {
        for (var i = 1; i < Uris.Length; i++)
        {
            if (uri.SequenceEqual(Uris[i]))
            {
                kind = (HeaderExtensionKind)i;
                return true;
            }
        }

        kind = HeaderExtensionKind.None;
        return false;
    }
}
