using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Sdp;
using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Session;
using Nexus.MediaNode.Tracks;
using SdpFingerprint = Nexus.MediaNode.Protocol.Sdp.DtlsFingerprint;

namespace Nexus.MediaNode.Link;

/// <summary>
/// Turns offers into answers and into plans for the loop. Knows the node's certificate and addresses; changes only the session
/// it is given, and only on success.
/// </summary>
internal sealed class Negotiator(ImmutableArray<IPAddress> addresses, bool tcp, Protocol.Dtls.DtlsFingerprint certificate)
{
    private readonly SdpFingerprint _fingerprint = SdpFingerprint.TryParse(certificate.ToString(), out var parsed)
        ? parsed!
        : throw new ArgumentException("SDP does not take this fingerprint.", nameof(certificate));

    /// <summary>Answers the offer of <paramref name="desired"/>; null when all went well, otherwise why not.</summary>
    public LinkError? Negotiate(NodeSession session, RoomModel room, SessionDesired desired)
    {
        if (!SessionDescription.TryParse(desired.Offer!.Sdp, out var offer, out var error))
        {
            return Refusal(error);
        }

        var restart = offer.TaggedSection is { } tagged && session.Negotiated?.IsIceRestart(tagged.Transport) == true;
        var ice = session.LocalIce is null || restart ? IceCredentials.Create() : session.LocalIce;
        var role = RoleOf(desired.Leg);
        var senders = Senders(session, room, desired, offer, role);
        var policy = new AnswerPolicy
        {
            Role = role,
            Transport = Transport(session.Loop!, ice),
            PublishKinds = desired.CanPublish ? AnswerPolicy.AllKinds : NoKinds,
            PlayKinds = desired.CanSubscribe ? AnswerPolicy.AllKinds : NoKinds,
            Bindings = senders,
            Announced = Announced(desired.Publications),
            SessionId = SessionNumber(session.Id),
        };
        if (!OfferAnswer.TryAnswer(offer, policy, session.Negotiated, out var answer, out error))
        {
            return Refusal(error);
        }

        var extensions = Extensions(answer.Session);
        if (extensions is null)
        {
            return ExtensionClash;
        }

        session.LocalIce = ice;
        session.Negotiated = answer.Session;
        session.Answer = new SdpAnswer(desired.Offer.Id, answer.Sdp) { Tracks = NamedTracks(desired, answer.Session) };
        session.Extensions = extensions;
        foreach (var idle in session.Senders.Keys.Except(answer.Session.Media.Where(m => m.Use == SectionUse.Play).Select(m => m.Mid)).ToArray())
        {
            // A section that plays again later is a new stream: an SSRC's numbers must not start anew under the same keys.
            session.Senders.Remove(idle);
        }

        foreach (var media in answer.Session.Media.Where(m => m.Use == SectionUse.Play))
        {
            session.Senders[media.Mid] = media.Sender! with { Formats = [], TrackName = null, TrackSession = null };
        }

        Publish(session, answer.Session, desired.Publications);
        return null;
    }

    public LocalTransport Transport(LoopLink loop, IceCredentials ice) =>
        new(ice.Ufrag, ice.Password, [_fingerprint], Candidates(loop.Loop.LocalEndPoint));

    /// <summary>Our side of an ICE restart by trickle fragment (RFC 9725 section 4.3.1).</summary>
    public void RestartIce(NodeSession session, IceRestart restart)
    {
        session.LocalIce = IceCredentials.Create();
        session.Negotiated = session.Negotiated! with
        {
            Remote = session.Negotiated.Remote with { IceUfrag = restart.Ufrag, IcePwd = restart.Password },
        };
        var mid = session.Negotiated.Media.First(m => m.Use != SectionUse.Rejected).Mid;
        var fragment = new SdpFragment
        {
            IceLite = true,
            Transport = new TransportDescription { IceUfrag = session.LocalIce.Ufrag, IcePwd = session.LocalIce.Password },
            Sections =
            [
                new FragmentSection(mid, new TransportDescription
                {
                    Candidates = Candidates(session.Loop!.Loop.LocalEndPoint),
                    EndOfCandidates = true,
                }),
            ],
        };
        session.IceAnswer = new IceRestartAnswer(restart.Generation, fragment.ToString());
    }

