using Microsoft.Extensions.Logging;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Loop;

namespace Nexus.MediaNode.Link;

/// <summary>
/// The control side of a media node: takes the link's commands, negotiates, decides who gets what, has the loops do it, and
/// reports. Sans-IO and single-threaded: messages in by <see cref="Handle"/>, out by the function given; loops are reached through
/// their queues. Commands are idempotent by (epoch, seq); lower ones are refused.
/// </summary>
public sealed partial class NodeCore
{
    /// <summary>How long the record of a closed session is kept, to know late commands as such.</summary>
    private static readonly TimeSpan RecordAge = TimeSpan.FromMinutes(10);

    private readonly Action<LinkMessage> _send;
    private readonly List<LoopLink> _loops;
    private readonly Negotiator _negotiator;
    private readonly Offerer _offerer;
    private readonly NodeReporter _reporter;
    private readonly RoomInspector _inspector;
    private readonly Dictionary<string, NodeSession> _sessions = [];
    private readonly NodeRooms _rooms;
    private readonly ServerData _serverData;
    private readonly ListenedRooms _listened;
    private readonly TrackDemands _demands;
    private readonly Faults _faults;
    private readonly FaultReporter _faultReporter;
    private readonly ILogger _log;
    private readonly string _node;
    private long _plansMade;

    /// <param name="fingerprint">Of the certificate that the loops' handshakes use.</param>
    /// <param name="load">The busiest loop's share of its core since the last call.</param>
    /// <param name="send">Takes messages for the control side, in order; must not block.</param>
    public NodeCore(
        NodeOptions options,
        IReadOnlyList<ForwardingLoop> loops,
        Protocol.Dtls.DtlsFingerprint fingerprint,
        Func<double> load,
        NodeDiagnostics diagnostics,
        Action<LinkMessage> send)
    {
        _node = options.NodeId;
        _faults = diagnostics.Faults;
        _log = diagnostics.Log;
        _faultReporter = new FaultReporter(_node, _faults, _log);
        _send = send;
        _loops = [.. loops.Select(l => new LoopLink(l))];
        _rooms = new NodeRooms(_loops);
        _serverData = new ServerData(_rooms, send);
        _listened = new ListenedRooms(_loops, _rooms, send);
        _negotiator = new Negotiator(options.PublicAddresses, options.Loops.Tcp, fingerprint);
        _offerer = new Offerer(_negotiator);
        BootId = Guid.NewGuid().ToString("N");
        _reporter = new NodeReporter(BootId, _loops, _sessions, load, () => NodeTotals.Of(_sessions.Values, _rooms.Count), diagnostics, send)
        {
            SnapshotTaken = HandleSnapshots,
        };
        _inspector = new RoomInspector(options.NodeId, _rooms, _reporter, _faults, send);
        _demands = new TrackDemands(_reporter.Report);
    }

    /// <summary>New with each start of the process.</summary>
    public string BootId { get; }

    /// <summary>What there was within the last second. Any thread.</summary>
    public NodeTotals Totals => _reporter.Totals;

    /// <summary>How often it was decided what a session gets. Any thread.</summary>
    public long PlansMade => Volatile.Read(ref _plansMade);

    /// <summary>When <see cref="HandleTimeout"/> has something to do.</summary>
    public Instant NextTimeout
    {
        get
        {
            var next = Instant.Min(_demands.NextTimeout, Instant.Min(_reporter.NextTimeout, _listened.NextTimeout));
            return Instant.Min(_faultReporter.NextTimeout, next < _restUntil ? _restUntil : next);
        }
    }

    /// <summary>Takes one message from the control side. Messages that are not for a node are ignored; one that meets a fault is refused.</summary>
    public void Handle(Instant now, LinkMessage message)
    {
        using var activity = message is LinkCommand command ? LinkTracing.StartHandling(command) : null;
        if (!_faults.Try(FaultPlace.Message, SessionOf(message), (Core: this, now, message), static a => a.Core.Take(a.now, a.message)))
        {
            _faults.Try(FaultPlace.Message, SessionOf(message), (Core: this, now, message), static a => a.Core.Refuse(a.now, a.message));
        }

        _faultReporter.Tell(now);
    }

