namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>ICE and DTLS attributes of a section, those of the session level filled in where it has none of its own.</summary>
public sealed record TransportDescription
{
    public static readonly TransportDescription Empty = new();

    /// <summary>4-256 characters, or null when the section leaves it to the bundle's tagged section.</summary>
    public string? IceUfrag { get; init; }

    /// <summary>22-256 characters, or null likewise.</summary>
    public string? IcePwd { get; init; }

    public IReadOnlyList<string> IceOptions { get; init; } = [];

    /// <summary>Those with an accepted hash function; several may describe one certificate.</summary>
    public IReadOnlyList<DtlsFingerprint> Fingerprints { get; init; } = [];

    public DtlsSetup? Setup { get; init; }

    public IReadOnlyList<IceCandidate> Candidates { get; init; } = [];

    public bool EndOfCandidates { get; init; }
}

/// <summary>One m-section.</summary>
public sealed record MediaSection
{
    /// <summary>Empty when the section has none.</summary>
    public required string Mid { get; init; }

    public required MediaKind Kind { get; init; }

    /// <summary>The first word of the m-line as written: <c>audio</c>, <c>video</c>, <c>application</c>, ….</summary>
    public required string Media { get; init; }

    public int Port { get; init; } = 9;

    /// <summary>For example <c>UDP/TLS/RTP/SAVPF</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>The m-line's formats as written.</summary>
    public required IReadOnlyList<string> Formats { get; init; }

    public MediaDirection Direction { get; init; }

    /// <summary>Payload types in the m-line's order: the writer's preference. RTX formats are listed too.</summary>
    public IReadOnlyList<RtpCodec> Codecs { get; init; } = [];

    public IReadOnlyList<HeaderExtension> Extensions { get; init; } = [];

    public bool ExtmapAllowMixed { get; init; }

    public IReadOnlyList<Rid> Rids { get; init; } = [];

    public Simulcast? Simulcast { get; init; }

    public IReadOnlyList<SsrcGroup> SsrcGroups { get; init; } = [];

    public IReadOnlyList<SsrcAttribute> Ssrcs { get; init; } = [];

    public Msid? Msid { get; init; }

    public bool RtcpMux { get; init; }

    public bool RtcpRsize { get; init; }

    /// <summary>Port 0 of such a section means "only within the bundle", not "rejected" (RFC 9143).</summary>
    public bool BundleOnly { get; init; }

    public int? SctpPort { get; init; }

    public int? MaxMessageSize { get; init; }

    public TransportDescription Transport { get; init; } = TransportDescription.Empty;

    /// <summary>1-based line of the m-line in the text it was read from; 0 when it was made.</summary>
    public int Line { get; init; }

    public bool Rejected => Port == 0 && !BundleOnly;

    /// <summary>RTP over DTLS, in any of the spellings that RFC 8829 section 5.1.2 has one accept.</summary>
    public bool IsRtp => Protocol is "UDP/TLS/RTP/SAVPF" or "UDP/TLS/RTP/SAVP" or "TCP/DTLS/RTP/SAVPF" or "TCP/TLS/RTP/SAVPF"
        or "TCP/DTLS/RTP/SAVP" or "RTP/SAVPF" or "RTP/SAVP";

    /// <summary>SCTP over DTLS (RFC 8841).</summary>
    public bool IsDataChannel => Kind == MediaKind.Application && Protocol.EndsWith("DTLS/SCTP", StringComparison.Ordinal)
        && Formats is ["webrtc-datachannel"];
}