    /// <summary>The plan for the loop, of what was negotiated last.</summary>
    public static SessionPlan Plan(NodeSession session, SessionDesired desired)
    {
        var negotiated = session.Negotiated!;
        return new SessionPlan
        {
            Id = session.Id,
            Identity = desired.Identity,
            Room = desired.RoomKey,
            Cname = desired.ParticipantSid,
            Transport = new TransportPlan(
                session.LocalIce!,
                [.. negotiated.Remote.Fingerprints.Select(ToDtls)],
                negotiated.LocalSetup == DtlsSetup.Active),
            Extensions = session.Extensions!,
            ReducedSizeRtcp = negotiated.Media.Where(m => m.Use is SectionUse.Publish or SectionUse.Play).All(m => m.RtcpRsize),
            Publish = [.. session.Published.Values],
            Data = negotiated.Media.FirstOrDefault(m => m.Use == SectionUse.Data) is { } data
                ? new DataPlan(data.SctpPort, data.MaxMessageSize)
                {
                    Room = desired.RoomKey,
                    CanPublish = desired.Grants.CanPublishData,
                    IsHidden = desired.Grants.Hidden,
                    Receives = desired.Leg != SessionLeg.Publish && desired.TrackNaming != TrackNaming.Elsewhere,
                    OpensChannels = desired.TrackNaming == TrackNaming.Offered,
                }
                : null,
            Play =
            [
                .. negotiated.Media.Where(m => m.Use == SectionUse.Play).Select(m => new PlayPlan
                {
                    Mid = m.Mid,
                    Kind = m.Kind,
                    Ssrc = m.Sender!.Ssrc,
                    RtxSsrc = m.Codecs.Any(c => c.RtxPayloadType is not null) ? m.Sender.RtxSsrc : 0,
                }),
            ],
        };
    }

    /// <summary>
    /// The format in which a section carries a track; null when it cannot. Blocks of RED name payload types in the publisher's
    /// numbering, so it passes only where the subscriber's is the same.
    /// </summary>
    public static PlayFormat? FormatFor(NegotiatedMedia section, RtpCodec track) =>
        CodecMatch.Best(section.Codecs, track) is { } codec
            ? new PlayFormat((byte)codec.PayloadType, (byte?)codec.RtxPayloadType, (codec.Feedback & RtcpFeedback.Nack) != 0)
            {
                RedPayloadType = codec.PayloadType == track.PayloadType ? (byte?)codec.RedPayloadType : null,
            }
            : null;

    /// <summary>The sections that can play, with what is bound to them; where tracks are named, also those that could after an offer.</summary>
    public static List<PlaySection> PlaySections(NodeSession session, SessionDesired desired)
    {
        var isNaming = desired.TrackNaming != TrackNaming.Signalled;
        return session.Negotiated is null
            ? []
            : [.. session.Negotiated.Media.Where(m => m.Use == SectionUse.Play || (isNaming && m.Refusal == SectionRefusal.NoBinding)).Select(
                m => new PlaySection(m.Mid, m.Kind, m.Codecs, session.Bound.GetValueOrDefault(m.Mid)?.Sid, isNaming ? NamedTrack.Of(m) ?? NamedTrack.None : null))];
    }

    private static ImmutableDictionary<string, string> NamedTracks(SessionDesired desired, NegotiatedSession negotiated) =>
        desired.TrackNaming == TrackNaming.Signalled
            ? ImmutableDictionary<string, string>.Empty
            : negotiated.Media.Where(m => NamedTrack.Of(m) is not null).ToImmutableDictionary(m => m.Mid, m => NamedTrack.Of(m)!.Value.Sid);

    private static readonly IReadOnlySet<MediaKind> NoKinds = new HashSet<MediaKind>();

    private static SessionRole RoleOf(SessionLeg leg) => leg switch
    {
        SessionLeg.Publish => SessionRole.Publish,
        SessionLeg.Play => SessionRole.Play,
        _ => SessionRole.Duplex,
    };

