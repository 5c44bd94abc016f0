using Nexus.Contracts;
using Nexus.Grains.Placement;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>One media node's liveness, load and port.</summary>
[ZonePlacement(preferRegion: true)]
public sealed class MediaNodeGrain : Grain, IMediaNodeGrain
{
    /// <summary>A cut link may come back with the same process behind it; its sessions are only lost when it stays away this long.</summary>
    private static readonly TimeSpan LostAfter = TimeSpan.FromSeconds(1);

    private readonly HashSet<string> _sessions = new(StringComparer.Ordinal);
    private NodeView? _view;
    private INodePort? _port;
    private string? _link;
    private bool _drained;
    private IGrainTimer? _losing;

    public async Task Attach(string link, NodeView node, INodePort port)
    {
        bool sameBoot = _view is { } before && before.BootId == node.BootId;
        if (_view is not null && !sameBoot)
        {
            await LoseSessions("the node has restarted");
        }

        StopLosing();
        (_link, _port) = (link, port);
        if (!sameBoot || _view!.State == NodeState.Lost)
        {
            await Announce(node with { State = _drained && sameBoot ? NodeState.Draining : NodeState.Ready });
        }

        _drained &= sameBoot;
    }

    public async Task Detach(string link, string reason)
    {
        if (_link != link || _port is null)
        {
            return;
        }

        _port = null;
        StopLosing();
        _losing = this.RegisterGrainTimer(
            () => LoseSessions(reason), new GrainTimerCreationOptions(LostAfter, Timeout.InfiniteTimeSpan) { KeepAlive = true });
        await Announce(_view! with { State = NodeState.Lost, Reason = reason, Load = 0 });
    }

    public Task OnLoad(string bootId, double load, int sessions, int tracks, int subscriptions) =>
        _view?.BootId == bootId && _port is not null
            ? Announce(_view with { Load = load, Sessions = sessions, Tracks = tracks, Subscriptions = subscriptions })
            : Task.CompletedTask;

    public Task<NodeView?> Describe() => Task.FromResult(Known(_view));

    public Task<INodePort?> Port() => Task.FromResult(Known(_port));

    public Task TrackSession(string nodeSessionKey, bool open)
    {
        _ = open ? _sessions.Add(nodeSessionKey) : _sessions.Remove(nodeSessionKey);
        return Task.CompletedTask;
    }

    public async Task<ActResult> Drain()
    {
        if (_view is null || _port is null)
        {
            return ActResult.Refused(ReasonCodes.LinkDown, "the node has no link to this cluster now");
        }

        _drained = true;
        await Announce(_view with { State = NodeState.Draining, Reason = "drained by an operator" });
        return ActResult.Done;
    }

    /// <summary>Asking for a node that was never here leaves no grain behind.</summary>
    private T? Known<T>(T? answer) where T : class
    {
        if (_view is null && _sessions.Count == 0)
        {
            DeactivateOnIdle();
        }

        return answer;
    }

    private Task Announce(NodeView view)
    {
        _view = view;
        return GrainFactory.GetGrain<INodeDirectoryGrain>(Keys.NodeDirectory).Update(view);
    }

    private async Task LoseSessions(string reason)
    {
        StopLosing();
        string[] lost = [.. _sessions];
        _sessions.Clear();
        foreach (string key in lost)
        {
            await GrainFactory.GetGrain<INodeSessionGrain>(key).OnNodeLost(reason);
        }
    }

    private void StopLosing()
    {
        _losing?.Dispose();
        _losing = null;
    }
}
