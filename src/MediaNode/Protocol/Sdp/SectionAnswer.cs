using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Sctp;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>The answer to one m-section: decided first, written afterwards.</summary>
internal sealed class SectionAnswer(MediaSection offered, AnswerPolicy policy, NegotiatedMedia? before, bool isTagged)
{
    public MediaSection Offered => offered;

    /// <summary>Valid after <see cref="Decide"/> returned null.</summary>
    public NegotiatedMedia Outcome { get; private set; } = new() { Mid = offered.Mid, Kind = offered.Kind, Use = SectionUse.Rejected };

    /// <summary>What a section is for, by the offered direction.</summary>
    public static SectionUse UseOf(MediaDirection offered, SessionRole role) => (offered, role) switch
    {
        (MediaDirection.SendOnly or MediaDirection.SendRecv, SessionRole.Publish or SessionRole.Duplex) => SectionUse.Publish,
        (MediaDirection.RecvOnly, SessionRole.Play or SessionRole.Duplex) => SectionUse.Play,
        (MediaDirection.SendRecv, SessionRole.Play) => SectionUse.Play,
        _ => SectionUse.Inactive,
    };

    public SdpError? Decide()
    {
        if (offered.Rejected)
        {
            return Refuse(SectionUse.Rejected, SectionRefusal.ByOfferer);
        }

        if (offered.IsDataChannel)
        {
            // WHIP and WHEP know no data. The section that carries the bundle must live, or ICE dies with it (browsers.md 7).
            return policy.Role == SessionRole.Duplex
                ? DecideData()
                : Refuse(isTagged ? SectionUse.Inactive : SectionUse.Rejected, SectionRefusal.UnsupportedMedia);
        }

        if (!offered.IsRtp || offered.Kind is not (MediaKind.Audio or MediaKind.Video))
        {
            return isTagged
                ? new(SdpErrorCode.NothingToNegotiate, offered.Line, $"Section {SdpError.Quote(offered.Mid)} ({SdpError.Quote(offered.Media)} over {SdpError.Quote(offered.Protocol)}) cannot carry the bundle: put an audio or video section over UDP/TLS/RTP/SAVPF first (RFC 9143 section 7.2, RFC 9429 section 5.1.2).")
                : Refuse(SectionUse.Rejected, SectionRefusal.UnsupportedMedia);
        }

        return UseOf(offered.Direction, policy.Role) switch
        {
            SectionUse.Publish when policy.PublishKinds.Contains(offered.Kind) => CheckMux() ?? DecidePublish(),
            SectionUse.Play when policy.PlayKinds.Contains(offered.Kind) => CheckMux() ?? DecidePlay(),
            SectionUse.Inactive when offered.Direction == MediaDirection.Inactive => Refuse(SectionUse.Inactive, SectionRefusal.ByOfferer),
            SectionUse.Inactive => Refuse(SectionUse.Inactive, SectionRefusal.WrongDirection),
            _ => Refuse(SectionUse.Inactive, SectionRefusal.NotPermitted),
        };
    }

    /// <summary>The answering m-section.</summary>
    public MediaSection Write(TransportDescription transport)
    {
        var section = new MediaSection
        {
            Mid = offered.Mid,
            Kind = offered.Kind,
            Media = offered.Media,
            Protocol = offered.Protocol,
            Formats = offered.Formats,
            Direction = MediaDirection.Inactive,
        };
        if (Outcome.Use == SectionUse.Rejected)
        {
            return section with { Port = 0, Formats = offered.Formats.Take(1).ToList() };
        }

        section = section with { Transport = transport };
        if (offered.Kind == MediaKind.Application)
        {
            return section with
            {
                SctpPort = SctpOptions.Default.LocalPort,
                MaxMessageSize = Outcome.Use == SectionUse.Data ? SctpOptions.Default.MaxMessageSize : offered.MaxMessageSize,
            };
        }

        List<RtpCodec> codecs = [.. Outcome.Codecs.SelectMany(WithRepairs)];
        section = section with
        {
            Codecs = codecs,
            Formats = codecs.Count > 0 ? codecs.ConvertAll(c => c.PayloadType.ToString()) : [.. offered.Formats.Take(1)],
            Extensions = [.. Outcome.Extensions.Select(e => e with { Direction = Reverse(e.Direction) })],
            ExtmapAllowMixed = offered.ExtmapAllowMixed,
            RtcpMux = offered.RtcpMux || Outcome.Use != SectionUse.Inactive,
            RtcpRsize = offered.RtcpRsize,
        };
        return Outcome.Use switch
        {
            SectionUse.Publish => WritePublish(section),
            SectionUse.Play => WritePlay(section, Outcome.Sender!),
            _ => section,
        };
    }