    /// <summary>
    /// A sender for every section that will play. The one that a track is about to be bound to names its format, so that a
    /// receiver that cannot decode it is refused by name instead of staying black.
    /// </summary>
    private static Dictionary<string, PlayBinding> Senders(
        NodeSession session, RoomModel room, SessionDesired desired, SessionDescription offer, SessionRole role)
    {
        var isNaming = desired.TrackNaming != TrackNaming.Signalled;
        var sections = OfferAnswer.PlaySections(offer, role).ToList();
        var offered = sections.ConvertAll(s => new PlaySection(
            s.Mid,
            s.Kind,
            [.. s.Codecs.Where(CodecMatch.IsForwardable)],
            session.Bound.GetValueOrDefault(s.Mid)?.Sid,
            isNaming ? NamedTrack.Of(session.Negotiated?.Media.FirstOrDefault(m => m.Mid == s.Mid)) : null));
        var plan = SubscriptionPlanner.Plan(session.Id, desired, offered, room.Tracks);
        var senders = new Dictionary<string, PlayBinding>();
        var places = new Dictionary<MediaKind, int>();
        foreach (var section in sections)
        {
            var place = places[section.Kind] = places.GetValueOrDefault(section.Kind) + 1;
            var track = plan.Bindings.GetValueOrDefault(section.Mid);
            var sender = session.Senders.GetValueOrDefault(section.Mid) ?? NewSender(desired, section, place);
            if (!isNaming)
            {
                // A viewer's first section of a kind that nothing fits: say what was there to see. A duplex client hears of each
                // track by itself, and its offer holds more than that one.
                var named = track ?? (session.Negotiated is null && desired.Leg != SessionLeg.Duplex
                    ? plan.Unplayed.FirstOrDefault(u => u.Reason == ReasonCodes.Codec && u.Track!.Kind == section.Kind)?.Track
                    : null);
                var msid = sender.Msid with { StreamId = StreamFor(desired, track, place) };
                senders[section.Mid] = sender with { Msid = msid, Formats = [.. named?.Codecs ?? []], TrackName = named?.Sid, TrackSession = named?.Session };
            }
            else if (track is not null)
            {
                var msid = new Msid(NamedStream(room, track), track.Sid);
                senders[section.Mid] = sender with { Msid = msid, Formats = [.. track.Codecs], TrackName = track.Sid, TrackSession = track.Session };
            }
        }

        return senders;
    }

    /// <summary>
    /// The stream that a section announces: receivers play in sync what shares one. That of the track's publisher; where none is
    /// bound yet, the n-th sections of each kind share one, as they will get the n-th publisher's tracks. A viewer's sections are
    /// bound anew without an offer, so that all of them share one for good.
    /// </summary>
    private static string StreamFor(SessionDesired desired, RoomTrack? track, int place) => desired.Leg != SessionLeg.Duplex
        ? desired.ParticipantSid
        : track?.ParticipantSid ?? $"stream-{place}";

    /// <summary>
    /// Streams as LiveKit's clients read them: who publishes, and what is to be played in sync with what. Without a source to go
    /// by, the track by itself.
    /// </summary>
    private static string NamedStream(RoomModel room, RoomTrack track)
    {
        var source = room.Sessions.TryGetValue(track.Session, out var publisher)
            ? NodeReporter.TracksOf(publisher).FirstOrDefault(t => t.Sid == track.Sid)?.Source
            : track.Source;
        return $"{track.ParticipantSid}|" + source switch
        {
            "camera" or "microphone" => "camera",
            "screen" or "screenAudio" => "screen",
            _ => track.Sid,
        };
    }

    private static PlayBinding NewSender(SessionDesired desired, MediaSection section, int place)
    {
        var ssrc = NewSsrc();
        return new()
        {
            Msid = new Msid(desired.ParticipantSid, $"{section.Media}-{place}-{ssrc:x8}"),
            Cname = desired.ParticipantSid,
            Ssrc = ssrc,
            RtxSsrc = section.Kind == MediaKind.Video ? NewSsrc() : 0,
        };
    }

    private static void Publish(NodeSession session, NegotiatedSession negotiated, ImmutableArray<Publication> publications)
    {
        var publishing = negotiated.Media.Select((m, i) => (Media: m, Index: (short)i)).Where(p => p.Media.Use == SectionUse.Publish).ToList();
        foreach (var gone in session.Published.Keys.Where(mid => publishing.All(p => p.Media.Mid != mid)).ToArray())
        {
            session.Published.Remove(gone, out var ended);
            session.Demands.Remove((ended!.Sid, ended.Codec));
            session.Regressed.Remove(ended.Sid);
        }

        foreach (var (media, index) in publishing)
        {
            var publication = publications.FirstOrDefault(p => p.IsOn(media.Mid));
            var sid = publication?.TrackSid
                ?? session.Published.GetValueOrDefault(media.Mid)?.Sid
                ?? "TR_" + RandomNumberGenerator.GetHexString(16, lowercase: true);
            session.Published[media.Mid] = PublishPlanOf(sid, media, index) with { IsScreen = publication?.Source == "screen" };
        }

        var sids = session.Published.Values.Select(p => p.Sid).ToHashSet();
        session.Played.IntersectWith(sids);
        foreach (var gone in session.Demands.Keys.Where(k => !sids.Contains(k.Sid)).ToArray())
        {
            session.Demands.Remove(gone);
        }
    }

