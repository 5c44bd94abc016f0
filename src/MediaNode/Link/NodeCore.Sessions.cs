using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;

namespace Nexus.MediaNode.Link;

/// <summary>What becomes of a session: brought to what is desired, moved, bound anew, ended.</summary>
public sealed partial class NodeCore
{
    /// <summary>Brings a session to what is desired. On an error it stays as it was.</summary>
    private LinkError? Bring(Instant now, NodeSession session, SessionDesired desired)
    {
        if (desired.Leg == SessionLeg.Forward)
        {
            return BringForward(session, desired);
        }

        var room = session.Room ?? _rooms.Get(desired.RoomKey);
        session.Loop ??= _rooms.ChooseLoop(room, desired);
        if (room.Key != desired.RoomKey)
        {
            room = Move(now, session, room, desired);
        }

        if (desired.Offer is { } offer && offer.Id != session.Answer?.OfferId)
        {
            var error = _negotiator.Negotiate(session, room, desired);
            if (error is not null)
            {
                _rooms.ForgetIfEmpty(room);
                session.Loop = session.Room is null ? null : session.Loop;
                return error;
            }

            NodeRooms.Enter(session, room);
            session.Desired = desired;
            session.Loop.Post(new ApplyPlan(Negotiator.Plan(session, desired)));
            PostIce(session);
        }
        else if (session is { Negotiated: not null, Desired: { } before }
            && (before.Grants.CanPublishData, before.Grants.Hidden) != (desired.Grants.CanPublishData, desired.Grants.Hidden))
        {
            session.Loop.Post(new ApplyPlan(Negotiator.Plan(session, desired)));
        }

        if (desired.Answer is { } answer && answer.OfferId == session.Offer?.Id)
        {
            if (Offerer.TryAccept(session, answer) is { } error)
            {
                return error;
            }

            session.Loop.Post(new ApplyPlan(Negotiator.Plan(session, desired)));
            PostIce(session);
        }

        NodeRooms.Enter(session, room);
        NodeRooms.CountPerson(session, room, desired.ParticipantSid);
        session.Desired = desired;
        if (session.ForgetAt != Instant.Never)
        {
            session.ForgetAt = Instant.Never;
            _log.SessionEntered(_node, room.Key, desired.Identity, session.Id, desired.Leg);
        }

        if (desired.IceRestart is { } restart && session.Negotiated is not null && restart.Generation > (session.IceAnswer?.Generation ?? 0))
        {
            _negotiator.RestartIce(session, restart);
            PostIce(session);
        }

        // Who publishes nothing new changes nobody else's plan.
        if (UpdateTracks(session, room))
        {
            Rebind(room);
        }
        else
        {
            Rebind(room, session);
        }

        return null;
    }

    /// <summary>Brings a session into another room. It stays on its loop, whichever the room's is.</summary>
    private RoomModel Move(Instant now, NodeSession session, RoomModel from, SessionDesired desired)
    {
        var to = _rooms.Get(desired.RoomKey, session.Loop);
        EndForwards(now, session);
        var hadTracks = _rooms.Move(session, from, to);
        session.Desired = desired;
        RebindOthers(from, hadTracks);
        Rebind(to, session); // frees its sections of what they carried
        if (session.Negotiated is not null)
        {
            session.Loop!.Post(new ApplyPlan(Negotiator.Plan(session, desired)));
        }

        return to;
    }

    private void Rebind(RoomModel room)
    {
        foreach (var session in room.Sessions.Values)
        {
            Rebind(room, session);
        }
    }

    /// <summary>Somebody is no longer in the room: that concerns the others only if there were tracks of it, and publishers as one viewer less.</summary>
    private void RebindOthers(RoomModel room, bool hadTracks)
    {
        _demands.Mark(room);
        if (hadTracks)
        {
            Rebind(room);
        }
    }

    /// <summary>Decides anew what a session gets, and has the loop do what differs. A fault costs that session's plan only.</summary>
    private void Rebind(RoomModel room, NodeSession session)
    {
        _plansMade++;
        _demands.Mark(room);
        _faults.Try(FaultPlace.Plan, session.Id, (Core: this, room, session), static a => a.Core.Replan(a.room, a.session));
    }

    private void Replan(RoomModel room, NodeSession session)
    {
        _binder.Rebind(room, session);
        if (_offerer.TryOffer(session))
        {
            if (session.Negotiated is not null)
            {
                PostIce(session);
            }

            _reporter.Report(session);
        }
    }

    private static void PostIce(NodeSession session) =>
        session.Loop!.Post(new RestartIce(session.Id, session.LocalIce!));

    private void HandleState(Instant now, SessionStateChanged changed)
    {
        if (_relays.TryHandle(changed) || !_sessions.TryGetValue(changed.Id, out var session) || session.Room is not { } room)
        {
            return;
        }

        if (changed.State == SessionState.Connected)
        {
            _reporter.TakeSnapshotSoon(now);
            if (session.State == changed.State)
            {
                return; // no news of its own, but something that it plays has begun to flow
            }
        }

        LogState(room, session, changed);
        session.State = changed.State;
        session.EndReason = changed.Reason;
        if (changed.State == SessionState.Closed)
        {
            // It will not come back: others must not wait for its tracks until the control side has closed it.
            _ways.Release(session);
            RebindOthers(room, room.RemoveTracks(session.Id));
            EndForwards(now, session);
        }

        _reporter.Report(session);
    }

    private void LogState(RoomModel room, NodeSession session, SessionStateChanged changed)
    {
        var identity = session.Desired?.Identity ?? "";
        switch ((changed.State, changed.Reason))
        {
            case (SessionState.Closed, ReasonCodes.Internal):
                _log.SessionGivenUp(_node, room.Key, identity, session.Id, changed.Reason);
                break;
            case (_, ReasonCodes.DtlsFailed or ReasonCodes.NoIce):
                _log.SessionFailed(_node, room.Key, identity, session.Id, changed.Reason);
                break;
            case (SessionState.Closed or SessionState.Disconnected, _):
                _log.SessionLeft(_node, room.Key, identity, session.Id, changed.Reason);
                break;
            default:
                _log.SessionIs(_node, room.Key, identity, session.Id, changed.State);
                break;
        }
    }

    private void End(Instant now, NodeSession session, string reason)
    {
        var identity = session.Desired?.Identity ?? "";
        session.EndReason = reason;
        session.ForgetAt = now + RecordAge;
        EndForwards(now, session);
        Detach(session);
        _ways.Release(session);
        session.Clear();
        if (session.Room is not { } room)
        {
            return;
        }

        _log.SessionLeft(_node, room.Key, identity, session.Id, reason);
        session.Loop!.Post(new RemoveSession(session.Id));
        RebindOthers(room, _rooms.Leave(session, room));
    }
}
