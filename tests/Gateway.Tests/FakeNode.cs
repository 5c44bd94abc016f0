using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Nexus.Contracts;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.Gateway.Tests;

/// <summary>A media node without media: it answers offers as a real one does, and forwards nothing.</summary>
internal sealed class FakeNode : INodePort
{
    private static readonly LocalTransport Transport = new(
        "node", "0123456789abcdefghijklmn", [new("sha-256", new byte[32])], [IceCandidate.UdpHost("127.0.0.1", 7882)]);

    private readonly ConcurrentDictionary<string, (SessionDesired Desired, NegotiatedSession Session)> _sessions = new();

    private static readonly NegotiatedSession NoMedia = new() { Remote = new(), LocalSetup = DtlsSetup.Passive, Media = [] };

    private readonly ConcurrentDictionary<string, string> _answers = new();
    private readonly ConcurrentDictionary<string, SessionState> _states = new();
    private readonly ConcurrentDictionary<string, SessionState> _reported = new();
    private long _version;

    /// <summary>When set, the next commands are refused with it.</summary>
    public LinkError? Refuse { get; set; }

    /// <summary>Tracks that it holds back, by sid, and why.</summary>
    public ConcurrentDictionary<string, string> Held { get; } = new();

    /// <summary>What anybody wants of tracks, by sid; everything of those that are not here.</summary>
    public ConcurrentDictionary<string, LayerDemand> Demands { get; } = new();

    public IEnumerable<SessionDesired> Sessions => _sessions.Values.Select(s => s.Desired);

    public Task<NodeClaim> Claim() => Task.FromResult(new NodeClaim(1));

    public Task<SessionFound> DescribeSession(string session) => Task.FromResult(_sessions.TryGetValue(session, out var known)
        ? new SessionFound(known.Desired, 1, Actual(session, _reported.GetValueOrDefault(session)))
        : new SessionFound(null, 0, SessionActual.None));

    public Task<SessionApplied> Apply(string session, long epoch, long seq, bool mustExist, SessionDesired desired)
    {
        var applied = new SessionApplied { Status = ApplyStatus.Applied, Epoch = epoch, Seq = seq };
        if (Refuse is { } refusal)
        {
            return Task.FromResult(applied with { Status = ApplyStatus.Refused, Error = refusal });
        }

        if (desired.Offer is null)
        {
            _sessions[session] = (desired, NoMedia);
            return Task.FromResult(applied with { Actual = Actual(session, desired.From is null ? SessionState.New : SessionState.Connected) });
        }

        var known = _sessions.TryGetValue(session, out var before) && before.Session != NoMedia ? before.Session : null;
        if (known is null || before.Desired.Offer?.Id != desired.Offer.Id)
        {
            if (!SessionDescription.TryParse(desired.Offer.Sdp, out var offer, out var error)
                || !OfferAnswer.TryAnswer(offer, Policy(offer, desired), known, out var answer, out error))
            {
                return Task.FromResult(applied with { Status = ApplyStatus.Refused, Error = new(error!.Reason, error.Message) });
            }

            _answers[session] = answer.Sdp;
            known = answer.Session;
        }

        _sessions[session] = (desired, known);
        return Task.FromResult(applied with
        {
            Answer = new(desired.Offer.Id, _answers[session]),
            IceRestart = desired.IceRestart is { } restart ? new(restart.Generation, Fragment(restart.Generation)) : null,
            Actual = Actual(session, desired.From is null ? _reported.GetValueOrDefault(session) : SessionState.Connected),
        });
    }

    /// <summary>How far a session is, for <see cref="InspectRoom"/>.</summary>
    public void Stand(string session, SessionState state) => _states[session] = state;

    public string SessionOf(string room, string identity) =>
        _sessions.Single(s => s.Value.Desired.RoomKey.EndsWith($"/{room}", StringComparison.Ordinal) && s.Value.Desired.Identity == identity).Key;

    /// <summary>What a real node would say of a session on its own.</summary>
    public SessionReport Report(string session, SessionState state = SessionState.Connected)
    {
        _reported[session] = state;
        return new(session, Actual(session, state));
    }

    private SessionActual Actual(string session, SessionState state) => new()
    {
        Version = Interlocked.Increment(ref _version),
        State = state,
        Tracks = Tracks(session, _sessions[session].Desired, _sessions[session].Session),
        Subscriptions = Subscriptions(session),
        SectionsWanted = Sections(_sessions[session].Session),
    };

