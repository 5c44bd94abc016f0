using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Engine;

/// <summary>
/// What a fault of ours costs: the packet, the command, the session's turn that met it, and never what others have. Where many are
/// handled in a row the guard stands around the row, which goes on behind the one that threw.
/// </summary>
public sealed partial class ForwardingLoop
{
    /// <summary>The last turn could not read its socket: look again in a while, or the loop would spin.</summary>
    internal bool IsPortFaulty { get; private set; }

    /// <summary>Does it for each session. One whose turn meets a fault does not keep the others from theirs.</summary>
    internal void ForEachSession<T>(Instant now, FaultPlace place, T argument, Action<MediaSession, T> act)
    {
        foreach (var session in Sessions.All)
        {
            try
            {
                act(session, argument);
            }
            catch (Exception e) when (Faults.IsBearable(e))
            {
                Marks.Bear(now, place, e, session);
            }
        }
    }

    private int TakePackets()
    {
        var count = 0;
        IsPortFaulty = false;
        try
        {
            count = _udp.Receive(Memory, _received);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            HandlePortFault(e);
        }

        if (_tcp is null || count == _received.Length)
        {
            return count;
        }

        try
        {
            count += _tcp.Receive(Memory, _received.AsSpan(count));
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            HandlePortFault(e);
        }

        return count;
    }

    private void HandlePortFault(Exception e)
    {
        IsPortFaulty = true;
        _context.Faults.Count(FaultPlace.Port, e);
    }

    /// <summary>No packet should make us throw, and fuzzing looks for those that do.</summary>
    private DropReason RouteGuarded(Instant now, in ReceivedPacket packet)
    {
        try
        {
            return _router.Route(now, packet);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            Marks.Bear(now, FaultPlace.Receive, e, Sessions.Find(packet.Source));
            return DropReason.InternalError;
        }
    }

    private void Forget(Instant now, MediaSession session, in TransportTuple tuple)
    {
        try
        {
            session.Forget(now, tuple);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            Marks.Bear(now, FaultPlace.Timer, e, session);
        }
    }

    private void HandleTimeout(Instant now, MediaSession session)
    {
        try
        {
            session.HandleTimeout(now);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            Marks.Bear(now, FaultPlace.Timer, e, session);
        }
    }

    private void Execute(Instant now, LoopCommand command)
    {
        command.Fault = null; // some are used again
        try
        {
            command.Execute(this, now);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            // What it leaves behind is for the control side to mend: it knows what was to be.
            command.Fault = e;
            _context.Faults.Count(FaultPlace.Command, e, command.Session);
        }
    }

    private void SettleFrom(Instant now, ref int next)
    {
        try
        {
            while (next < Marks.Touched.Count)
            {
                var session = Marks.Touched[next++];
                session.IsTouched = false;
                session.SendFeedback(now);
                session.SendData(now);
                SetDeadline(now, session);
            }
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            var session = Marks.Touched[next - 1];
            Marks.Bear(now, FaultPlace.Settle, e, session);
            _deadlines.Set(session.Slot, session.RestUntil);
        }
    }

    private void SetDeadline(Instant now, MediaSession session)
    {
        if (!session.IsOver)
        {
            // After a fault it is asked again: what it was about to do may not have been done.
            _deadlines.Set(session.Slot, now < session.RestUntil ? session.RestUntil : session.NextTimeout);
        }
    }

    private void GiveUpSessions(Instant now)
    {
        foreach (var session in Marks.GivenUp)
        {
            if (session.IsOver)
            {
                continue; // removed meanwhile
            }

            // It stays in the table, where nothing reaches it, until the control side has heard of it and removes it.
            session.SetState(now, SessionState.Closed, ReasonCodes.Internal);
            session.Close();
            _deadlines.Remove(session.Slot);
        }

        Marks.GivenUp.Clear();
    }
}
