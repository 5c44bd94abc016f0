using Nexus.Link;

namespace Nexus.Core;

/// <summary>What to send to the node next.</summary>
public abstract record SessionCommand
{
    /// <summary>Actual equals desired, as far as is known.</summary>
    public sealed record None : SessionCommand;

    /// <summary>No epoch yet: claim the session first.</summary>
    public sealed record Claim : SessionCommand;

    public sealed record Apply(long Epoch, long Seq, bool MustExist, SessionDesired Desired) : SessionCommand;

    public sealed record Close(long Epoch, long Seq, string Reason) : SessionCommand;
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

/// <summary>
/// Keeps one session's desired state and decides what its node must be told, from answers, digests and losses that may come
/// late, twice, in any order or not at all. Pure: no clock, no I/O; the NodeSession grain carries out what it says.
/// </summary>
public sealed class SessionReconciler
{
    private long _epoch;
    private long _seq;
    private long _acknowledged;
    private bool _lost;
    private string _closeReason = ReasonCodes.ClientLeft;

    public SessionPhase Phase { get; private set; }

    public SessionDesired? Desired { get; private set; }

    /// <summary>The last state that the node confirmed; what a refused change falls back to.</summary>
    public SessionDesired? Confirmed { get; private set; }

    /// <summary>What the node said last of the session's media; null before it said anything.</summary>
    public SessionReport? LastReport { get; private set; }

    public long Epoch => _epoch;

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
        _seq++;
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
        _seq++;
        Phase = SessionPhase.Closing;
    }

    /// <summary>
    /// The node cannot be reached any more, or has forgotten the session. Should it come back with the session after all, the
    /// session is adopted again. A session that was to end keeps its end: the node must not bring it back.
    /// </summary>
    public void Lose()
    {
        if (Phase != SessionPhase.Closing)
        {
            (Phase, _lost) = (SessionPhase.Gone, true);
        }
    }

    /// <summary>The node has been away for so long that nobody waits for its word on the end any more.</summary>
    public void GiveUp() => Phase = SessionPhase.Gone;

    public SessionCommand Next() => Phase switch
    {
        SessionPhase.Gone => new SessionCommand.None(),
        _ when _epoch == 0 => new SessionCommand.Claim(),
        SessionPhase.Closing => new SessionCommand.Close(_epoch, _seq, _closeReason),
        SessionPhase.Wanted => new SessionCommand.Apply(_epoch, _seq, false, Desired!),
        SessionPhase.Established when _acknowledged != _seq => new SessionCommand.Apply(_epoch, _seq, true, Desired!),
        _ => new SessionCommand.None(),
    };

    /// <summary>What to send to make sure that the node still has the session: the current state once more, which changes nothing if it has.</summary>
    public SessionCommand Check() => Phase == SessionPhase.Established && _epoch != 0
        ? new SessionCommand.Apply(_epoch, _seq, true, Desired!)
        : Next();

    /// <summary>
    /// The node gave an epoch, and what it has. An owner without memory takes that over: true when it did so (the session is
    /// adopted). An owner that knows what it wants only keeps the epoch.
    /// </summary>
    public bool OnClaimed(SessionClaim claim)
    {
        _epoch = Math.Max(_epoch, claim.Epoch);
        switch (Phase)
        {
            case SessionPhase.Unknown when claim.Desired is not null:
                Desired = Confirmed = claim.Desired;
                _acknowledged = _seq;
                Phase = SessionPhase.Established;
                return true;
            case SessionPhase.Unknown:
            case SessionPhase.Established when claim.Desired is null:
                Phase = SessionPhase.Gone;
                return false;
            case SessionPhase.Wanted when claim.Desired is not null:
                Phase = SessionPhase.Established;
                _acknowledged = _seq - 1;
                return false;
            default:
                // what the owner before us applied may differ from what we want: say it again
                _acknowledged = _seq - 1;
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
                // another owner claimed meanwhile, or an older claim of ours arrived late: claim again, which begins a new order
                _epoch = result.Epoch >= _epoch ? 0 : _epoch;
                return false;
            case ApplyStatus.Refused when seq == _seq && Phase == SessionPhase.Established:
                // the session stays as it was before
                Desired = Confirmed;
                _acknowledged = seq;
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
    /// The node's word on the session's media. False when it is old news. A session that the node closed by itself (the client
    /// hung up, or never got through) is to end: the node keeps it until it is told that we know.
    /// </summary>
    public bool OnReport(SessionReport report)
    {
        if (report.Version <= LastReport?.Version && report.State != SessionState.Closed)
        {
            return false;
        }

        LastReport = report;
        if (report.State == SessionState.Closed)
        {
            End(report.Reason ?? ReasonCodes.ClientLeft);
        }

        return true;
    }

    /// <summary>The node says in its digest what it has. What differs from desired is mended by the next command.</summary>
    public void OnDigest(DigestEntry entry)
    {
        if (Phase == SessionPhase.Gone && _lost)
        {
            // its media went on while the node could not be reached: take it back as it is
            (Phase, _lost, _epoch) = (SessionPhase.Unknown, false, 0);
        }
        else if (Phase == SessionPhase.Gone)
        {
            // it ended, and the node does not know: it must not keep it
            _closeReason = ReasonCodes.SessionSuperseded;
            _epoch = 0;
            _seq++;
            Phase = SessionPhase.Closing;
        }
        else if (entry.Epoch > _epoch)
        {
            _epoch = 0;
        }
        else if (entry.Epoch < _epoch || entry.Seq < _acknowledged)
        {
            _acknowledged = _seq - 1;
        }
    }
}