    public Task<SessionApplied> Close(string session, long epoch, long seq, string reason)
    {
        _sessions.TryRemove(session, out _);
        return Task.FromResult(new SessionApplied { Status = ApplyStatus.Closed, Epoch = epoch, Seq = seq });
    }

    /// <summary>Gateways that listen, by room key.</summary>
    public ConcurrentDictionary<string, SessionHolder> Listeners { get; } = new();

    /// <summary>Room keys, each time that somebody listens.</summary>
    public Channel<string> Listened { get; } = Channel.CreateUnbounded<string>();

    public bool RefusesToListen { get; set; }

    public Task Drain(DrainNode drain) => Task.CompletedTask;

    public Task<ActResult> Listen(string roomKey, SessionHolder gateway, int leaseSeconds)
    {
        if (RefusesToListen)
        {
            throw new TimeoutException("the node does not listen");
        }

        Listeners[roomKey] = gateway;
        Listened.Writer.TryWrite(roomKey);
        return Task.FromResult(ActResult.Done);
    }

    /// <summary>Server-sent data messages that came: room, reliable, packet.</summary>
    public ConcurrentQueue<(string Room, bool Reliable, byte[] Packet)> DataSent { get; } = new();

    public Task<DataDelivery> SendData(string roomKey, bool reliable, byte[] packet)
    {
        DataSent.Enqueue((roomKey, reliable, packet));
        return Task.FromResult(new DataDelivery(null, _sessions.Values.Count(s => s.Desired.RoomKey == roomKey)));
    }

    /// <summary>Questions about rooms that came.</summary>
    public ConcurrentQueue<RoomQuestion> Questions { get; } = new();

    /// <summary>How people are connected, by identity.</summary>
    public ConcurrentDictionary<string, (QualityLabel Quality, double Score)> Connections { get; } = new();

    /// <summary>What it measures, by identity.</summary>
    public ConcurrentDictionary<string, SessionMeasured> Measured { get; } = new();

    /// <summary>Gives no answer to questions about rooms.</summary>
    public bool IsMute { get; set; }

    /// <summary>Pages of two sessions.</summary>
    public Task<RoomInspection> InspectRoom(RoomQuestion question)
    {
        Questions.Enqueue(question);
        if (IsMute)
        {
            throw new TimeoutException("the node does not answer");
        }

        string[] asked =
        [
            .. _sessions.Where(s => s.Value.Desired.RoomKey == question.RoomKey).Select(s => (Place: $"{s.Value.Desired.Identity}\n{s.Key}", s.Value.Desired.Identity))
                .Where(s => string.CompareOrdinal(s.Identity, question.From) >= 0 && (question.Through is null || string.CompareOrdinal(s.Identity, question.Through) <= 0))
                .Select(s => s.Place).Where(p => string.CompareOrdinal(p, question.Cursor) > 0).Order(StringComparer.Ordinal).Take(2),
        ];
        return Task.FromResult(new RoomInspection
        {
            NodeId = "ND_fake",
            Sessions = [.. asked.Select(place => Inspect(place.Split('\n')[1], question.Parts))],
            Next = asked.Length == 2 ? asked[1] : null,
        });
    }

    private SessionInspection Inspect(string session, InspectionParts parts)
    {
        var desired = _sessions[session].Desired;
        var connection = Connections.TryGetValue(desired.Identity, out var known) ? new ParticipantConnection(desired.ParticipantSid, known.Quality, known.Score) : null;
        return SessionInspection.Of(session, desired, Actual(session, _states.GetValueOrDefault(session)), connection, parts, Measured.GetValueOrDefault(desired.Identity));
    }

    private static string Fragment(int generation) =>
        new SdpFragment
        {
            IceLite = true,
            Transport = new() { IceUfrag = $"new{generation}", IcePwd = "9123456789abcdefghijklmn", Candidates = Transport.Candidates, EndOfCandidates = true },
        }.ToString();

