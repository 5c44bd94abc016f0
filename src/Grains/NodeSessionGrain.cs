using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Placement;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>Carries out what <see cref="SessionReconciler"/> says, for one session on one node.</summary>
[ZonePlacement(preferRegion: true)]
public sealed class NodeSessionGrain(
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider time, ILogger<NodeSessionGrain> log) : Grain, INodeSessionGrain
{
    /// <summary>After so long no further command is begun; the one under way ends by its own deadlines (<see cref="NodeLine.Deadline"/>).</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>What failed later than this was waited for: to send it once more would only have the caller wait twice.</summary>
    private static readonly TimeSpan QuickFailure = TimeSpan.FromSeconds(1);

    /// <summary>Commands sent in one go; what is not settled by then is tried again with the next tick.</summary>
    private const int MostAtOnce = 8;

    /// <summary>How often unconfirmed commands are tried again, and the lease is looked at.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>Three digests missed: ask the node.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    /// <summary>How long a node that is away may come back and be told of an end that it missed.</summary>
    private static readonly TimeSpan ClosingStays = TimeSpan.FromMinutes(10);

    private readonly SessionReconciler _session = new();
    private DateTimeOffset _heardAt;
    private DateTimeOffset? _closingSince;
    private bool _tracked;
    private IGrainTimer? _tick;

    private string Key => this.GetPrimaryKeyString();

    private string Session => Keys.Segment(Key, 3);

    private IMediaNodeGrain Node => GrainFactory.GetGrain<IMediaNodeGrain>(Keys.MediaNode(Keys.Segment(Key, 1), Keys.Segment(Key, 2)));

    private NodeLine Line => new(Node);

    private bool IsAlive => _session.Phase is not (SessionPhase.Gone or SessionPhase.Unknown);

    public async Task<SessionApplied> Apply(SessionDesired desired, bool mustExist)
    {
        if (_session.Phase is SessionPhase.Closing or SessionPhase.Gone)
        {
            return Failed(ReasonCodes.SessionNotFound, "the session has ended");
        }

        _session.Want(desired, mustExist);
        return await Reconcile();
    }

    public async Task<SessionApplied> Close(string reason)
    {
        _session.End(reason);
        return await Reconcile();
    }

    public async Task<NodeSessionView> Describe()
    {
        if (_session.Phase == SessionPhase.Unknown)
        {
            await Reconcile();
        }

        return _session.Phase switch
        {
            SessionPhase.Unknown => new NodeSessionView(Ended: false), // the node could not be asked
            SessionPhase.Closing or SessionPhase.Gone => new NodeSessionView(Ended: true),
            _ => new NodeSessionView(Ended: false, _session.Desired, LastReport),
        };
    }

    public async Task OnDigest(DigestEntry entry)
    {
        _heardAt = time.GetUtcNow();
        _session.OnDigest(entry);
        if (_session.Phase == SessionPhase.Unknown || _session.Next() is not SessionCommand.None)
        {
            await Reconcile();
        }
        else if (_session.Phase == SessionPhase.Established && entry.State != LastReport.State)
        {
            await Send(new SessionCommand.Claim()); // a report was lost; a claim brings the latest
            await Settle();
        }

        if (_session.Phase == SessionPhase.Established)
        {
            await Participant(_session.Desired!).OnSessionAlive(Key, LastReport.Version);
        }
    }

    public async Task OnReport(SessionReport report)
    {
        _heardAt = time.GetUtcNow();
        if (_session.Phase == SessionPhase.Unknown)
        {
            await Reconcile();
        }
        else
        {
            await Take(report);
            await Reconcile();
        }
    }

    public async Task OnNodeLost(string reason)
    {
        if (_session.Phase is SessionPhase.Gone or SessionPhase.Closing)
        {
            return; // a closing one goes on trying, so that the node does not bring it back
        }

        log.SessionLost(Session, reason);
        _session.Lose();
        await TellLost(ReasonCodes.NodeLost);
        await Settle();
    }

    /// <summary>
    /// Sends what is to be sent until nothing is, or the caller's patience ends (the timer goes on then). A command that did not
    /// get through is sent once more: the node may have been linked anew since.
    /// </summary>
    private async Task<SessionApplied> Reconcile()
    {
        SessionApplied last = new() { Status = ApplyStatus.Applied };
        DateTimeOffset deadline = time.GetUtcNow() + Patience;
        SessionPhase before = _session.Phase;
        bool failed = false;
        SessionCommand next = _session.Phase == SessionPhase.Unknown ? new SessionCommand.Claim() : _session.Next();
        for (int sent = 0; next is not SessionCommand.None; sent++)
        {
            if (time.GetUtcNow() > deadline || sent == MostAtOnce)
            {
                last = Failed(ReasonCodes.NodeTimeout, "the media node did not answer in time");
                break;
            }

            DateTimeOffset began = time.GetUtcNow();
            if (await Send(next) is { } answer)
            {
                last = answer;
                _heardAt = time.GetUtcNow();
            }
            else if (failed || time.GetUtcNow() - began > QuickFailure)
            {
                last = Failed(ReasonCodes.NodeTimeout, "the media node cannot be reached now");
                break;
            }
            else
            {
                failed = true;
                continue;
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
            switch (command)
            {
                case SessionCommand.Claim when await Line.Ask(port => port.Claim(Session)) is { } claim:
                    _session.OnClaimed(claim);
                    if (claim.Report is { } report)
                    {
                        await Take(report);
                    }

                    return new SessionApplied { Status = _session.Phase == SessionPhase.Gone ? ApplyStatus.Unknown : ApplyStatus.Applied };
                case SessionCommand.Apply a when await Line.Ask(port => port.Apply(Session, a.Epoch, a.Seq, a.MustExist, a.Desired)) is { } applied:
                    _session.OnApplied(a.Seq, applied);
                    return applied;
                case SessionCommand.Close c when await Line.Ask(port => port.Close(Session, c.Epoch, c.Seq, c.Reason)) is { } closed:
                    _session.OnApplied(c.Seq, closed);
                    return closed;
                default:
                    return null;
            }
        }
        catch (Exception e)
        {
            // whatever the link or the engine threw: the command may or may not have arrived, so it is sent again
            log.CommandFailed(e, command.GetType().Name, Session);
            return null;
        }
    }

    private async Task OnTick()
    {
        if (_session.Next() is not SessionCommand.None)
        {
            await Reconcile();
        }

        if (IsAlive && time.GetUtcNow() - _heardAt > Lease)
        {
            await CheckLease();
        }
    }

    /// <summary>Nothing was heard of the session for a lease: either the node says now that it has it, or it is lost.</summary>
    private async Task CheckLease()
    {
        _heardAt = time.GetUtcNow();
        SessionApplied? answer = await Send(_session.Check());
        if (answer is null && _session.Phase == SessionPhase.Closing && time.GetUtcNow() - _closingSince > ClosingStays)
        {
            _session.GiveUp();
        }
        else if (answer is null && await IsUnlinked())
        {
            await OnNodeLost("the node has had no link for a whole lease");
        }
        else if (answer is { Status: ApplyStatus.Unknown or ApplyStatus.Closed } && _session.Phase == SessionPhase.Gone)
        {
            await TellLost(ReasonCodes.NodeLost);
        }

        await Settle();
    }

    /// <summary>False also when nobody can say.</summary>
    private async Task<bool> IsUnlinked()
    {
        try
        {
            return !await Line.IsUp();
        }
        catch (Exception e)
        {
            log.NodeSilent(e, Session);
            return false;
        }
    }

    /// <summary>Takes the node's word, and passes it on.</summary>
    private async Task Take(SessionReport report)
    {
        if (_session.OnReport(report))
        {
            await Tell(report);
        }
    }

    /// <summary>Keeps the node's list of sessions, and the timer, in step with the phase.</summary>
    private async Task Settle()
    {
        if (_session.Phase == SessionPhase.Closing)
        {
            _closingSince ??= time.GetUtcNow();
        }

        if (IsAlive != _tracked)
        {
            _tracked = IsAlive;
            await Node.TrackSession(Key, IsAlive);
        }

        if (IsAlive && _tick is null)
        {
            _heardAt = time.GetUtcNow();
            _tick = this.RegisterGrainTimer(OnTick, new GrainTimerCreationOptions(Tick, Tick) { KeepAlive = true });
        }
        else if (!IsAlive)
        {
            _tick?.Dispose();
            _tick = null;
            DeactivateOnIdle();
        }
    }

    private Task Tell(SessionReport report) =>
        _session.Desired is { } desired ? Participant(desired).OnSessionReport(report) : Task.CompletedTask;

    private SessionReport LastReport => _session.LastReport ?? EmptyReport(SessionState.New, null) with { Version = 0 };

    private Task TellLost(string reason) => Tell(EmptyReport(SessionState.Closed, reason));

    private SessionReport EmptyReport(SessionState state, string? reason) => new()
    {
        Session = Session,
        OwnerKey = Key,
        Version = (_session.LastReport?.Version ?? 0) + 1,
        State = state,
        Reason = reason,
    };

    private IParticipantGrain Participant(SessionDesired desired) => GrainFactory.GetGrain<IParticipantGrain>(desired.ParticipantKey);

    private static SessionApplied Failed(string code, string message) =>
        new() { Status = ApplyStatus.Refused, Error = new LinkError(code, message) };
}
