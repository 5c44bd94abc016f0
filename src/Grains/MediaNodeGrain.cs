using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Grains.Nodes;
using Nexus.Grains.Placement;
using Orleans.Concurrency;

namespace Nexus.Grains;

/// <summary>One media node: liveness, load, the way to it, and what is desired on it.</summary>
[ZonePlacement(preferRegion: true)]
[Reentrant]
public sealed partial class MediaNodeGrain(
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider time,
    ZoneGuard zones,
    ISiloStatusOracle silos,
    NodeList nodes,
    ILogger<MediaNodeGrain> log) : Grain, IMediaNodeGrain
{
    /// <summary>
    /// A link that was closed or cut comes back within this when the process behind it lives: it dials at once. The sessions of one that
    /// stays away are lost: most likely it was killed, which is known as soon as its system closes its sockets.
    /// </summary>
    private static readonly TimeSpan LostAfterCut = TimeSpan.FromMilliseconds(300);

    /// <summary>The same for a node that was not heard of: what is between may take a while to mend.</summary>
    private static readonly TimeSpan LostAfterSilence = TimeSpan.FromSeconds(1);

    private NodeView? _view;
    private INodePort? _port;
    private string? _link;
    private Task<long>? _epoch;
    private IGrainTimer? _losing;

    private string Key => this.GetPrimaryKeyString();

    public async Task Attach(string link, NodeView node, INodePort port)
    {
        bool sameBoot = _view is { } before && before.BootId == node.BootId;
        bool isBack = !sameBoot || _view!.State == NodeState.Lost;
        StopLosing();
        _epoch = _link == link ? _epoch : null;
        (_link, _port) = (link, port);
        if (_view is not null && !sameBoot)
        {
            _named.Clear();
            await LoseSessions("the node has restarted");
        }

        (_drained, _leaving) = (_drained && sameBoot, _leaving && sameBoot);
        Announce(isBack ? Standing(node) : _view!);
        if (IsDraining)
        {
            TellDrain(again: true);
        }

        await ClaimEarly(port);
    }

    public Task Detach(string link, string reason, bool wasSilent)
    {
        if (_link != link || _port is null)
        {
            return Task.CompletedTask;
        }

        _port = null;
        StopLosing();
        _losing = this.RegisterGrainTimer(
            () => LoseSessions(reason), new GrainTimerCreationOptions(wasSilent ? LostAfterSilence : LostAfterCut, Timeout.InfiniteTimeSpan) { KeepAlive = true });
        Announce(_view! with { State = NodeState.Lost, Reason = reason, Load = 0 });
        return Task.CompletedTask;
    }

    public Task OnUnheard(string bootId) => _view?.BootId == bootId && _link is { } link ? Detach(link, "nothing is heard of it any more", wasSilent: false) : Task.CompletedTask;

    public Task<bool> OnLoad(string bootId, double load, int sessions, int tracks, int subscriptions)
    {
        bool isKnown = _view?.BootId == bootId && _port is not null;
        if (isKnown)
        {
            Announce(_view! with { Load = load, Sessions = sessions, Tracks = tracks, Subscriptions = subscriptions });
        }

        return Task.FromResult(isKnown);
    }

    public Task<NodeView?> Describe() => Task.FromResult(Known(_view));

    public Task<INodePort?> Port() => Task.FromResult(Known(_port));

    /// <summary>Asking for a node that was never here leaves no grain behind.</summary>
    private T? Known<T>(T? answer) where T : class
    {
        if (_view is null && _sessions.Count == 0)
        {
            DeactivateOnIdle();
        }

        return answer;
    }

    private void Announce(NodeView view)
    {
        _view = view;
        nodes.Report(view);
    }

    /// <summary>So that no command waits for it. One that fails is tried again with the first command.</summary>
    private async Task ClaimEarly(INodePort port)
    {
        try
        {
            await Epoch(port);
        }
        catch (Exception e)
        {
            log.ClaimFailed(e, Key);
        }
    }

    /// <summary>The number under which this grain commands the node, asked of it once for each link, and again when another owner has taken it meanwhile.</summary>
    private Task<long> Epoch(INodePort port)
    {
        return _epoch = _epoch is null or { IsFaulted: true } or { IsCanceled: true } ? Claim() : _epoch;

        async Task<long> Claim() => (await port.Claim()).Epoch;
    }

    private void StopLosing()
    {
        _losing?.Dispose();
        _losing = null;
    }
}
