using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Sctp;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>One section of an offer of ours.</summary>
/// <param name="Mid">Fixed for ever, as the section's place is.</param>
/// <param name="Kind">Audio or video; Application for the data channels.</param>
public sealed record OfferedSection(string Mid, MediaKind Kind)
{
    /// <summary>What it sends, its track and the track's formats included; null offers it inactive.</summary>
    public PlayBinding? Sender { get; init; }

    /// <summary>The remote end rejected it in an earlier answer: it stays dead.</summary>
    public bool IsRejected { get; init; }

    /// <summary>The formats that are offered.</summary>
    internal IReadOnlyList<RtpCodec> Formats => Sender is { Formats: { Count: not 0 } formats } ? [.. formats.Select(OfferedFormat.Of)] : [OfferedFormat.Of(Kind)];
}

/// <summary>
/// An offer of ours (RFC 9429 section 5.2), for clients that let the server offer what they receive: one section for each track, in
/// the track's own formats, and data channels. Pure: <see cref="Make"/> writes it, <see cref="TryAccept"/> takes the answer.
/// </summary>
public sealed class SessionOffer
{
    private readonly LocalTransport _transport;
    private readonly NegotiatedSession? _previous;

    private SessionOffer(IReadOnlyList<OfferedSection> sections, LocalTransport transport, ulong sessionId, NegotiatedSession? previous)
    {
        (Sections, _transport, _previous) = (sections, transport, previous);
        Version = (previous?.Version ?? 0) + 1;
        Sdp = Write(sessionId).ToString();
    }

    public string Sdp { get; }

    public IReadOnlyList<OfferedSection> Sections { get; }

    /// <summary>Of the o= line.</summary>
    public ulong Version { get; }

    /// <param name="sections">All there have ever been, in their order; new ones at the end.</param>
    /// <param name="transport">Ours.</param>
    /// <param name="sessionId">For the o= line; the same for all offers of a session.</param>
    /// <param name="previous">The outcome of the offer before; null for the first.</param>
    public static SessionOffer Make(IReadOnlyList<OfferedSection> sections, LocalTransport transport, ulong sessionId, NegotiatedSession? previous) =>
        new(sections, transport, sessionId, previous);

    /// <summary>Takes the remote end's answer: what both agreed on, or what is wrong with it.</summary>
    public bool TryAccept(SessionDescription answer, out NegotiatedSession? session, out SdpError? error)
    {
        session = null;
        error = Check(answer, out var setup);
        if (error is null)
        {
            session = new()
            {
                Remote = answer.TaggedSection!.Transport,
                LocalSetup = setup,
                Media = [.. Sections.Zip(answer.Media, Outcome)],
                ExtmapAllowMixed = answer.ExtmapAllowMixed || answer.TaggedSection.ExtmapAllowMixed,
                Version = Version,
            };
        }

        return error is null;
    }

    private static readonly HeaderExtension[] Extensions =
    [
        new(1, HeaderExtensionUris.Mid),
        new(2, HeaderExtensionUris.TransportWideCc),
        new(3, HeaderExtensionUris.SsrcAudioLevel),
        new(4, HeaderExtensionUris.VideoOrientation),
        new(5, HeaderExtensionUris.PlayoutDelay),
        new(6, HeaderExtensionUris.AbsCaptureTime),
        new(7, HeaderExtensionUris.VideoContentType),
        new(8, HeaderExtensionUris.ColorSpace),
        new(9, HeaderExtensionUris.DependencyDescriptor),
    ];

    private static bool IsOf(MediaKind kind, HeaderExtension extension) => extension.Uri switch
    {
        HeaderExtensionUris.Mid or HeaderExtensionUris.TransportWideCc or HeaderExtensionUris.AbsCaptureTime => true,
        HeaderExtensionUris.SsrcAudioLevel => kind == MediaKind.Audio,
        _ => kind == MediaKind.Video,
    };