    private SdpError? CheckMux() => offered.RtcpMux
        ? null
        : new(SdpErrorCode.RtcpMux, offered.Line, $"Section {SdpError.Quote(offered.Mid)} lacks a=rtcp-mux: RTP and RTCP share the server's port (RFC 8834 section 4.5, RFC 9143 section 9.3).");

    private SdpError? Refuse(SectionUse use, SectionRefusal refusal)
    {
        bool dormant = use == SectionUse.Inactive && offered.Kind != MediaKind.Application;
        Outcome = Outcome with
        {
            Use = use,
            Refusal = refusal,
            // What it could use, so that it can be woken by a later offer without new payload types.
            Codecs = dormant ? [.. Usable().Select(Agree)] : [],
            Extensions = dormant ? Extensions(MediaDirection.SendRecv) : [],
            RtcpRsize = offered.RtcpRsize,
        };
        return null;
    }

    private SdpError? DecideData()
    {
        Outcome = Outcome with
        {
            Use = SectionUse.Data,
            SctpPort = (ushort)(offered.SctpPort is > 0 and <= ushort.MaxValue ? offered.SctpPort.Value : SctpOptions.Default.RemotePort),
            MaxMessageSize = offered.MaxMessageSize ?? 65536,
        };
        return null;
    }

    private SdpError? DecidePublish()
    {
        // One codec, the one announced or else the first offered that we can forward: the track's codec is known from here on. A later
        // offer keeps it.
        var usable = Usable().ToList();
        var kept = before is { Use: SectionUse.Publish, Codecs: [var last] }
            ? usable.Find(c => c.PayloadType == last.PayloadType && CodecMatch.Fit(c, last) == CodecFit.Same)
                ?? usable.Find(c => CodecMatch.Fit(c, last) == CodecFit.Same)
            : null;
        if ((kept ?? usable.Find(c => IsAnnounced(c.Name)) ?? usable.FirstOrDefault()) is not { } codec)
        {
            return NoCodec("The server forwards none of the codecs");
        }

        var rids = Rids(codec);
        Outcome = Outcome with
        {
            Use = SectionUse.Publish,
            Codecs = [Agree(codec)],
            Alternatives = usable.FindAll(c => c != codec),
            Extensions = Extensions(MediaDirection.SendOnly),
            Layers = rids.Count > 0 ? [.. rids.Select(r => new PublishedLayer(r.Id, null, null))] : SsrcLayers.Of(offered),
            Msid = offered.Msid,
            RtcpRsize = offered.RtcpRsize,
        };
        return null;
    }

    private SdpError? DecidePlay()
    {
        if (!policy.Bindings.TryGetValue(offered.Mid, out var sender))
        {
            return Refuse(SectionUse.Inactive, SectionRefusal.NoBinding);
        }

        // All codecs in common, the bound track's first: a track of another codec can be bound later without an offer.
        var usable = Usable().ToList();
        if (usable.Count == 0)
        {
            return NoCodec("The server forwards none of the codecs");
        }

        if (sender.Formats.Count != 0)
        {
            if (sender.Formats.Select(f => CodecMatch.Best(usable, f)).FirstOrDefault(c => c is not null) is not { } first)
            {
                return NoCodec($"The track {sender.TrackName ?? sender.Msid.TrackId} is {string.Join(" or ", sender.Formats.Select(f => f.Describe()))}, which is none of those");
            }

            usable.Remove(first);
            usable.Insert(0, first);
        }

        Outcome = Outcome with
        {
            Use = SectionUse.Play,
            Codecs = [.. usable.Select(Agree)],
            Extensions = Extensions(MediaDirection.RecvOnly),
            Sender = sender,
            RtcpRsize = offered.RtcpRsize,
        };
        return null;
    }

