using Nexus.MediaNode.Diagnostics;

namespace Nexus.MediaNode.Session;

/// <summary>
/// What the sessions of a loop ask of the rest of a turn: to be settled, to be told of, to be given up. The loop works it off at the
/// turn's end. Loop's thread.
/// </summary>
internal sealed class TurnMarks(Faults faults)
{
    /// <summary>A session is asked for its timers again this long after a fault: not at once, lest one that stays due keeps the loop from sleeping.</summary>
    private static readonly TimeSpan RestAfterFault = TimeSpan.FromMilliseconds(100);

    /// <summary>Handled something: their feedback, data and next deadline are to be asked for.</summary>
    public List<MediaSession> Touched { get; } = [];

    /// <summary>The control side is to be told of their state.</summary>
    public List<MediaSession> Changed { get; } = [];

    /// <summary>To be ended by name: they cannot be what they should be.</summary>
    public List<MediaSession> GivenUp { get; } = [];

    /// <summary>The session handled something: its next deadline is to be asked for.</summary>
    public void Touch(MediaSession session)
    {
        if (!session.IsTouched)
        {
            session.IsTouched = true;
            Touched.Add(session);
        }
    }

    /// <summary>The session's state changed: the control side is to be told.</summary>
    public void MarkChanged(MediaSession session)
    {
        if (!session.IsChanged)
        {
            session.IsChanged = true;
            Changed.Add(session);
        }
    }

    /// <summary>A fault in what a session asked for. The session is given up, at the end of the turn, when there are too many.</summary>
    public void Bear(Instant now, FaultPlace place, Exception e, MediaSession? session)
    {
        faults.Count(place, e, session?.Id);
        if (session is null)
        {
            return;
        }

        session.RestUntil = now + RestAfterFault;
        if (session.Faults.IsSpentBy(now))
        {
            GiveUp(session);
        }
    }

    /// <summary>The session ends, by name, at the end of the turn: it cannot be what it should be.</summary>
    public void GiveUp(MediaSession session)
    {
        if (!session.IsOver && !GivenUp.Contains(session))
        {
            GivenUp.Add(session);
        }
    }
}