    private SessionDescription Write(ulong sessionId)
    {
        var transport = new TransportDescription { IceUfrag = _transport.IceUfrag, IcePwd = _transport.IcePwd, Setup = DtlsSetup.ActPass };
        var tagged = transport with { Candidates = _transport.Candidates, EndOfCandidates = true };
        var alive = Sections.FirstOrDefault(s => !s.IsRejected);
        return new()
        {
            SessionId = sessionId,
            Version = Version,
            IceLite = true,
            Bundle = [.. Sections.Where(s => !s.IsRejected).Select(s => s.Mid)],
            ExtmapAllowMixed = true,
            Transport = new() { IceOptions = ["trickle"], Fingerprints = _transport.Fingerprints },
            Media = [.. Sections.Select(s => Write(s, s == alive ? tagged : transport))],
        };
    }

    private static MediaSection Write(OfferedSection offered, TransportDescription transport)
    {
        List<RtpCodec> codecs = [.. offered.Formats.SelectMany<RtpCodec, RtpCodec>(f => [f, .. Rtx(f)])];
        bool isData = offered.Kind == MediaKind.Application;
        var section = new MediaSection
        {
            Mid = offered.Mid,
            Kind = offered.Kind,
            Media = offered.Kind.ToString().ToLowerInvariant(),
            Protocol = isData ? "UDP/DTLS/SCTP" : "UDP/TLS/RTP/SAVPF",
            Formats = isData ? ["webrtc-datachannel"] : [.. codecs.Select(c => c.PayloadType.ToString())],
            Port = offered.IsRejected ? 0 : 9,
            Direction = MediaDirection.Inactive,
        };
        return offered switch
        {
            { IsRejected: true } => section,
            { Kind: MediaKind.Application } => section with
            {
                Transport = transport,
                SctpPort = SctpOptions.Default.LocalPort,
                MaxMessageSize = SctpOptions.Default.MaxMessageSize,
            },
            _ => WriteSender(offered, section with
            {
                Transport = transport,
                Codecs = codecs,
                Extensions = [.. Extensions.Where(e => IsOf(offered.Kind, e))],
                ExtmapAllowMixed = true,
                RtcpMux = true,
                RtcpRsize = true,
            }),
        };
    }

    private static MediaSection WriteSender(OfferedSection offered, MediaSection section)
    {
        if (offered.Sender is not { } sender)
        {
            return section;
        }

        bool rtx = sender.RtxSsrc != 0;
        SsrcAttribute[] ssrcs = [new(sender.Ssrc, sender.Cname, sender.Msid), new(sender.RtxSsrc, sender.Cname, sender.Msid)];
        return section with
        {
            Direction = MediaDirection.SendOnly,
            Msid = sender.Msid,
            SsrcGroups = rtx ? [new("FID", [sender.Ssrc, sender.RtxSsrc])] : [],
            Ssrcs = rtx ? ssrcs : ssrcs[..1],
        };
    }

    private static IEnumerable<RtpCodec> Rtx(RtpCodec codec) => codec.RtxPayloadType is { } rtx
        ? [new() { PayloadType = rtx, Name = "rtx", ClockRate = codec.ClockRate, Fmtp = FormatParameters.Of(("apt", codec.PayloadType.ToString())) }]
        : [];

