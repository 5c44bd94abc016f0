using System.Collections.Immutable;
using System.Threading.Channels;
using Nexus.Link;

namespace Nexus.TestKit.Nodes;

/// <summary>
/// A media node without media: it keeps sessions exactly as the node link's contract says (epochs, sequence numbers, idempotent
/// commands, digests) and lets a test play the client's side. Thread-safe.
/// </summary>
/// <remarks>An offer's "SDP" is a list of kinds, such as <c>audio,video</c>; <c>bad</c> is refused.</remarks>
public sealed class FakeNode(string id, string region) : INodeLinkHandler
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private Action<LinkMessage>? _send;
    private int _boots = 1;
    private long _epoch;

    public string Id => id;

    public string Region => region;

    /// <summary>New with each <see cref="Restart"/>.</summary>
    public string BootId => $"{id}-boot-{_boots}";

    /// <summary>Told, in order, who listens to which room.</summary>
    public Channel<ListenRoom> Listening { get; } = Channel.CreateUnbounded<ListenRoom>();

    /// <summary>Each report as it is made, outside of the lock.</summary>
    public event Action<SessionReport>? Reported;

    /// <summary>What the sessions that are here were last told, by session.</summary>
    public ImmutableDictionary<string, SessionDesired> Actual
    {
        get
        {
            lock (_gate)
            {
                return _sessions.Where(s => s.Value.Desired is not null).ToImmutableDictionary(s => s.Key, s => s.Value.Desired!);
            }
        }
    }

    /// <summary>Why sessions were closed by command, by session.</summary>
    public ImmutableDictionary<string, string> CloseReasons { get; private set; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The process died and came back: it knows nothing.</summary>
    public void Restart()
    {
        lock (_gate)
        {
            _boots++;
            _epoch = 0;
            _sessions.Clear();
        }
    }

    /// <summary>The client of a session got as far as this, or was lost.</summary>
    public void SetState(string session, SessionState state, string? reason = null)
    {
        SessionReport[] reports;
        lock (_gate)
        {
            Session known = _sessions[session];
            (known.State, known.Reason) = (state, reason);
            reports = [Report(session, known), .. state == SessionState.Closed ? EndForwards(session) : []];
        }

        Array.ForEach(reports, Tell);
    }

    /// <summary>Says anything.</summary>
    public void Tell(LinkMessage message) => _send?.Invoke(message);

    /// <summary>Says who speaks in a room.</summary>
    public void Speak(string room, params SpeakerLevel[] speakers) => Tell(new RoomLevels(room, [.. speakers]));

    /// <summary>Says how people in a room are connected.</summary>
    public void Measure(string room, params ParticipantConnection[] participants) => Tell(new RoomConnections(room, [.. participants]));

    /// <summary>From now on the node says something else of a session, and does so at once.</summary>
    public void Say(string session, Func<SessionActual, SessionActual> what)
    {
        SessionReport report;
        lock (_gate)
        {
            Session known = _sessions[session];
            known.Saying = what;
            report = Report(session, known);
        }

        Tell(report);
    }

    public Task<NodeClaim> Claim()
    {
        lock (_gate)
        {
            return Task.FromResult(new NodeClaim(++_epoch));
        }
    }

    public Task<SessionFound> Describe(string session)
    {
        lock (_gate)
        {
            return Task.FromResult(_sessions.TryGetValue(session, out Session? known) && known.Desired is not null
                ? new SessionFound(known.Desired, known.Seq, Describe(known, session))
                : new SessionFound(null, 0, SessionActual.None));
        }
    }

    public Task<SessionApplied> Apply(ApplySession command)
    {
        SessionReport[] reports = [];
        SessionApplied answer;
        lock (_gate)
        {
            Session known = Known(command.Session);
            if (Repeated(known, command.Epoch, command.Seq) is { } before)
            {
                return Task.FromResult(before);
            }

            if (command.MustExist && known.Desired is null)
            {
                return Task.FromResult(Answer(known, ApplyStatus.Unknown));
            }

            (known.Epoch, known.Seq) = (command.Epoch, command.Seq);
            if (command.Desired.Offer?.Sdp == "bad")
            {
                answer = Answer(known, ApplyStatus.Refused) with { Error = new LinkError(ReasonCodes.SdpInvalid, "the offer is bad") };
            }
            else if (command.Desired.From is { } from && (Known(from.Session).Desired is null || Known(from.Session).State == SessionState.Closed))
            {
                answer = Answer(known, ApplyStatus.Refused) with { Error = new LinkError(ReasonCodes.SessionNotFound, "its source is not here") };
            }
            else
            {
                known.Desired = command.Desired;
                known.State = command.Desired.From is null || known.State == SessionState.Closed ? known.State : SessionState.Connected;
                answer = Answer(known, ApplyStatus.Applied) with
                {
                    Answer = command.Desired.Offer is { } offer ? new SdpAnswer(offer.Id, "answer to " + offer.Sdp) : null,
                    IceRestart = command.Desired.IceRestart is { } restart ? new IceRestartAnswer(restart.Generation, "a=ice-ufrag:" + restart.Generation) : null,
                };
                reports = [Report(command.Session, known), .. ForwardsOf(command.Session).Select(f => Report(f.Key, f.Value))];
            }

            known.Latest = answer = answer with { Actual = Describe(known, command.Session) };
        }

        Array.ForEach(reports, Tell);
        return Task.FromResult(answer);
    }

    public Task<SessionApplied> Close(CloseSession command)
    {
        SessionReport[] reports;
        SessionApplied answer;
        lock (_gate)
        {
            Session known = Known(command.Session);
            if (Repeated(known, command.Epoch, command.Seq) is { } before)
            {
                return Task.FromResult(before);
            }

            if (known.Desired is not null)
            {
                CloseReasons = CloseReasons.SetItem(command.Session, command.Reason);
            }

            (known.Epoch, known.Seq, known.Desired) = (command.Epoch, command.Seq, null);
            known.Latest = answer = Answer(known, ApplyStatus.Closed);
            reports = EndForwards(command.Session);
        }

        Array.ForEach(reports, Tell);
        return Task.FromResult(answer);
    }

    /// <summary>Server-sent data messages that came, in order.</summary>
    public ImmutableArray<SendData> DataSent { get; private set; } = [];

    /// <summary>Counts the sessions of the room as receivers.</summary>
    public Task<DataDelivery> SendData(SendData message)
    {
        lock (_gate)
        {
            DataSent = DataSent.Add(message);
            return Task.FromResult(new DataDelivery(null, _sessions.Values.Count(s => s.Desired?.RoomKey == message.RoomKey)));
        }
    }

    /// <summary>Sessions in a page of <see cref="InspectRoom"/>.</summary>
    public int PageSize { get; set; } = int.MaxValue;

    /// <summary>As a real node, but pages are counted in sessions.</summary>
    public Task<RoomInspection> InspectRoom(RoomQuestion question)
    {
        lock (_gate)
        {
            SessionInspection[] asked =
            [
                .. _sessions.Where(s => s.Value.Desired?.RoomKey == question.RoomKey && IsAsked(question, s.Value.Desired.Identity))
                    .OrderBy(s => s.Key, StringComparer.Ordinal)
                    .Where(s => string.CompareOrdinal(s.Key, question.Cursor) > 0).Take(PageSize)
                    .Select(s => SessionInspection.Of(s.Key, s.Value.Desired!, Describe(s.Value, s.Key), null, question.Parts)),
            ];
            return Task.FromResult(new RoomInspection { NodeId = id, Sessions = [.. asked], Next = asked.Length == PageSize ? asked[^1].Session : null });
        }
    }

    private static bool IsAsked(RoomQuestion question, string identity) =>
        string.CompareOrdinal(identity, question.From) >= 0 && (question.Through is null || string.CompareOrdinal(identity, question.Through) <= 0);

    /// <summary>What it says now of a session that is here.</summary>
    public SessionReport ReportOf(string session)
    {
        lock (_gate)
        {
            return new(session, Describe(_sessions[session], session));
        }
    }

    public ImmutableArray<DigestEntry> Digest()
    {
        lock (_gate)
        {
            return [.. _sessions.Where(s => s.Value.Desired is not null)
                .Select(s => new DigestEntry(s.Key, s.Value.Seq, s.Value.Version))];
        }
    }

    public void OnLinked(Action<LinkMessage> send)
    {
        _send = send;
        send(new Digest(BootId, Digest(), Last: true));
        foreach (SessionReport report in Reports())
        {
            send(new SessionChanged(report));
        }
    }

    public void OnMessage(LinkMessage message) => _ = Answer(message);

    public void OnUnlinked() => _send = null;

    private async Task Answer(LinkMessage message)
    {
        if (message is ListenRoom listen)
        {
            await Listening.Writer.WriteAsync(listen);
            return;
        }

        LinkMessage? answer = message switch
        {
            ClaimNode c => new NodeClaimed(c.Id, await Claim()),
            DescribeSession d => new SessionDescribed(d.Id, await Describe(d.Session)),
            ApplySession a => new SessionReply(a.Id, await Apply(a)),
            CloseSession c => new SessionReply(c.Id, await Close(c)),
            SendData d => new DataSent(d.Id, await SendData(d)),
            InspectRoom i => new RoomInspected(i.Id, await InspectRoom(i.Question)),
            _ => null,
        };
        if (answer is not null)
        {
            _send?.Invoke(answer);
        }
    }

    private void Tell(SessionReport report)
    {
        Reported?.Invoke(report);
        _send?.Invoke(new SessionChanged(report));
    }

    private SessionReport[] Reports()
    {
        lock (_gate)
        {
            return [.. _sessions.Where(s => s.Value.Desired is not null).Select(s => ReportOf(s.Key))];
        }
    }

    private SessionApplied Answer(Session known, ApplyStatus status) => new() { Status = status, Epoch = _epoch, Seq = known.Seq };

    private KeyValuePair<string, Session>[] ForwardsOf(string source) =>
        [.. _sessions.Where(s => s.Value is { Desired.From: { } from, State: not SessionState.Closed } && from.Session == source)];

    private SessionReport[] EndForwards(string source)
    {
        KeyValuePair<string, Session>[] forwards = ForwardsOf(source);
        Array.ForEach(forwards, f => (f.Value.State, f.Value.Reason) = (SessionState.Closed, ReasonCodes.SourceLeft));
        return [.. forwards.Select(f => Report(f.Key, f.Value))];
    }

    /// <summary>What it publishes; a forward what its source does.</summary>
    private ImmutableArray<TrackDescription> Tracks(string session, SessionDesired desired) =>
        desired.From is { } from ? Known(from.Session) is { Desired: { } source, State: not SessionState.Closed } ? Tracks(from.Session, source) : []
        : desired.CanPublish && desired.Offer is { Sdp.Length: > 0 } offer
            ? [.. offer.Sdp.Split(',').Select((kind, mid) => new TrackDescription
            {
                Sid = $"TR_{session}_{kind}",
                Mid = mid.ToString(),
                Kind = kind,
                Source = kind == "audio" ? "microphone" : "camera",
                Codec = kind == "audio" ? "opus" : "VP8",
                Muted = desired.MutedTracks.Contains($"TR_{session}_{kind}") || desired.Publications.Any(p => p.Mid == mid.ToString() && p.Muted),
                MutedByServer = desired.MutedTracks.Contains($"TR_{session}_{kind}"),
            })]
            : [];

    /// <summary>The answer to a command that was carried out before, or that is older than the latest, or of an owner before.</summary>
    private SessionApplied? Repeated(Session known, long epoch, long seq) => (epoch, seq).CompareTo((known.Epoch, known.Seq)) switch
    {
        < 0 => Answer(known, ApplyStatus.Stale),
        _ when epoch != _epoch => Answer(known, ApplyStatus.Stale),
        0 => known.Latest,
        _ => null,
    };

    private Session Known(string session)
    {
        if (!_sessions.TryGetValue(session, out Session? known))
        {
            _sessions[session] = known = new Session();
        }

        return known;
    }

    private SessionReport Report(string session, Session known)
    {
        known.Version++;
        return ReportOf(session);
    }

    private SessionActual Describe(Session known, string session) => known.Desired is not { } desired ? SessionActual.None : known.Saying(new()
    {
        Version = known.Version,
        State = known.State,
        Reason = known.Reason,
        Tracks = Tracks(session, desired),
        Offer = Offer(desired),
    });

    /// <summary>One offer at first, and one with each restart of ICE, until it is answered.</summary>
    private static ServerOffer? Offer(SessionDesired desired)
    {
        int id = desired.OfferGeneration + 1;
        return desired.TrackNaming == TrackNaming.Offered && (desired.Answer?.OfferId ?? 0) < id ? new(id, $"offer {id}") : null;
    }

    private sealed class Session
    {
        public long Epoch { get; set; }

        public long Seq { get; set; }

        public long Version { get; set; }

        public SessionDesired? Desired { get; set; }

        public SessionState State { get; set; }

        public string? Reason { get; set; }

        public SessionApplied? Latest { get; set; }

        public Func<SessionActual, SessionActual> Saying { get; set; } = actual => actual;
    }
}
