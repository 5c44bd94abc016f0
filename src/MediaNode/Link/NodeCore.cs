using Microsoft.Extensions.Logging;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Link.Metering;

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
    private readonly LoopWays _ways;
    private readonly SubscriptionBinder _binder;
    private readonly ServerData _serverData;
    private readonly ListenedRooms _listened;
    private readonly TrackDemands _demands;
    private readonly Faults _faults;
    private readonly FaultReporter _faultReporter;
    private readonly ILogger _log;
    private readonly string _node;
    private long _epoch;
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
        _rooms = new NodeRooms(_loops, options.Loops.MostSessions);
        _ways = new LoopWays(_sessions);
        _binder = new SubscriptionBinder(_ways);
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
        _relays = new NodeRelays(options, fingerprint, _loops, _sessions, _rooms, _ways, Rebind, r => _demands!.Mark(r));
        _demands = new TrackDemands(_reporter.Report, _relays.DemandsOf);
        (_rooms.Opened, _rooms.TracksChanged) = (_relays.HandleRoom, _relays.HandleTracks);
    }

    /// <summary>New with each start of the process.</summary>
    public string BootId { get; }

    /// <summary>The control side says whether the node is being emptied.</summary>
    public Action<DrainNode>? DrainTold { get; init; }

    /// <summary>The process was told to end, and waits for the node's rooms to go to others.</summary>
    public void Leave() => _reporter.Leave();

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
            case ClaimNode claim:
                _send(new NodeClaimed(claim.Id, new NodeClaim(++_epoch)));
                break;
            case DescribeSession describe:
                Describe(describe);
                break;
            case Nexus.Link.ApplySession apply:
                Apply(now, apply);
                break;
            case CloseSession close:
                Close(now, close);
                break;
            case DrainNode drain:
                DrainTold?.Invoke(drain);
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

    private void Describe(DescribeSession describe) => _send(new SessionDescribed(
        describe.Id,
        _sessions.TryGetValue(describe.Session, out var session) && session.Exists
            ? new SessionFound(session.Desired, session.Seq, NodeReporter.Tell(session))
            : new SessionFound(null, 0, SessionActual.None)));

    private void Apply(Instant now, Nexus.Link.ApplySession apply)
    {
        var session = Record(now, apply.Session);
        if (TryAnswerWithoutDoing(session, apply.Id, apply.Epoch, apply.Seq))
        {
            return;
        }

        if (apply.MustExist && !session.Exists)
        {
            Reply(apply.Id, new SessionApplied { Status = ApplyStatus.Unknown, Epoch = _epoch, Seq = session.Seq });
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
        var loop = session.Loop;
        End(now, session, close.Reason);
        session.LastReply = Applied(session, ApplyStatus.Closed, null);
        if (loop is null)
        {
            Reply(close.Id, session.LastReply);
        }
        else
        {
            PostReply(loop, close.Id, session, session.LastReply);
        }
    }

    /// <summary>Older commands are stale; the latest one again has the same answer again.</summary>
    private bool TryAnswerWithoutDoing(NodeSession session, long id, long epoch, long seq)
    {
        var order = (epoch, seq).CompareTo((session.Epoch, session.Seq));
        if (order < 0 || epoch != _epoch)
        {
            Reply(id, new SessionApplied { Status = ApplyStatus.Stale, Epoch = _epoch, Seq = session.Seq });
            return true;
        }

        if (order == 0 && session.LastReply is { } last)
        {
            ReplyWhenDone(id, session, last);
            return true;
        }

        return false;
    }

    private void HandleSnapshots()
    {
        MarkResized();
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
            _faults.Try(FaultPlace.Plan, session.Id, (Core: this, session), static a => a.Core.ReviseFormats(a.session));
        }

        _listened.HandleSnapshot();
    }

    /// <summary>Sizes of layers have become known, or changed: who asked for the tracks by size may play other layers of them.</summary>
    private void MarkResized()
    {
        foreach (var publisher in _sessions.Values.Where(s => s.HasResized))
        {
            publisher.HasResized = false;
            if (publisher.Room is { } room)
            {
                _demands.Mark(room);
            }
        }
    }

    /// <summary>The second codec of one of its tracks has come to flow, and is everyone's from now on.</summary>
    private void ReviseFormats(NodeSession publisher)
    {
        if (publisher.Room is { } room && TrackFormats.TryRegress(publisher) && UpdateTracks(publisher, room))
        {
            Rebind(room);
        }
    }

    private static SessionApplied Applied(NodeSession session, ApplyStatus status, LinkError? error) => new()
    {
        Status = status,
        Epoch = session.Epoch,
        Seq = session.Seq,
        Answer = status == ApplyStatus.Applied ? session.Answer : null,
        IceRestart = status == ApplyStatus.Applied ? session.IceAnswer : null,
        Actual = status == ApplyStatus.Applied ? (session.Sent = NodeReporter.Tell(session)) : SessionActual.None,
        Error = error,
    };

    /// <summary>"Applied" is said only once the loop has done it: the client's first check may come at once.</summary>
    private void ReplyWhenDone(long id, NodeSession session, SessionApplied reply)
    {
        if (session.Loop is { } loop)
        {
            PostReply(loop, id, session, reply);
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