    private static Dictionary<string, string> Announced(ImmutableArray<Publication> publications) => publications
        .SelectMany<Publication, (string Mid, string Codec)>(p => p.Backup is { Mid: { } mid, Codec: var codec } ? [(p.Mid, p.Codec), (mid, codec)] : [(p.Mid, p.Codec)])
        .Where(p => p.Codec.Length > 0)
        .DistinctBy(p => p.Mid)
        .ToDictionary(p => p.Mid, p => p.Codec);

    private static PublishPlan PublishPlanOf(string sid, NegotiatedMedia media, short index)
    {
        var codec = media.Codecs[0];
        var layers = media.Layers;
        var ssrcs = layers.Where(l => l.Ssrc is not null).Select(l => l.Ssrc!.Value).ToArray();
        return new PublishPlan
        {
            Sid = sid,
            Mid = media.Mid,
            Kind = media.Kind,
            Codec = codec.Kind,
            PayloadType = (byte)codec.PayloadType,
            RtxPayloadType = (byte?)codec.RtxPayloadType,
            RedPayloadType = (byte?)codec.RedPayloadType,
            ClockRate = codec.ClockRate,
            Nack = (codec.Feedback & RtcpFeedback.Nack) != 0,
            Rids = [.. layers.Select(l => l.Rid ?? "")],
            Demux = new DemuxMedia
            {
                Index = index,
                Mid = media.Mid,
                Rids = [.. layers.Where(l => l.Rid is not null).Select(l => l.Rid!)],
                Ssrcs = ssrcs,
                SimGroup = ssrcs.Length > 1 ? ssrcs : [],
                FidGroups = [.. layers.Where(l => l is { Ssrc: not null, RtxSsrc: not null }).Select(l => (l.Ssrc!.Value, l.RtxSsrc!.Value))],
                PayloadTypes = codec.RedPayloadType is { } red ? [(byte)codec.PayloadType, (byte)red] : [(byte)codec.PayloadType],
                RtxPayloadTypes = codec.RtxPayloadType is { } rtx ? [(byte)rtx] : [],
            },
        };
    }

    public static LinkError ExtensionClash => new(ReasonCodes.SdpInvalid, "One header extension id means two extensions, or is outside 1 to 255.");

    /// <summary>Null when ids clash.</summary>
    public static HeaderExtensionMap? Extensions(NegotiatedSession negotiated)
    {
        var map = new HeaderExtensionMap { AllowMixed = negotiated.ExtmapAllowMixed };
        foreach (var extension in negotiated.Media.SelectMany(m => m.Extensions))
        {
            if (HeaderExtensionUris.TryParse(extension.Uri, out var kind) && !map.TryAdd(extension.Id, kind))
            {
                return null;
            }
        }

        return map;
    }

    private static Protocol.Dtls.DtlsFingerprint ToDtls(SdpFingerprint fingerprint) =>
        Protocol.Dtls.DtlsFingerprint.TryParse(fingerprint.ToString(), out var parsed)
            ? parsed!
            : throw new InvalidOperationException("A fingerprint that SDP took is none to DTLS.");

    public static LinkError Refusal(SdpError error) => new(
        error.Code switch
        {
            SdpErrorCode.Codec => ReasonCodes.Codec,
            SdpErrorCode.Permission => ReasonCodes.Permission,
            SdpErrorCode.NothingToNegotiate or SdpErrorCode.Setup or SdpErrorCode.Bundle or SdpErrorCode.RtcpMux
                or SdpErrorCode.IceLite or SdpErrorCode.SectionsChanged => ReasonCodes.SdpUnsupported,
            _ => ReasonCodes.SdpInvalid,
        },
        error.ToString());

    public static uint NewSsrc() => (uint)RandomNumberGenerator.GetInt32(1, int.MaxValue);

    public static ulong SessionNumber(string id) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(id))) >> 2;

    private List<IceCandidate> Candidates(IPEndPoint local) => HostCandidates.Of(
        addresses.Where(a => a.AddressFamily == local.AddressFamily || local.AddressFamily == AddressFamily.InterNetworkV6), local.Port, tcp);
}
