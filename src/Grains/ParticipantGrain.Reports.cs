using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>What comes up from the node, what time does, and what the roster is told of both.</summary>
public sealed partial class ParticipantGrain
{
    public async Task<bool> OnActual(string session, NodePlace node, SessionActual actual)
    {
        if (_legs.Find(session) is not { } leg || leg.Node != node)
        {
            LeaveSoon();
            return false;
        }

        if (leg.Actual == actual)
        {
            await TellRoom(); // it is asked whether we are there: grains were lost
        }

        await Take(session, actual, isTold: false);
        return true;
    }

    public async Task<bool> Adopt(AdoptedSession session)
    {
        SessionDesired desired = session.Desired;
        if (_legs.Find(session.Id) is { } known)
        {
            return known.Node == session.Node && await OnActual(session.Id, session.Node, session.Actual);
        }

        if (!_legs.ReplacedBy(session.Id, desired.Leg, desired.Beside).IsEmpty)
        {
            return false; // somebody has taken its place
        }

        _view ??= ViewOf(desired);
        Leg leg = Adopted(session);
        _legs.Set(leg);
        await Publish(null);
        if (leg.SoughtUntil is not null)
        {
            gateways.Seek(session.Id);
        }

        return true;
    }

    /// <summary>Takes the node's word on a session, unless it is no news, and tells whom it concerns.</summary>
    /// <param name="isTold">Its client hears of it by the answer to what it asked.</param>
    private async Task Take(string session, SessionActual actual, bool isTold)
    {
        ValueArray<TrackView> tracksBefore = _legs.Tracks(Identity);
        ParticipantState? before = _view?.State;
        Leg? legBefore = _legs.Find(session);
        if (_legs.Take(session, actual, time.GetUtcNow(), Grace) is not { } leg)
        {
            return;
        }

        ImmutableArray<Leg> beside = [];
        if (actual.State == SessionState.Closed)
        {
            beside = _legs.WithThoseBeside([leg])[1..];
            Remove(leg, actual.Reason ?? ReasonCodes.ClientLost);
            await TellEnded(leg, actual.Reason ?? ReasonCodes.ClientLost);
        }
        else if (!isTold)
        {
            await TellHolder(legBefore!, leg);
        }

        if (before != _legs.State || tracksBefore != _legs.Tracks(Identity))
        {
            await Publish(actual.Reason);
        }

        if (!beside.IsEmpty)
        {
            await End(beside, actual.Reason ?? ReasonCodes.ClientLost);
        }

        KeepTime();
    }

    /// <summary>A command found that the node does not have the session any more.</summary>
    private Task LoseIfOver(Leg leg, ApplyStatus status) => status is ApplyStatus.Unknown or ApplyStatus.Closed
        ? Take(
            leg.Session,
            SessionActual.None with
            {
                Version = leg.Actual.Version + 1,
                State = SessionState.Closed,
                Reason = status == ApplyStatus.Closed ? ReasonCodes.ClientLeft : ReasonCodes.NodeLost,
            },
            isTold: false)
        : Task.CompletedTask;

    /// <summary>After a loss of memory. By the clock it is newer than whatever the grain that was lost had told the room.</summary>
    private ParticipantView ViewOf(SessionDesired desired) => new()
    {
        Version = time.GetUtcNow().ToUnixTimeSeconds(),
        Sid = desired.ParticipantSid,
        Identity = Identity,
        Name = desired.Name,
        Metadata = desired.Metadata,
        Attributes = desired.Attributes,
        Client = desired.Client,
        Grants = desired.Grants,
        Hidden = desired.Grants.Hidden,
        IsForwarded = desired.From is not null,
        State = ParticipantState.Joining,
        JoinedAt = desired.JoinedAt ?? time.GetUtcNow(),
    };

    private Leg Adopted(AdoptedSession session) => new()
    {
        Session = session.Id,
        Node = session.Node,
        Desired = session.Desired,
        Actual = session.Actual,
        SoughtUntil = IsHeld(session.Desired) ? time.GetUtcNow() + Seeking : null,
        Deadline = session.Actual.State == SessionState.Connected || session.Desired.Offer is null ? null : time.GetUtcNow() + ConnectWithin,
    };

