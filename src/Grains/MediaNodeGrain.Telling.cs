using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>Whom the node's sessions concern: participants, who are told what they do not know, and rooms, which ask who is here.</summary>
public sealed partial class MediaNodeGrain
{
    private ImmutableHashSet<SiloAddress> _gone = [];
    private int _doubtful;

    public Task<RoomCensus?> Count(string roomKey, RoomCensusSum known)
    {
        if (_port is null)
        {
            return Task.FromResult(Known<RoomCensus>(null));
        }

        OwnedSession[] here = [.. _rooms.GetValueOrDefault(roomKey)?.Where(s => s.State is { Phase: SessionPhase.Established, Desired: not null }) ?? []];
        ImmutableHashSet<string> people = [.. here.Select(s => s.State.Desired!.ParticipantSid)];
        RoomCensusSum sum = RoomCensus.SumOf(people);
        if (sum == known)
        {
            return Task.FromResult<RoomCensus?>(new(sum, []));
        }

        Doubt(here);
        MendAll(here).Ignore(); // the room waits for this answer, and they for the room
        return Task.FromResult<RoomCensus?>(new(sum, people));
    }

    /// <summary>
    /// A silo went since the last time, and with it grains that know nothing any more. Twice, because what a silo knew of where grains
    /// are goes a little later than the silo.
    /// </summary>
    private bool IsSiloGone()
    {
        ImmutableHashSet<SiloAddress> gone = [.. silos.GetApproximateSiloStatuses().Where(s => s.Value.IsTerminating()).Select(s => s.Key)];
        _doubtful = gone.IsSubsetOf(_gone) ? Math.Max(0, _doubtful - 1) : 2;
        _gone = gone;
        return _doubtful > 0;
    }

    /// <summary>Whether their participants know of them is to be asked.</summary>
    private static void Doubt(IEnumerable<OwnedSession> sessions)
    {
        foreach (OwnedSession session in sessions)
        {
            session.Told = -1;
        }
    }

    /// <summary>Has the participant know how the session is. What does not get through is said again after the next digest.</summary>
    private async Task Tell(OwnedSession owned)
    {
        if (owned.IsLost)
        {
            owned.IsLost = false;
            await TellLost(owned);
            return;
        }

        SessionActual actual = owned.State.Actual;
        bool isOver = actual.State == SessionState.Closed;
        if (owned.Told >= actual.Version || owned.State.Desired is not { } desired || !(isOver || owned.State.Phase == SessionPhase.Established))
        {
            return;
        }

        try
        {
            IParticipantGrain participant = Participant(desired);
            if (!await participant.OnActual(owned.Id, Place, actual) && !isOver && IsStill(owned, desired)
                && !await participant.Adopt(new AdoptedSession(owned.Id, Place, desired, actual)) && IsStill(owned, desired))
            {
                await Close(owned.Id, ReasonCodes.SessionSuperseded);
            }

            owned.Told = Math.Max(owned.Told, actual.Version);
        }
        catch (Exception e)
        {
            log.NotTold(e, owned.Id);
        }
    }

    private static bool IsStill(OwnedSession owned, SessionDesired desired) =>
        owned.State.Phase == SessionPhase.Established && owned.State.Desired?.ParticipantKey == desired.ParticipantKey;

    private async Task TellLost(OwnedSession owned)
    {
        if (owned.State.Desired is not { } desired)
        {
            return;
        }

        try
        {
            SessionActual lost = SessionActual.None with { Version = owned.State.Actual.Version + 1, State = SessionState.Closed, Reason = ReasonCodes.NodeLost };
            await Participant(desired).OnActual(owned.Id, Place, lost);
        }
        catch (Exception e)
        {
            log.NotTold(e, owned.Id);
        }
    }

    private async Task LoseSessions(string reason)
    {
        StopLosing();
        OwnedSession[] lost = [.. _sessions.Values.Where(s => s.State.Phase != SessionPhase.Closing)]; // those go on trying, so that the node does not bring them back
        foreach (OwnedSession[] some in lost.Chunk(MostSessionsAtOnce))
        {
            foreach (OwnedSession session in some)
            {
                log.SessionLost(session.Id, reason);
                Forget(session);
            }

            await Task.WhenAll(some.Select(TellLost));
        }
    }

    private IParticipantGrain Participant(SessionDesired desired) => GrainFactory.GetGrain<IParticipantGrain>(desired.ParticipantKey);
}
