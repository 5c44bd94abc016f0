using Nexus.Link;
using Nexus.MediaNode.Engine;

namespace Nexus.MediaNode.Link;

/// <summary>
/// Forwards: sessions without a connection, by which the tracks of a session are in another room too. The loop knows nothing of them:
/// it finds publishers by session, whatever the room.
/// </summary>
public sealed partial class NodeCore
{
    /// <summary>Makes a forward, or takes what is new of it. Its source and its room are for good.</summary>
    private LinkError? BringForward(NodeSession session, SessionDesired desired)
    {
        if (session is { Room: not null, State: not SessionState.Closed })
        {
            session.Desired = desired;
            return null;
        }

        if (desired.From is not { } from
            || session.Room is not null
            || !_sessions.TryGetValue(from.Session, out var source)
            || source is not { Room: not null, State: not SessionState.Closed, Source: null })
        {
            return new LinkError(ReasonCodes.SessionNotFound, "The session that is to be forwarded has ended, or is on another media node.");
        }

        var room = _rooms.Get(desired.RoomKey, source.Loop);
        session.Loop = source.Loop;
        NodeRooms.Enter(session, room);
        (session.Desired, session.Source, session.State, session.ForgetAt) = (desired, source, SessionState.Connected, Instant.Never);
        source.Forwards.Add(session);
        _log.SessionEntered(_node, room.Key, desired.Identity, session.Id, desired.Leg);
        if (_rooms.UpdateTracks(session, room))
        {
            Rebind(room);
        }

        _reporter.Report(session);
        return null;
    }

    /// <summary>Brings the tracks of the session's room, and of those that it is forwarded to, to what it publishes. True when those of its own room changed.</summary>
    private bool UpdateTracks(NodeSession session, RoomModel room)
    {
        var hasChanged = _rooms.UpdateTracks(session, room);
        foreach (var forward in session.Forwards)
        {
            if (_rooms.UpdateTracks(forward, forward.Room!))
            {
                Rebind(forward.Room!);
            }

            _reporter.ReportChange(forward);
        }

        return hasChanged;
    }

    /// <summary>The session is over, or in another room: where it was forwarded to it is seen to leave.</summary>
    private void EndForwards(Instant now, NodeSession source)
    {
        foreach (var forward in source.Forwards.ToArray())
        {
            Detach(forward);
            HandleState(now, new SessionStateChanged(forward.Id, SessionState.Closed, ReasonCodes.SourceLeft));
        }
    }

    /// <summary>What its room wanted of its source's tracks is not wanted any more.</summary>
    private void Detach(NodeSession forward)
    {
        if (forward.Source is { } source)
        {
            source.Forwards.Remove(forward);
            forward.Source = null;
            if (source.Room is { } room)
            {
                _demands.Mark(room);
            }
        }
    }
}
