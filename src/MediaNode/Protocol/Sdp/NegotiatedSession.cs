namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>What a section ended up as.</summary>
public enum SectionUse : byte
{
    /// <summary>Port 0: the section is dead, its place may be reused.</summary>
    Rejected,

    /// <summary>Kept, but nothing flows.</summary>
    Inactive,

    /// <summary>The remote end sends to us.</summary>
    Publish,

    /// <summary>We send to the remote end.</summary>
    Play,

    /// <summary>Data channels: SCTP over the bundle's DTLS, both ways.</summary>
    Data,
}

/// <summary>Why a section neither publishes nor plays.</summary>
public enum SectionRefusal : byte
{
    None,

    /// <summary>The offerer itself rejected it or made it inactive.</summary>
    ByOfferer,

    /// <summary>The grants do not allow this kind in this direction.</summary>
    NotPermitted,

    /// <summary>Its direction is not one that the session's role uses.</summary>
    WrongDirection,

    /// <summary>No sender was made for it: it can play after a further offer.</summary>
    NoBinding,

    /// <summary>Neither audio nor video over DTLS-SRTP.</summary>
    UnsupportedMedia,
}

/// <summary>One layer that a publisher announced: by rid, or by SSRC when it has no rids (browsers.md 5).</summary>
public sealed record PublishedLayer(string? Rid, uint? Ssrc, uint? RtxSsrc);

/// <summary>The outcome of one section.</summary>
public sealed record NegotiatedMedia
{
    public required string Mid { get; init; }

    public required MediaKind Kind { get; init; }

    public required SectionUse Use { get; init; }

    public SectionRefusal Refusal { get; init; }

    /// <summary>
    /// Publish: exactly one. Play: all formats that we may send, the bound track's first. RTX and RED are not listed but stand in
    /// <see cref="RtpCodec.RtxPayloadType"/> and <see cref="RtpCodec.RedPayloadType"/>; feedback is what was agreed.
    /// </summary>
    public IReadOnlyList<RtpCodec> Codecs { get; init; } = [];

    /// <summary>Publish: the formats that its offerer could send instead, its first choice first.</summary>
    public IReadOnlyList<RtpCodec> Alternatives { get; init; } = [];

    /// <summary>Agreed header extensions with the offerer's ids.</summary>
    public IReadOnlyList<HeaderExtension> Extensions { get; init; } = [];

    /// <summary>Publish: layers in offered order, at least one; without simulcast one, its SSRC unknown when not announced.</summary>
    public IReadOnlyList<PublishedLayer> Layers { get; init; } = [];

    /// <summary>Publish: the names the offerer gave.</summary>
    public Msid? Msid { get; init; }

    /// <summary>Play: our sender.</summary>
    public PlayBinding? Sender { get; init; }

    public bool RtcpRsize { get; init; }

    /// <summary>Data: the remote end's SCTP port.</summary>
    public ushort SctpPort { get; init; }

    /// <summary>Data: the longest message that the remote end takes, in octets; 0 means any (RFC 8841 section 6).</summary>
    public long MaxMessageSize { get; init; }

    /// <summary>The id of an agreed extension, or 0.</summary>
    public int ExtensionId(string uri) => Extensions.FirstOrDefault(e => e.Uri == uri)?.Id ?? 0;
}

/// <summary>What both ends agreed on; given back to <see cref="OfferAnswer"/> with the session's next offer.</summary>
public sealed record NegotiatedSession
{
    /// <summary>The tagged section's: ICE credentials, fingerprints, candidates of the remote end.</summary>
    public required TransportDescription Remote { get; init; }

    /// <summary>Our DTLS role, fixed by the first answer.</summary>
    public required DtlsSetup LocalSetup { get; init; }

    /// <summary>One for each m-section, in the order of the m-lines, for ever.</summary>
    public required IReadOnlyList<NegotiatedMedia> Media { get; init; }

    /// <summary>Header extensions of both forms may be mixed, ids above 14 are possible.</summary>
    public bool ExtmapAllowMixed { get; init; }

    /// <summary>Of the answer's o= line.</summary>
    public ulong Version { get; init; }

    /// <summary>Whether the offer's credentials start a new ICE generation.</summary>
    public bool IsIceRestart(TransportDescription offered) =>
        offered.IceUfrag != Remote.IceUfrag || offered.IcePwd != Remote.IcePwd;
}

/// <summary>An answer to an offer.</summary>
/// <param name="Sdp">The text to send back.</param>
/// <param name="Session">What it says.</param>
public sealed record Answer(string Sdp, NegotiatedSession Session);