    private SdpError? Check(SessionDescription answer, out DtlsSetup setup)
    {
        setup = DtlsSetup.Passive;
        if (answer.Media.Count != Sections.Count || answer.Media.Zip(Sections).Any(p => !p.First.Rejected && p.First.Mid != p.Second.Mid))
        {
            return new(SdpErrorCode.SectionsChanged, 0, $"The answer must have the offer's {Sections.Count} m-sections in their order, with their mids (RFC 3264 section 6).");
        }

        if (answer.TaggedSection is not { } tagged)
        {
            return new(SdpErrorCode.NothingToNegotiate, 0, "The answer rejects every section: nothing would carry the session (RFC 8843 section 7.3).");
        }

        if (answer.Media.FirstOrDefault(m => !m.Rejected && answer.Bundle?.Contains(m.Mid) != true) is { } outside && answer.Media.Count(m => !m.Rejected) > 1)
        {
            return new(SdpErrorCode.Bundle, outside.Line, $"Section {SdpError.Quote(outside.Mid)} is not in the BUNDLE group: the server has one transport for all sections, set bundlePolicy to max-bundle (RFC 8843 section 7.3).");
        }

        if (answer.IceLite)
        {
            return new(SdpErrorCode.IceLite, 0, "The answer says a=ice-lite and so is the server: one end must send checks (RFC 8445 section 2.5).");
        }

        if (tagged.Transport is not { IceUfrag: not null, IcePwd: not null })
        {
            return new(SdpErrorCode.IceCredentials, tagged.Line, $"Section {SdpError.Quote(tagged.Mid)} carries the bundle and lacks a=ice-ufrag or a=ice-pwd (RFC 8839 section 5.4).");
        }

        if (tagged.Transport.Fingerprints.Count == 0)
        {
            return new(SdpErrorCode.Fingerprint, tagged.Line, $"Section {SdpError.Quote(tagged.Mid)} carries the bundle and has no a=fingerprint with sha-256, sha-384 or sha-512 (RFC 8122 section 5).");
        }

        setup = tagged.Transport.Setup == DtlsSetup.Passive ? DtlsSetup.Active : DtlsSetup.Passive;
        return tagged.Transport.Setup is DtlsSetup.Active or DtlsSetup.Passive && (_previous is null || setup == _previous.LocalSetup)
            ? null
            : new(SdpErrorCode.Setup, tagged.Line, "The answer must say a=setup:active or passive, and the same each time (RFC 8842 section 5.3).");
    }

    private static NegotiatedMedia Outcome(OfferedSection offered, MediaSection answered)
    {
        var media = new NegotiatedMedia { Mid = offered.Mid, Kind = offered.Kind, Use = SectionUse.Rejected, Refusal = SectionRefusal.ByOfferer };
        if (offered.IsRejected || answered.Rejected)
        {
            return media;
        }

        if (offered.Kind == MediaKind.Application)
        {
            return media with
            {
                Use = SectionUse.Data,
                Refusal = SectionRefusal.None,
                SctpPort = (ushort)(answered.SctpPort is > 0 and <= ushort.MaxValue ? answered.SctpPort.Value : SctpOptions.Default.RemotePort),
                MaxMessageSize = answered.MaxMessageSize ?? 65536,
            };
        }

        RtpCodec[] codecs = [.. offered.Formats.Select(f => Agreed(f, answered)).OfType<RtpCodec>()];
        bool plays = offered.Sender is not null && codecs.Length != 0 && answered.Direction is MediaDirection.RecvOnly or MediaDirection.SendRecv;
        return media with
        {
            Use = plays ? SectionUse.Play : SectionUse.Inactive,
            Refusal = plays ? SectionRefusal.None : SectionRefusal.NoBinding,
            Codecs = codecs,
            Extensions = [.. answered.Extensions.Where(e => Extensions.Any(own => own.Id == e.Id && own.Uri == e.Uri) && e.Direction != MediaDirection.Inactive)],
            Sender = plays ? offered.Sender : null,
            RtcpRsize = answered.RtcpRsize,
        };
    }

    /// <summary>An offered format as the answer leaves it: retransmissions and feedback that both want.</summary>
    private static RtpCodec? Agreed(RtpCodec offered, MediaSection answered) =>
        answered.Codecs.FirstOrDefault(c => c.PayloadType == offered.PayloadType && c.Kind == offered.Kind) is { } taken
            ? offered with
            {
                Feedback = offered.Feedback & taken.Feedback,
                RtxPayloadType = taken.Feedback.HasFlag(RtcpFeedback.Nack) && taken.RtxPayloadType == offered.RtxPayloadType ? offered.RtxPayloadType : null,
            }
            : null;
}
