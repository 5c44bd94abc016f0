using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>How sessions stand, and why those are over that ended lately: for clients without a connection, which can only ask.</summary>
public sealed partial class ParticipantGrain
{
    private const int MostEnded = 8;

    /// <summary>How long it is known why a session ended, here alone: a loss of memory loses it.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    private readonly Queue<(string Session, string Reason)> _ended = new();
    private IGrainTimer? _forgetting;

    public Task<SessionStanding> Standing(string session) => Task.FromResult(_legs.Find(session) is { } leg
        ? new SessionStanding
        {
            IceGeneration = leg.Desired.IceRestart?.Generation ?? 0,
            State = leg.State,
            Grants = leg.Desired.Grants,
            Tracks = leg.Tracks,
        }
        : new SessionStanding { Ended = _ended.LastOrDefault(e => e.Session == session).Reason ?? ReasonCodes.SessionNotFound });

    private void Remove(Leg leg, string reason)
    {
        _legs.Remove(leg.Session);
        if (IsHeld(leg.Desired))
        {
            return; // its client is told
        }

        _ended.Enqueue((leg.Session, reason));
        if (_ended.Count > MostEnded)
        {
            _ended.Dequeue();
        }

        _forgetting?.Dispose();
        _forgetting = this.RegisterGrainTimer(Forget, new GrainTimerCreationOptions(Remembered, Timeout.InfiniteTimeSpan) { KeepAlive = true });
    }

    /// <summary>Nobody is here: the grain goes once nobody can ask any more why.</summary>
    private void LeaveSoon()
    {
        if (_ended.Count == 0)
        {
            DeactivateOnIdle();
        }
    }

    private Task Forget()
    {
        _ended.Clear();
        _forgetting?.Dispose();
        if (_legs.IsEmpty)
        {
            DeactivateOnIdle();
        }

        return Task.CompletedTask;
    }
}