    private void Take(Instant now, LinkMessage message)
    {
        switch (message)
        {
            case ClaimSession claim:
                Claim(now, claim);
                break;
            case Nexus.Link.ApplySession apply:
                Apply(now, apply);
                break;
            case CloseSession close:
                Close(now, close);
                break;
            case ListenRoom listen:
                _listened.Handle(now, listen);
                break;
            case SendData data:
                _serverData.Send(data);
                break;
            case InspectRoom inspect:
                _inspector.Inspect(inspect);
                break;
            default:
                break;
        }
    }

    /// <summary>Takes what the loops have to tell. Call when a loop's <see cref="ForwardingLoop.EventsWaiting"/> fired.</summary>
    public void HandleEvents(Instant now)
    {
        foreach (var link in _loops)
        {
            while (link.Loop.TryReadEvent(out var @event))
            {
                Take(now, @event);
            }

            link.Flush();
        }

        _faultReporter.Tell(now);
    }

    public void HandleTimeout(Instant now)
    {
        HandleEvents(now);
        Guard(now, static (core, now) => core._reporter.HandleTimeout(now));
        Guard(now, static (core, now) => core._listened.HandleTimeout(now));
        Guard(now, static (core, now) => core._demands.HandleTimeout(now));
        foreach (var forgotten in _sessions.Values.Where(s => s.ForgetAt <= now).Select(s => s.Id).ToArray())
        {
            _sessions.Remove(forgotten);
        }
    }

    /// <summary>The link is up (again): what happened meanwhile is told at once.</summary>
    public void HandleLinkUp(Instant now)
    {
        _log.NodeLinked(_node);
        _listened.Forget();
        Guard(now, static (core, _) => core._reporter.ReportAll());
    }

    /// <summary>The node stops: every session ends, and its client is told. No session begins any more.</summary>
    /// <param name="completed">On this thread, once the loops have done it (close_notify follows within milliseconds).</param>
    public void CloseAll(Instant now, Action completed)
    {
        _isClosing = true;
        var sessions = _sessions.Values.Where(s => s.Exists).ToArray();
        foreach (var session in sessions)
        {
            _faults.Try(FaultPlace.Control, session.Id, (Core: this, now, session), static a => a.Core.End(a.now, a.session, ReasonCodes.ServerShutdown));
        }

        _log.NodeTold(_node, sessions.Length);

        var left = _loops.Count;
        foreach (var link in _loops)
        {
            link.Post(new Fence
            {
                Completed = () =>
                {
                    if (--left == 0)
                    {
                        completed();
                    }
                },
            });
        }
    }

    private NodeSession Record(Instant now, string id)
    {
        if (!_sessions.TryGetValue(id, out var session))
        {
            _sessions[id] = session = new NodeSession(id) { ForgetAt = now + RecordAge };
        }

        return session;
    }

    private void Claim(Instant now, ClaimSession claim)
    {
        var session = Record(now, claim.Session);
        session.Epoch++;
        session.Seq = 0;
        session.LastReply = null;
        var report = session.Exists ? NodeReporter.ReportOf(session) : null;
        _send(new SessionClaimed(claim.Id, new SessionClaim(session.Epoch, session.Desired, report)));
    }

    private void Apply(Instant now, Nexus.Link.ApplySession apply)
    {
        var session = Record(now, apply.Session);
        if (TryAnswerWithoutDoing(session, apply.Id, apply.Epoch, apply.Seq))
        {
            return;
        }

        if (apply.MustExist && !session.Exists)
        {
            Reply(apply.Id, new SessionApplied { Status = ApplyStatus.Unknown, Epoch = session.Epoch, Seq = session.Seq });
            return;
        }

        session.Epoch = apply.Epoch;
        session.Seq = apply.Seq;
        var error = _isClosing ? Closing : session.Fault ?? Bring(now, session, apply.Desired);
        if (error is not null)
        {
            _log.SessionRefused(_node, apply.Desired.RoomKey, session.Id, error.Code, error.Message);
        }

        session.LastReply = Applied(session, error is null ? ApplyStatus.Applied : ApplyStatus.Refused, error);
        ReplyWhenDone(apply.Id, session, session.LastReply);
        if (!session.Exists)
        {
            session.ForgetAt = now + RecordAge;
        }
    }

