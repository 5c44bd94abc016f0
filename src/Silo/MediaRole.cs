using System.Net;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Link;
using Nexus.MediaNode.Link;
using Nexus.MediaNode.Loop;
using Nexus.Silo.Settings;

namespace Nexus.Silo;

/// <summary>One media node of this process, and the dialer that keeps it linked.</summary>
internal sealed class MediaRole : IAsyncDisposable
{
    private readonly NodeAgent _node;
    private readonly NodeLinkDialer _dialer;
    private readonly CancellationTokenSource _stopping = new();
    private Task _dialing = Task.CompletedTask;

    /// <param name="index">Which of the process's regions it serves: its ports start 10 higher for each.</param>
    /// <param name="dial">Makes a connection to the control side.</param>
    /// <exception cref="SettingsException">A port is taken, or the address is not this machine's.</exception>
    public MediaRole(NexusOptions options, int index, Func<CancellationToken, Task<LinkConnection>> dial, ILogger<MediaRole> log)
    {
        string region = options.Regions[index];
        int port = options.MediaPort + (10 * index);
        var node = new NodeOptions
        {
            NodeId = options.NodeId ?? Ids.Node($"{Environment.MachineName} {options.MediaIp} {port}"),
            Region = region,
            PublicAddresses = [options.MediaIp],
            Loops = new LoopOptions { Bind = options.MediaBind ?? options.MediaIp, Port = port, Loops = options.Loops },
        };
        try
        {
            _node = new NodeAgent(node);
        }
        catch (DllNotFoundException e)
        {
            throw new SettingsException(e.Message);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            throw new SettingsException(
                $"media sockets cannot bind to {new IPEndPoint(node.Loops.Bind, port)} and the {options.Loops - 1} ports after it: {e.Message}: choose another media-port or media-bind");
        }

        _dialer = new NodeLinkDialer(
            dial,
            new NodeLinkOptions { NodeId = node.NodeId, BootId = _node.BootId, Region = region, Secret = options.EffectiveLinkSecret, Loops = options.Loops },
            _node,
            new LinkTiming(),
            TimeProvider.System);
        NodeId = node.NodeId;
        _dialer.Linked += peer => log.LogInformation("media node {Node} is linked to {Peer}", node.NodeId, peer);
        _dialer.Refused += what => log.LogWarning("media node {Node} did not tell something that is too long: {Reason}", node.NodeId, what);
        _dialer.Unlinked += reason => log.LogWarning("media node {Node} is not linked: {Reason}", node.NodeId, reason);
    }

    public string NodeId { get; }

    public void Start()
    {
        _node.Start();
        _dialing = Task.Run(() => _dialer.RunAsync(_stopping.Token));
    }

    /// <summary>Tells every client that it is over, then lets go of the link.</summary>
    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _stopping.CancelAsync();
        await _dialing;
        _stopping.Dispose();
    }
}
