using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Placement;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>Carries out what <see cref="SessionReconciler"/> says, for one session on one node.</summary>
[ZonePlacement(preferRegion: true)]
public sealed class NodeSessionGrain(TimeProvider time, ILogger<NodeSessionGrain> log) : Grain, INodeSessionGrain
{
    /// <summary>How long a caller waits for the node, all tries together.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How often unconfirmed commands are tried again, and the lease is looked at.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>Three digests missed: ask the node.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    private readonly SessionReconciler _session = new();
    private INodePort? _port;
    private DateTimeOffset _heardAt;
    private SessionReport? _lastReport;
    private bool _tracked;
    private IGrainTimer? _tick;

    private string Key => this.GetPrimaryKeyString();

    private string Session => Keys.Segment(Key, 3);

    private IMediaNodeGrain Node => GrainFactory.GetGrain<IMediaNodeGrain>(Keys.MediaNode(Keys.Segment(Key, 1), Keys.Segment(Key, 2)));

    public async Task<SessionApplied> Apply(SessionDesired desired)
    {
        if (_session.Phase is SessionPhase.Closing or SessionPhase.Gone)
        {
            return Failed(ReasonCodes.SessionNotFound, "the session has ended");
        }

        _session.Want(desired);
        return await Reconcile();
    }

    public async Task<SessionApplied> Close(string reason)
    {
        _session.End(reason);
        return await Reconcile();
    }

    public async Task OnDigest(DigestEntry entry)
    {
        _heardAt = time.GetUtcNow();
        _session.OnDigest(entry);
        if (_session.Phase == SessionPhase.Unknown || _session.Next() is not SessionCommand.None)
        {
            await Reconcile();
        }
    }

    public async Task OnReport(SessionReport report)
    {
        _heardAt = time.GetUtcNow();
        if (_session.Phase == SessionPhase.Unknown)
        {
            await Reconcile();
            return;
        }

        if (report.State == SessionState.Closed)
        {
            _session.Lose();
        }

        _lastReport = report;
        await Tell(report);
        await Settle();
    }

    public async Task OnNodeLost(string reason)
    {
        if (_session.Phase is SessionPhase.Gone)
        {
            return;
        }

        bool wasClosing = _session.Phase == SessionPhase.Closing;
        _session.Lose();
        if (!wasClosing)
        {
            await TellLost(ReasonCodes.NodeLost);
        }

        log.LogInformation("session {Session} is lost with its node: {Reason}", Session, reason);
        await Settle();
    }

    /// <summary>Sends what is to be sent until nothing is, or the caller's patience ends (the timer goes on then).</summary>
    private async Task<SessionApplied> Reconcile()
    {
        SessionApplied last = new() { Status = ApplyStatus.Applied };
        DateTimeOffset deadline = time.GetUtcNow() + Patience;
        SessionPhase before = _session.Phase;
        SessionCommand next = _session.Phase == SessionPhase.Unknown ? new SessionCommand.Claim() : _session.Next();
        while (next is not SessionCommand.None)
        {
            if (time.GetUtcNow() >= deadline)
            {
                last = Failed(ReasonCodes.NodeTimeout, "the media node did not answer in time");
                break;
            }

            if (await Send(next) is { } answer)
            {
                last = answer;
            }
            else
            {
                last = Failed(ReasonCodes.NodeTimeout, "the media node cannot be reached now");
                break;
            }

            next = _session.Next();
        }

        if (_session.Phase == SessionPhase.Gone && before is SessionPhase.Established && last.Status is ApplyStatus.Unknown or ApplyStatus.Closed)
        {
            await TellLost(last.Status == ApplyStatus.Closed ? ReasonCodes.ClientLeft : ReasonCodes.NodeLost);
        }

        await Settle();
        return last;
    }

    /// <summary>Null when the node could not be asked, or did not answer.</summary>
    private async Task<SessionApplied?> Send(SessionCommand command)
    {
        try
        {
            _port ??= await Node.Port();
            if (_port is null)
            {
                return null;
            }

            switch (command)
            {
                case SessionCommand.Claim:
                    SessionClaim claim = await _port.Claim(Session);
                    if (_session.OnClaimed(claim))
                    {
                        _lastReport = claim.Report;
                        await Participant(_session.Desired!).OnSessionAdopted(_session.Desired!, claim.Report ?? EmptyReport(SessionState.New, null));
                    }

                    return new SessionApplied { Status = _session.Phase == SessionPhase.Gone ? ApplyStatus.Unknown : ApplyStatus.Applied };
                case SessionCommand.Apply a:
                    SessionApplied applied = await _port.Apply(Session, a.Epoch, a.Seq, a.MustExist, a.Desired);
                    _session.OnApplied(a.Seq, applied);
                    return applied;
                case SessionCommand.Close c:
                    SessionApplied closed = await _port.Close(Session, c.Epoch, c.Seq, c.Reason);
                    _session.OnApplied(c.Seq, closed);
                    return closed;
                default:
                    return null;
            }
        }
        catch (Exception e)
        {
            // whatever the link or the engine threw: the command may or may not have arrived, so it is sent again
            log.LogDebug(e, "{Command} of session {Session} did not get through", command.GetType().Name, Session);
            _port = null;
            return null;
        }
    }

    private async Task OnTick()
    {
        if (_session.Next() is not SessionCommand.None)
        {
            await Reconcile();
        }
        else if (_session.Phase == SessionPhase.Established && time.GetUtcNow() - _heardAt > Lease)
        {
            _heardAt = time.GetUtcNow();
            if (await Send(_session.Check()) is { Status: ApplyStatus.Unknown or ApplyStatus.Closed })
            {
                await TellLost(ReasonCodes.NodeLost);
            }

            await Settle();
        }
    }

    /// <summary>Keeps the node's list of sessions, and the timer, in step with the phase.</summary>
    private async Task Settle()
    {
        bool alive = _session.Phase is not (SessionPhase.Gone or SessionPhase.Unknown);
        if (alive != _tracked)
        {
            _tracked = alive;
            await Node.TrackSession(Key, alive);
        }

        if (alive && _tick is null)
        {
            _heardAt = time.GetUtcNow();
            _tick = this.RegisterGrainTimer(OnTick, new GrainTimerCreationOptions(Tick, Tick) { KeepAlive = true });
        }
        else if (!alive)
        {
            _tick?.Dispose();
            _tick = null;
            DeactivateOnIdle();
        }
    }

    private Task Tell(SessionReport report) =>
        _session.Desired is { } desired ? Participant(desired).OnSessionReport(report) : Task.CompletedTask;

    private Task TellLost(string reason) => Tell(EmptyReport(SessionState.Closed, reason));

    private SessionReport EmptyReport(SessionState state, string? reason) => new()
    {
        Session = Session,
        OwnerKey = Key,
        Version = (_lastReport?.Version ?? 0) + 1,
        State = state,
        Reason = reason,
    };

    private IParticipantGrain Participant(SessionDesired desired) => GrainFactory.GetGrain<IParticipantGrain>(desired.ParticipantKey);

    private static SessionApplied Failed(string code, string message) =>
        new() { Status = ApplyStatus.Refused, Error = new LinkError(code, message) };
}