    private SdpError NoCodec(string problem)
    {
        var names = offered.Codecs.Where(c => !c.IsRtx && c.Name.Length > 0).Select(c => c.Describe()).Distinct().Take(16);
        return new(SdpErrorCode.Codec, offered.Line, $"{problem} that section {SdpError.Quote(offered.Mid)} offers: {string.Join(", ", names.Select(n => SdpError.Quote(n).Trim('"')))}. "
            + $"Forwarded are {string.Join(", ", policy.Codecs.Select(c => c.ToString().ToUpperInvariant()))} (RFC 3264 section 6.1: formats that both know).");
    }

    private IEnumerable<RtpCodec> Usable() =>
        offered.Codecs.Where(c => policy.Codecs.Contains(c.Kind) && CodecMatch.IsForwardable(c) && IsOf(offered.Kind, c.Kind));

    private static bool IsOf(MediaKind kind, CodecKind codec) => (codec == CodecKind.Opus) == (kind == MediaKind.Audio);

    /// <summary>
    /// The format as agreed: the offerer's payload type and parameters (H264's level with them: symmetric use asks for no
    /// more, asymmetric use allows it), feedback that both know. Parameter sets are the offerer's own stream's, not ours.
    /// REMB is for those who have no transport-wide feedback, by which the node's estimate is better.
    /// </summary>
    private RtpCodec Agree(RtpCodec codec) => codec with
    {
        Fmtp = codec.Fmtp.Without("sprop-parameter-sets"),
        Feedback = codec.Feedback & (offered.Kind == MediaKind.Audio
            ? RtcpFeedback.Nack | Bandwidth(codec)
            : RtcpFeedback.Nack | RtcpFeedback.Pli | RtcpFeedback.Fir | Bandwidth(codec)),
        RtxPayloadType = offered.Kind == MediaKind.Video && codec.Feedback.HasFlag(RtcpFeedback.Nack) ? codec.RtxPayloadType : null,
        RedPayloadType = codec.RedPayloadType is { } red && CodecMatch.IsFree(red) && IsRedWanted(codec.PayloadType, red) ? red : null,
    };

    private static RtcpFeedback Bandwidth(RtpCodec codec) =>
        codec.Feedback.HasFlag(RtcpFeedback.TransportCc) ? RtcpFeedback.TransportCc : RtcpFeedback.Remb;

    private bool IsAnnounced(string name) => name.Equals(policy.Announced.GetValueOrDefault(offered.Mid), StringComparison.OrdinalIgnoreCase);

    private bool IsPlayed => UseOf(offered.Direction, policy.Role) == SectionUse.Play;

    /// <summary>
    /// Who plays gets RED where its publisher sends it. Who publishes is asked for it only where it is wanted, since it costs twice the
    /// octets, or was before.
    /// </summary>
    private bool IsRedWanted(int primary, int red) =>
        IsPlayed || IsAnnounced("red") || before is { Use: SectionUse.Publish, Codecs: [{ RedPayloadType: not null }] }
        || offered.Codecs.First(c => c.PayloadType == primary || c.PayloadType == red).PayloadType == red;

    /// <summary>The format and what goes with it, the one that is to be sent first.</summary>
    private IEnumerable<RtpCodec> WithRepairs(RtpCodec codec) => codec switch
    {
        { RtxPayloadType: { } rtx } => [codec, Repair(rtx)],
        { RedPayloadType: { } red } => IsPlayed ? [codec, Repair(red)] : [Repair(red), codec],
        _ => [codec],
    };

