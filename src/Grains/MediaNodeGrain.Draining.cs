using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>
/// A node that is to be emptied: it gets nobody new, and its rooms are asked to go to other nodes, a few at once. By an operator, who
/// may take it back, or because its process is about to end, which then is told as soon as nothing is left that could go.
/// </summary>
public sealed partial class MediaNodeGrain
{
    private static readonly TimeSpan DrainStep = TimeSpan.FromMilliseconds(200);

    private readonly DrainPlan _plan = new();
    private bool _drained;
    private bool _leaving;
    private DrainNode? _told;
    private IGrainTimer? _draining;

    private bool IsDraining => _drained || _leaving;

    public async Task<ActResult> Drain()
    {
        if (_view is null || _port is null)
        {
            return ActResult.Refused(ReasonCodes.LinkDown, "the node has no link to this cluster now");
        }

        _drained = true;
        await BeginDraining();
        return ActResult.Done;
    }

    public Task<ActResult> Undrain()
    {
        if (_view is null || _port is null)
        {
            return Task.FromResult(ActResult.Refused(ReasonCodes.LinkDown, "the node has no link to this cluster now"));
        }

        if (_leaving)
        {
            return Task.FromResult(ActResult.Refused(ReasonCodes.ServerShutdown, "the node's process has been told to end: start it again"));
        }

        _drained = false;
        EndDraining();
        Announce(_view with { State = NodeState.Ready, Reason = null });
        TellDrain();
        return Task.FromResult(ActResult.Done);
    }

    public Task OnLeaving(string bootId)
    {
        if (_leaving || _view?.BootId != bootId || _port is null)
        {
            return Task.CompletedTask;
        }

        _leaving = true;
        return BeginDraining();
    }

    /// <summary>As it is to be told: ready, or draining and why.</summary>
    private NodeView Standing(NodeView node) => IsDraining
        ? node with { State = NodeState.Draining, Reason = _leaving ? "its process is about to end" : "drained by an operator" }
        : node with { State = NodeState.Ready };

    private async Task BeginDraining()
    {
        Announce(Standing(_view!));
        TellDrain(again: true);
        await MoveRooms();
        _draining ??= this.RegisterGrainTimer(MoveRooms, new GrainTimerCreationOptions(DrainStep, DrainStep) { KeepAlive = true, Interleave = true });
    }

    private void EndDraining()
    {
        _plan.Clear();
        _draining?.Dispose();
        _draining = null;
    }

    private async Task MoveRooms()
    {
        ImmutableArray<string> next;
        while (IsDraining && _port is not null && (next = _plan.Next(RoomsHere(), time.GetUtcNow())).Length > 0)
        {
            foreach (string room in next)
            {
                await Move(room);
            }
        }

        TellDrain();
        if (_told is { IsOver: true } && _sessions.Count == 0 && !_leaving)
        {
            _draining?.Dispose(); // nobody is left, and nobody new comes
            _draining = null;
        }
    }

    private async Task Move(string room)
    {
        try
        {
            RoomMoved moved = await GrainFactory.GetGrain<IRoomGrain>(room).Relocate(new RoomMove { Leaves = Place.Id });
            if (moved.Error is { } refused)
            {
                _plan.Refused(room);
                log.RoomStays(room, Key, refused.Code, refused.Message);
            }
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            log.RoomNotAsked(e, room, Key); // it is asked again
        }
    }

    private ImmutableHashSet<string> RoomsHere() =>
        [.. _sessions.Values.Where(s => s.State.Phase is SessionPhase.Wanted or SessionPhase.Established).Select(s => s.State.Desired!.RoomKey)];

    /// <summary>The whole of it, when it is news: one that got lost is said again with the next attachment.</summary>
    private void TellDrain(bool again = false)
    {
        bool isOver = IsDraining && _sessions.Values.All(s => s.State.Phase is not SessionPhase.Unknown) && _plan.IsOver(RoomsHere());
        var now = new DrainNode(IsDraining, isOver);
        if (_port is { } port && (again || now != _told))
        {
            _told = now;
            port.Drain(now).Ignore();
        }
    }
}
