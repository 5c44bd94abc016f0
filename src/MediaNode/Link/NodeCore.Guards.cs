using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;

namespace Nexus.MediaNode.Link;

/// <summary>What a fault of ours costs here: the message, which is refused by name, or the one session. Nobody waits for an answer that does not come.</summary>
public sealed partial class NodeCore
{
    private static readonly LinkError Faulty = new(ReasonCodes.Internal, "The server failed; its log says why.");
    private static readonly LinkError Closing = new(ReasonCodes.ServerShutdown, "The media node is going down.");

    /// <summary>Timers that met a fault and stay due must not keep the thread from sleeping.</summary>
    private static readonly TimeSpan RestAfterFault = TimeSpan.FromMilliseconds(100);

    private Instant _restUntil = Instant.Zero;
    private bool _isClosing;

    private void Guard(Instant now, Action<NodeCore, Instant> part)
    {
        if (!_faults.Try(FaultPlace.Control, null, (Core: this, now, part), static a => a.part(a.Core, a.now)))
        {
            _restUntil = now + RestAfterFault;
        }
    }

    private void Take(Instant now, LoopEvent @event)
    {
        switch (@event)
        {
            case CommandCompleted { Command: var command }:
                if (command.Fault is not null)
                {
                    _faults.Try(FaultPlace.Control, command.Session, (Core: this, now, command), static a => a.Core.HandleFailed(a.now, a.command));
                }

                _faults.Try(FaultPlace.Control, command.Session, command, static c => c.Completed?.Invoke());
                break;
            case RelayReported { News: var news }:
                _faults.Try(FaultPlace.Control, news.Link, (Core: this, news), static a => a.Core._relays.Handle(a.news));
                break;
            case SessionStateChanged changed:
                _faults.Try(FaultPlace.Control, changed.Id, (Core: this, now, changed), static a => a.Core.HandleState(a.now, a.changed));
                break;
            default:
                break;
        }
    }

    /// <summary>A loop could not do a command. A section that cannot play is held, until it is decided anew; a session that cannot be ends.</summary>
    private void HandleFailed(Instant now, LoopCommand command)
    {
        if (command.Session is not { } id || !_sessions.TryGetValue(id, out var session) || session.Room is not { } room)
        {
            return;
        }

        if (command is SectionCommand { Mid: var mid })
        {
            if (session.Bound.ContainsKey(mid))
            {
                _binder.Hold(session, mid, ReasonCodes.Internal);
                _demands.Mark(room);
                _reporter.Report(session);
            }

            return;
        }

        session.Fault = Faulty;
        session.LastReply = session.LastReply is { } reply ? Refused(session, reply, Faulty) : null;
        session.Loop!.Post(new RemoveSession(id));
        HandleState(now, new SessionStateChanged(id, SessionState.Closed, ReasonCodes.Internal));
    }

    /// <summary>Answers a message that met a fault, so that nobody waits for it.</summary>
    private void Refuse(Instant now, LinkMessage message)
    {
        switch (message)
        {
            case DescribeSession describe:
                _send(new CommandRefused(describe.Id, Faulty));
                break;
            case Nexus.Link.ApplySession apply when Record(now, apply.Session) is var session:
                session.LastReply = Applied(session, ApplyStatus.Refused, Faulty);
                Reply(apply.Id, session.LastReply);
                break;
            case CloseSession close when Record(now, close.Session) is var session:
                session.LastReply = Applied(session, ApplyStatus.Closed, null);
                Reply(close.Id, session.LastReply);
                break;
            case SendData data:
                _send(new DataSent(data.Id, new DataDelivery(Faulty, 0)));
                break;
            default:
                break;
        }
    }

    private static SessionApplied Refused(NodeSession session, SessionApplied reply, LinkError error) =>
        Applied(session, ApplyStatus.Refused, error) with { Epoch = reply.Epoch, Seq = reply.Seq };

    private static string? SessionOf(LinkMessage message) => message switch
    {
        DescribeSession describe => describe.Session,
        Nexus.Link.ApplySession apply => apply.Session,
        CloseSession close => close.Session,
        _ => null,
    };
}