    /// <summary>Ends legs; the participant leaves with its last.</summary>
    private async Task End(ImmutableArray<Leg> legs, string reason, SessionMove? move = null)
    {
        legs = _legs.WithThoseBeside(legs);
        foreach (Leg leg in legs)
        {
            Remove(leg, reason);
        }

        await HangUp(reason);
        await Publish(reason);
        foreach (Leg leg in legs)
        {
            await TellEnded(leg, reason, move);
        }

        await Task.WhenAll(legs.Select(leg => Node(leg).Close(leg.Session, reason)));
    }

    /// <summary>Tells the roster how this participant stands now, and lets go of it when it has left.</summary>
    private async Task Publish(string? reason)
    {
        if (_view is null)
        {
            return;
        }

        _view = Newer(_view) with
        {
            State = _legs.State,
            Reason = _legs.State is ParticipantState.Active or ParticipantState.Joining ? null : reason,
            Node = _legs.All.FirstOrDefault()?.Node.Id,
            Region = _legs.All.FirstOrDefault()?.Node.Region,
            Tracks = _legs.Tracks(Identity),
        };
        await TellRoom();
        if (_legs.IsEmpty)
        {
            _view = null;
            LeaveSoon();
        }

        KeepTime();
    }

    private async Task TellRoom()
    {
        _isRoomBehind = true;
        KeepTime(); // what does not get through is said again
        AdmitResult room = await Room.Update(_view!, _roomSid);
        _isRoomBehind = false;
        if (room.RoomSid.Length > 0)
        {
            (_roomSid, _policy) = (room.RoomSid, room.Policy);
        }
    }

    /// <summary>
    /// A timer is set for the next moment at which something may be over, and only while there is one: so whoever is connected costs
    /// nothing. A participant who is in stays in memory.
    /// </summary>
    private void KeepTime()
    {
        NoteGateways();
        NoteNodes();
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset? due = !Calls.IsEmpty || _isRoomBehind ? now + Tick : _legs.NextDeadline;
        due = ForwardLeg is not null && !(due < now + CatchingUp) ? now + CatchingUp : due;
        if (due is null || due < _tickAt || _tick is null)
        {
            _tick?.Dispose();
            (_tick, _tickAt) = (null, due);
        }

        if (due is { } at && _tick is null)
        {
            _tick = this.RegisterGrainTimer(
                OnTick, new GrainTimerCreationOptions(at - now > Least ? at - now : Least, Timeout.InfiniteTimeSpan) { KeepAlive = true });
        }

        DelayDeactivation(_legs.IsEmpty ? TimeSpan.Zero : Timeout.InfiniteTimeSpan);
    }

    /// <summary>The silo's list of gateways says when one is gone, and asks for those of whom none is known.</summary>
    private void NoteGateways()
    {
        ImmutableArray<SessionHolder> holders = [.. _legs.All.Select(l => l.Holder).OfType<SessionHolder>()];
        ImmutableArray<string> sought = [.. _legs.All.Where(l => l.Holder is null && IsHeld(l.Desired)).Select(l => l.Session)];
        if (!holders.SequenceEqual(_holders) || !sought.SequenceEqual(_sought))
        {
            (_holders, _sought) = (holders, sought);
            gateways.Note(Key, holders, sought);
        }
    }

    /// <summary>The silo's list of nodes says when one is lost together with its grain, which else would.</summary>
    private void NoteNodes()
    {
        ImmutableArray<string> on = [.. _legs.All.Select(l => l.Node.Id).Distinct()];
        if (!on.SequenceEqual(_on))
        {
            nodes.Note(this.GetGrainId(), _on, on);
            _on = on;
        }
    }

    private async Task OnTick()
    {
        _tick?.Dispose();
        _tick = null;
        try
        {
            await EndWhatIsOver();
        }
        finally
        {
            KeepTime();
        }
    }

    private async Task EndWhatIsOver()
    {
        await LetGo(leg => leg.SoughtUntil <= time.GetUtcNow());

        if (_isRoomBehind && _view is not null)
        {
            await TellRoom();
        }

        await CatchUp();
        await ExpireCalls();
        foreach (Leg leg in _legs.Expired(time.GetUtcNow()))
        {
            await End([leg], leg.ResumeBy is not null ? ReasonCodes.ClientLost
                : leg.Actual.State is SessionState.New ? ReasonCodes.NoIce
                : leg.Actual.State is SessionState.Connecting ? ReasonCodes.NoDtls
                : ReasonCodes.ClientLost);
        }
    }
}