    private void Close(Instant now, CloseSession close)
    {
        var session = Record(now, close.Session);
        if (TryAnswerWithoutDoing(session, close.Id, close.Epoch, close.Seq))
        {
            return;
        }

        session.Epoch = close.Epoch;
        session.Seq = close.Seq;
        var room = session.Room;
        End(now, session, close.Reason);
        session.LastReply = Applied(session, ApplyStatus.Closed, null);
        if (room is null)
        {
            Reply(close.Id, session.LastReply);
        }
        else
        {
            PostReply(room.Loop, close.Id, session, session.LastReply);
        }
    }

    /// <summary>Older commands are stale; the latest one again has the same answer again.</summary>
    private bool TryAnswerWithoutDoing(NodeSession session, long id, long epoch, long seq)
    {
        var order = (epoch, seq).CompareTo((session.Epoch, session.Seq));
        if (order == 0 && session.LastReply is { } last)
        {
            ReplyWhenDone(id, session, last);
            return true;
        }

        if (order < 0)
        {
            Reply(id, new SessionApplied { Status = ApplyStatus.Stale, Epoch = session.Epoch, Seq = session.Seq });
            return true;
        }

        return false;
    }

    private void HandleSnapshots()
    {
        ReviseLayers();
        foreach (var session in _sessions.Values)
        {
            _faults.Try(FaultPlace.Report, session.Id, session, static s =>
            {
                if (s is { Snapshot.Path: { } path, Exists: true })
                {
                    s.Connection.Update(path);
                }

                NodeReporter.NotePlayed(s);
            });
        }

        _listened.HandleSnapshot();
    }

    /// <summary>Sizes of layers have become known, or changed: those who asked for their tracks by size may need another one.</summary>
    private void ReviseLayers()
    {
        foreach (var publisher in _sessions.Values.Where(s => s.HasResized).ToArray())
        {
            publisher.HasResized = false;
            foreach (var session in publisher.Room?.Sessions.Values ?? Enumerable.Empty<NodeSession>())
            {
                _faults.Try(FaultPlace.Plan, session.Id, (Core: this, session, publisher), static a => a.Core.ReviseLayers(a.session, a.publisher));
            }
        }
    }

    private void ReviseLayers(NodeSession session, NodeSession publisher)
    {
        if (session.Desired?.Subscriptions.Any(w => w.MaxHeight > 0 && publisher.Published.Values.Any(p => p.Sid == w.TrackSid)) == true)
        {
            Rebind(publisher.Room!, session);
        }
    }

    private static SessionApplied Applied(NodeSession session, ApplyStatus status, LinkError? error) => new()
    {
        Status = status,
        Epoch = session.Epoch,
        Seq = session.Seq,
        Answer = status == ApplyStatus.Applied ? session.Answer : null,
        IceRestart = status == ApplyStatus.Applied ? session.IceAnswer : null,
        Tracks = status == ApplyStatus.Applied ? NodeReporter.TracksOf(session) : [],
        Subscriptions = status == ApplyStatus.Applied ? NodeReporter.SubscriptionsOf(session) : [],
        SectionsWanted = status == ApplyStatus.Applied ? session.SectionsWanted : SectionsWanted.None,
        OfferWanted = status == ApplyStatus.Applied ? session.OfferWanted : null,
        Offer = status == ApplyStatus.Applied ? session.Offer : null,
        State = session.State,
        ReportVersion = session.ReportVersion,
        Error = error,
    };

    /// <summary>"Applied" is said only once the loop has done it: the client's first check may come at once.</summary>
    private void ReplyWhenDone(long id, NodeSession session, SessionApplied reply)
    {
        if (session.Room is { } room)
        {
            PostReply(room.Loop, id, session, reply);
        }
        else
        {
            Reply(id, reply);
        }
    }

    private void PostReply(LoopLink loop, long id, NodeSession session, SessionApplied reply) =>
        loop.Post(new Fence { Completed = () => Reply(id, session.Fault is { } fault ? Refused(session, reply, fault) : reply) });

    private void Reply(long id, SessionApplied result) => _send(new SessionReply(id, result));

    /// <summary>Does nothing, after everything that was posted before it.</summary>
    private sealed class Fence : LoopCommand
    {
        internal override void Execute(ForwardingLoop loop, Instant now)
        {
        }
    }
}
