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

    /// <summary>Keys of the participants whose sessions are now that were here.</summary>
    private readonly Dictionary<string, string> _moved = new(StringComparer.Ordinal);

    private JoinRequest? _asked;
    private InterruptedStay? _interrupted;
    private IGrainTimer? _forgetting;

    public Task<SessionStanding> Standing(string session) => Task.FromResult(_legs.Find(session) is { } leg
        ? new SessionStanding
        {
            IceGeneration = leg.Desired.IceRestart?.Generation ?? 0,
            Grants = leg.Desired.Grants,
            Actual = leg.Actual,
        }
        : new SessionStanding { Ended = _ended.LastOrDefault(e => e.Session == session).Reason ?? ReasonCodes.SessionNotFound });

    private void Remove(Leg leg, string reason)
    {
        _legs.Remove(leg.Session);
        bool isInterrupted = RoomPlace.IsToReturn(reason) && _asked is not null && _view is not null;
        if (isInterrupted)
        {
            _interrupted = new(_asked!, _view!);
        }

        if (!IsHeld(leg.Desired)) // else its client is told
        {
            _ended.Enqueue((leg.Session, reason));
            if (_ended.Count > MostEnded)
            {
                _ended.Dequeue();
            }
        }
        else if (!isInterrupted)
        {
            return;
        }

        ForgetLater();
    }

    private void ForgetLater()
    {
        _forgetting?.Dispose();
        _forgetting = this.RegisterGrainTimer(Forget, new GrainTimerCreationOptions(Remembered, Timeout.InfiniteTimeSpan) { KeepAlive = true });
    }

    /// <summary>Nobody is here: the grain goes once nobody can ask any more why.</summary>
    private void LeaveSoon()
    {
        if (_legs.IsEmpty && _ended.Count == 0 && _moved.Count == 0 && _interrupted is null)
        {
            DeactivateOnIdle();
        }
    }

    private Task Forget()
    {
        _ended.Clear();
        _moved.Clear();
        _interrupted = null;
        _forgetting?.Dispose();
        if (_legs.IsEmpty)
        {
            DeactivateOnIdle();
        }

        return Task.CompletedTask;
    }
}
