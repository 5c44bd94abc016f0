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
