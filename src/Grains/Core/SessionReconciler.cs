using Nexus.Link;

namespace Nexus.Core;

/// <summary>What to send to the node next.</summary>
public abstract record SessionCommand
{
    /// <summary>Actual equals desired, as far as is known.</summary>
    public sealed record None : SessionCommand;

    /// <summary>Ask what the node has: nothing is known, or the node said something that was missed.</summary>
    public sealed record Describe : SessionCommand;

    public sealed record Apply(long Seq, bool MustExist, SessionDesired Desired) : SessionCommand;

    public sealed record Close(long Seq, string Reason) : SessionCommand;
}

/// <summary>How a session stands for its owner.</summary>
public enum SessionPhase
{
    /// <summary>Nothing is wanted yet, or nothing is known after a loss of memory.</summary>
    Unknown,

    /// <summary>A desired state was given.</summary>
    Wanted,

    /// <summary>The node confirmed the session at least once: if the node forgets it now, it is lost.</summary>
    Established,

    /// <summary>It is to end, and the node has not confirmed yet.</summary>
    Closing,

    /// <summary>Ended: confirmed closed, or lost with its node.</summary>
    Gone,
}

/// <summary>Numbers the commands to one node. One caller at a time.</summary>
public sealed class CommandOrder
{
    private long _last;

    public long Next() => ++_last;

    /// <summary>What comes next is later than this one, which somebody else numbered.</summary>
    public void Follow(long other) => _last = Math.Max(_last, other);
}

/// <summary>
/// Keeps one session's desired state and decides what its node must be told, from answers, digests and losses that may come
/// late, twice, in any order or not at all. Pure: no clock, no I/O; the node's grain carries out what it says. The epoch, which says who
/// commands the node, is the grain's and the same for all sessions.
/// </summary>
/// <param name="order">The grain's: in one epoch no two commands to the node have the same number, whatever session they are for.</param>
public sealed class SessionReconciler(CommandOrder order)
{
    private long _seq;
    private long _acknowledged;
    private bool _missed;
    private string _closeReason = ReasonCodes.ClientLeft;

    public SessionPhase Phase { get; private set; }

    public SessionDesired? Desired { get; private set; }

    /// <summary>The last state that the node confirmed; what a refused change falls back to.</summary>
    public SessionDesired? Confirmed { get; private set; }

    /// <summary>What the node said last.</summary>
    public SessionActual Actual { get; private set; } = SessionActual.None;

    public long Seq => _seq;

    /// <summary>A new desired state. Not for sessions that are closing or gone.</summary>
    /// <param name="mustExist">The node confirmed the session to an owner before us.</param>
    public void Want(SessionDesired desired, bool mustExist = false)
    {
        if (Phase is SessionPhase.Closing or SessionPhase.Gone)
        {
            throw new InvalidOperationException($"the session is {Phase}");
        }

        Desired = desired;
        _seq = order.Next();
        Phase = mustExist || Phase == SessionPhase.Established ? SessionPhase.Established : SessionPhase.Wanted;
    }

    /// <summary>The session is to end. What was said first stays the reason.</summary>
    public void End(string reason)
    {
        if (Phase is SessionPhase.Closing or SessionPhase.Gone)
        {
            return;
        }

        _closeReason = reason;
        _seq = order.Next();
        Phase = SessionPhase.Closing;
    }

    /// <summary>The node has been away for so long that nobody waits for its word on the end any more.</summary>
    public void GiveUp() => Phase = SessionPhase.Gone;

    public SessionCommand Next() => Phase switch
    {
        SessionPhase.Unknown => new SessionCommand.Describe(),
        SessionPhase.Closing => new SessionCommand.Close(_seq, _closeReason),
        SessionPhase.Wanted => new SessionCommand.Apply(_seq, false, Desired!),
        SessionPhase.Established when _acknowledged != _seq => new SessionCommand.Apply(_seq, true, Desired!),
        SessionPhase.Established when _missed => new SessionCommand.Describe(),
        _ => new SessionCommand.None(),
    };

    /// <summary>A whole digest did not name the session: the current state is said once more, which changes nothing if the node has it.</summary>
    public void OnAbsent() => _acknowledged = Phase == SessionPhase.Established ? _seq - 1 : _acknowledged;

    /// <summary>
    /// The node said what it has. An owner without memory takes that over; one that knows what it wants only hears what it missed.
    /// True when the session was found lost.
    /// </summary>
    public bool OnDescribed(SessionFound found)
    {
        _missed = false;
        switch (Phase)
        {
            case SessionPhase.Unknown when found.Desired is not null:
                Desired = Confirmed = found.Desired;
                _seq = _acknowledged = found.Seq;
                order.Follow(found.Seq);
                Phase = SessionPhase.Established;
                return false;
            case SessionPhase.Unknown:
                Phase = SessionPhase.Gone;
                return false;
            case SessionPhase.Established when found.Desired is null:
                Phase = SessionPhase.Gone;
                return true;
            default:
                return false;
        }
    }

    /// <summary>The node's answer to the command that carried <paramref name="seq"/>. True when the session was found lost.</summary>
    public bool OnApplied(long seq, SessionApplied result)
    {
        switch (result.Status)
        {
            case ApplyStatus.Applied:
                _acknowledged = Math.Max(_acknowledged, seq);
                Confirmed = seq == _seq && Phase != SessionPhase.Closing ? Desired : Confirmed;
                Phase = Phase == SessionPhase.Wanted ? SessionPhase.Established : Phase;
                return false;
            case ApplyStatus.Stale:
                // it came late, or the epoch is over: it is said again
                order.Follow(result.Seq);
                _seq = seq == _seq ? order.Next() : _seq;
                return false;
            case ApplyStatus.Refused when seq == _seq && Phase == SessionPhase.Established:
                // the session stays as it was before, which an owner that has just taken it over must ask for
                Desired = Confirmed;
                _acknowledged = seq;
                Phase = Desired is null ? SessionPhase.Unknown : Phase;
                return false;
            case ApplyStatus.Refused when seq == _seq && Phase == SessionPhase.Wanted:
                Phase = SessionPhase.Gone;
                return false;
            case ApplyStatus.Unknown when Phase == SessionPhase.Established:
                Phase = SessionPhase.Gone;
                return true;
            case ApplyStatus.Closed when Phase == SessionPhase.Closing:
                Phase = SessionPhase.Gone;
                return false;
            case ApplyStatus.Closed when Phase is SessionPhase.Established or SessionPhase.Wanted:
                // the node closed it on its own (the client hung up) before it heard from us
                Phase = SessionPhase.Gone;
                return true;
            default:
                return false;
        }
    }

    /// <summary>
    /// The node's word on the session. False when it is old news. A session that the node closed by itself (the client
    /// hung up, or never got through) is to end: the node keeps it until it is told that we know.
    /// </summary>
    public bool OnActual(SessionActual actual)
    {
        if (actual.Version <= Actual.Version && actual.State != SessionState.Closed)
        {
            return false;
        }

        Actual = actual;
        if (actual.State == SessionState.Closed)
        {
            End(actual.Reason ?? ReasonCodes.ClientLeft);
        }

        return true;
    }

    /// <summary>The node says in its digest what it has. What differs from desired is mended by the next command.</summary>
    public void OnDigest(DigestEntry entry)
    {
        if (Phase == SessionPhase.Established)
        {
            _acknowledged = entry.Seq < _acknowledged ? _seq - 1 : _acknowledged;
            _missed |= entry.Version > Actual.Version;
        }
    }
}
