using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>What the remote end may do with its session.</summary>
public enum SessionRole : byte
{
    /// <summary>WHIP: it sends, we receive.</summary>
    Publish,

    /// <summary>WHEP: it receives, we send.</summary>
    Play,

    /// <summary>Both over one transport; a section that offers both directions publishes.</summary>
    Duplex,
}

/// <summary>Our end of the transport.</summary>
/// <param name="IceUfrag">Ours; a new one after an ICE restart (RFC 8839 section 4.4.3).</param>
/// <param name="IcePwd">Ours.</param>
/// <param name="Fingerprints">Of our certificate.</param>
/// <param name="Candidates">All of them: UDP host and passive TCP ones. The answer says that no more will come.</param>
public sealed record LocalTransport(
    string IceUfrag, string IcePwd, IReadOnlyList<DtlsFingerprint> Fingerprints, IReadOnlyList<IceCandidate> Candidates);

/// <summary>
/// Our sender on one play section: fixed for the life of the section, whichever tracks are bound to it in time, so that
/// rebinding needs no new negotiation.
/// </summary>
public sealed record PlayBinding
{
    /// <summary>Stream and track names that the receiver's <c>ontrack</c> sees.</summary>
    public required Msid Msid { get; init; }

    public required string Cname { get; init; }

    public required uint Ssrc { get; init; }

    /// <summary>For video; announced when the receiver offers RTX.</summary>
    public uint RtxSsrc { get; init; }

    /// <summary>The formats in which the bound track is to be had, as its publisher negotiated them, the best first; none while no track is bound.</summary>
    public IReadOnlyList<RtpCodec> Formats { get; init; } = [];

    /// <summary>The bound track's name for messages, such as <c>TR_…</c>.</summary>
    public string? TrackName { get; init; }

    /// <summary>The session that publishes the bound track in the receiver's room. With <see cref="TrackName"/> it says which track that is: one that is forwarded anew is another.</summary>
    public string? TrackSession { get; init; }
}

/// <summary>All that an answer depends on besides the offer.</summary>
public sealed record AnswerPolicy
{
    public required SessionRole Role { get; init; }

    public required LocalTransport Transport { get; init; }

    /// <summary>Kinds that the grants let the remote end publish.</summary>
    public IReadOnlySet<MediaKind> PublishKinds { get; init; } = AllKinds;

    /// <summary>Kinds that the grants let it play.</summary>
    public IReadOnlySet<MediaKind> PlayKinds { get; init; } = AllKinds;

    /// <summary>Codecs that the server (or the room) allows.</summary>
    public IReadOnlySet<CodecKind> Codecs { get; init; } = AllCodecs;

    public IReadOnlySet<string> Extensions { get; init; } = HeaderExtensionUris.Supported;

    /// <summary>Senders by mid. A play section without one is answered <c>inactive</c>.</summary>
    public IReadOnlyDictionary<string, PlayBinding> Bindings { get; init; } = new Dictionary<string, PlayBinding>();

    /// <summary>By mid, the name of the format that was announced for what a section publishes; others get the first they offer.</summary>
    public IReadOnlyDictionary<string, string> Announced { get; init; } = new Dictionary<string, string>();

    /// <summary>Where libwebrtc publishers are told to begin, in kbit/s; 0 leaves it to them.</summary>
    public int PublishStartKilobits { get; init; } = 1500;

    /// <summary>Simulcast layers taken of one section; of more, the first ones.</summary>
    public int MaxLayers { get; init; } = 4;

    /// <summary>For the o= line; the same for all answers of a session.</summary>
    public ulong SessionId { get; init; } = 1;

    public static IReadOnlySet<MediaKind> AllKinds { get; } = new HashSet<MediaKind> { MediaKind.Audio, MediaKind.Video };

    public static IReadOnlySet<CodecKind> AllCodecs { get; } =
        new HashSet<CodecKind> { CodecKind.Opus, CodecKind.Vp8, CodecKind.Vp9, CodecKind.H264, CodecKind.Av1 };
}