    private RtpCodec Repair(int payloadType) => offered.Codecs.First(c => c.PayloadType == payloadType) with { Feedback = RtcpFeedback.None };

    /// <summary>
    /// Extensions that both know and that the offerer uses in the given direction, with its ids. Names of layers are of no use to
    /// who only plays; but Chromium offers, on a section that it adds later, only what the first of its kind agreed on, and one
    /// that may publish later needs them then.
    /// </summary>
    private List<HeaderExtension> Extensions(MediaDirection use)
    {
        // Ids above 14 need the two-byte form; without leave to mix the forms every packet would have to use it.
        int highest = offered.ExtmapAllowMixed ? 255 : 14;
        return
        [
            .. offered.Extensions.Where(e => policy.Extensions.Contains(e.Uri) && e.Id <= highest
                && (e.Direction == MediaDirection.SendRecv || use == MediaDirection.SendRecv || e.Direction == use)
                && (use != MediaDirection.RecvOnly || policy.Role == SessionRole.Duplex || e.Uri is not (HeaderExtensionUris.RtpStreamId or HeaderExtensionUris.RepairedRtpStreamId)))
                .DistinctBy(e => e.Uri),
        ];
    }

    /// <summary>The simulcast layers that are taken, in offered order: named in a=simulcast and allowed for the codec.</summary>
    private List<Rid> Rids(RtpCodec codec)
    {
        bool canName = Extensions(MediaDirection.SendOnly).Exists(e => e.Uri == HeaderExtensionUris.RtpStreamId);
        if (!canName || offered.Simulcast is not { Send: var send })
        {
            return [];
        }

        return
        [
            .. send.Distinct().Select(id => offered.Rids.FirstOrDefault(r => r.Id == id && r.IsSend)).OfType<Rid>()
                .Where(r => r.PayloadTypes is var allowed && (allowed.Count == 0 || allowed.Contains(codec.PayloadType)))
                .Take(policy.MaxLayers),
        ];
    }

    private MediaSection WritePublish(MediaSection section)
    {
        var rids = Outcome.Layers.Where(l => l.Rid is not null).Select(l => l.Rid!).ToList();
        return section with
        {
            Direction = MediaDirection.RecvOnly,
            Codecs = offered.Kind == MediaKind.Video ? [.. section.Codecs.Select(StartFast)] : section.Codecs,
            Rids = rids.ConvertAll(id => offered.Rids.First(r => r.Id == id) with { IsSend = false }),
            Simulcast = rids.Count > 0 ? new([], rids) : null,
        };
    }

    /// <summary>
    /// Tells libwebrtc where its estimate begins. Its own 300 kbit/s makes a 720p camera start at 480×270, and the encoder
    /// takes tens of seconds to climb back; transport-wide feedback corrects an uplink that has less within a second.
    /// </summary>
    private RtpCodec StartFast(RtpCodec codec) => codec.IsRtx || policy.PublishStartKilobits == 0
        ? codec
        : codec with { Fmtp = codec.Fmtp.With("x-google-start-bitrate", policy.PublishStartKilobits.ToString()) };

    private static MediaSection WritePlay(MediaSection section, PlayBinding sender)
    {
        bool rtx = sender.RtxSsrc != 0 && section.Codecs.Any(c => c.IsRtx);
        SsrcAttribute[] ssrcs = [new(sender.Ssrc, sender.Cname, sender.Msid), new(sender.RtxSsrc, sender.Cname, sender.Msid)];
        return section with
        {
            Direction = MediaDirection.SendOnly,
            Msid = sender.Msid,
            SsrcGroups = rtx ? [new("FID", [sender.Ssrc, sender.RtxSsrc])] : [],
            Ssrcs = rtx ? ssrcs : ssrcs[..1],
        };
    }

    private static MediaDirection Reverse(MediaDirection direction) => direction switch
    {
        MediaDirection.SendOnly => MediaDirection.RecvOnly,
        MediaDirection.RecvOnly => MediaDirection.SendOnly,
        _ => direction,
    };
}