    private AnswerPolicy Policy(SessionDescription offer, SessionDesired desired)
    {
        var role = desired.Leg switch { SessionLeg.Publish => SessionRole.Publish, SessionLeg.Play => SessionRole.Play, _ => SessionRole.Duplex };
        return new()
        {
            Role = role,
            Transport = Transport,
            Bindings = OfferAnswer.PlaySections(offer, role).ToDictionary(m => m.Mid, m => new PlayBinding
            {
                Msid = new("PA_x", "TR_x"),
                Cname = "PA_x",
                Ssrc = 1,
                RtxSsrc = 2,
                Formats = role != SessionRole.Duplex && Published(desired.RoomKey, m.Kind) is { } codec ? [codec] : [],
            }),
        };
    }

    private static SectionsWanted Sections(NegotiatedSession session) => new(
        Math.Max(2, session.Media.Count(m => m.Use == SectionUse.Play && m.Kind == MediaKind.Audio)),
        Math.Max(2, session.Media.Count(m => m.Use == SectionUse.Play && m.Kind == MediaKind.Video)));

    /// <summary>The others' tracks on the sections of their kind, in order, as the rule has it.</summary>
    private ImmutableArray<SubscriptionDescription> Subscriptions(string session)
    {
        var (desired, negotiated) = _sessions[session];
        var free = negotiated.Media.Where(m => m.Use == SectionUse.Play).ToList();
        var subscriptions = ImmutableArray.CreateBuilder<SubscriptionDescription>();
        foreach (var (id, (other, media)) in _sessions.Where(s => s.Key != session && s.Value.Desired.RoomKey == desired.RoomKey).OrderBy(s => s.Key))
        {
            foreach (var track in Tracks(id, other, media))
            {
                var wish = desired.Subscriptions.FirstOrDefault(w => w.TrackSid == track.Sid);
                if (wish is { Unwanted: true } || (wish is null && !desired.Subscribe.Auto) || free.Find(m => string.Equals(m.Kind.ToString(), track.Kind, StringComparison.OrdinalIgnoreCase)) is not { } section)
                {
                    continue;
                }

                free.Remove(section);
                var (state, reason) = Held.TryGetValue(track.Sid, out var held) ? ("paused", held)
                    : desired.TrackNaming == TrackNaming.Signalled && wish is not { Acknowledged: true } ? ("paused", ReasonCodes.NotAcked)
                    : wish is { Paused: true } ? ("paused", ReasonCodes.Wish)
                    : ("active", (string?)null);
                subscriptions.Add(new(track.Sid, section.Mid, state, null, reason, other.ParticipantSid));
            }
        }

        return subscriptions.ToImmutable();
    }

    private RtpCodec? Published(string room, MediaKind kind) =>
        _sessions.Values.Where(s => s.Desired.RoomKey == room).SelectMany(s => s.Session.Media)
            .FirstOrDefault(m => m.Use == SectionUse.Publish && m.Kind == kind)?.Codecs[0];

    /// <summary>How much anybody wants of the second codec of the tracks that have one.</summary>
    public LayerDemand BackupDemand { get; set; }

    private ImmutableArray<TrackDescription> Tracks(string session, SessionDesired desired, NegotiatedSession negotiated)
    {
        if (desired.From is { } from)
        {
            return _sessions.TryGetValue(from.Session, out var source) ? Tracks(from.Session, source.Desired, source.Session) : [];
        }

        return [.. negotiated.Media.Where(m => m.Use == SectionUse.Publish && desired.Publications.All(p => p.Backup?.Mid != m.Mid)).Select(Track)];

        TrackDescription Track(NegotiatedMedia section)
        {
            Publication? publication = desired.Publications.FirstOrDefault(p => p.Mid == section.Mid);
            string sid = publication?.TrackSid ?? $"TR_{session[3..9]}{section.Mid}";
            bool isMuted = desired.MutedTracks.Contains(sid);
            return new()
            {
                Sid = sid,
                Mid = section.Mid,
                Kind = section.Kind.ToString().ToLowerInvariant(),
                Source = publication?.Source ?? (section.Kind == MediaKind.Audio ? "microphone" : "camera"),
                Codec = section.Codecs[0].Name,
                Muted = isMuted || publication is { Muted: true },
                MutedByServer = isMuted,
                Layers = [new("", 640, 360, 500_000, true)],
                Demand = Demands.GetValueOrDefault(sid, LayerDemand.High),
                Backup = publication?.Backup is { } backup ? new() { Codec = backup.Codec, Mid = backup.Mid, Demand = BackupDemand } : null,
            };
        }
    }
}
