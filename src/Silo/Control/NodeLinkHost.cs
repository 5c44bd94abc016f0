using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Silo.Control;

/// <summary>Holds the links of media nodes on the control side: attaches each node to its grain, and detaches it when its link ends.</summary>
public sealed class NodeLinkHost(IGrainFactory grains, string secret, LinkTiming timing, TimeProvider time, ILogger<NodeLinkHost> log)
{
    private readonly ConcurrentDictionary<string, RoomListeners> _listeners = new(StringComparer.Ordinal);

    /// <summary>The clock of the gateways' leases, when it is another.</summary>
    public TimeProvider? LeaseTime { get; init; }

    /// <summary>A node is attached: rooms may be placed on it. With its id; raised again at each new link.</summary>
    public event Action<string>? Attached;

    /// <summary>Takes links until cancelled.</summary>
    public async Task ListenAsync(Socket listener, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                Socket socket = await listener.AcceptAsync(cancellation);
                _ = ServeAsync(LinkEndpoint.Wrap(socket), cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // the process stops
        }
    }

    /// <summary>Serves one link until it ends. Never throws: what ended it is logged and told to the node's grain.</summary>
    public async Task ServeAsync(LinkConnection connection, CancellationToken cancellation)
    {
        await using (connection)
        {
            var server = new NodeLinkServer(connection, secret, timing, time, fault => log.MessageFailed(fault, connection.Peer));
            try
            {
                Hello hello = await server.AcceptAsync(cancellation);
                await ServeNodeAsync(server, hello, cancellation);
            }
            catch (LinkException e)
            {
                log.LinkEnded(connection.Peer, e.Message);
            }
            catch (OperationCanceledException)
            {
                // the process stops
            }
            catch (Exception e)
            {
                log.LinkFailed(e, connection.Peer);
            }
        }
    }

    private async Task ServeNodeAsync(NodeLinkServer server, Hello hello, CancellationToken cancellation)
    {
        string link = Guid.NewGuid().ToString("N");
        RoomListeners listeners = _listeners.GetOrAdd(Keys.MediaNode(hello.Region, hello.NodeId), _ => new(hello.NodeId, LeaseTime ?? time));
        var port = new NodePort(server, listeners);
        INodePort reference = grains.CreateObjectReference<INodePort>(port);
        var reports = new NodeReports(grains, hello, link, reference, server, listeners, time, log, () =>
        {
            log.Linked(hello.NodeId, hello.Region);
            Attached?.Invoke(hello.NodeId);
        });
        string reason = "the node closed its link";
        try
        {
            reports.Begin();
            await server.RunAsync(reports, cancellation);
        }
        catch (LinkException e)
        {
            reason = e.Message;
            throw;
        }
        finally
        {
            log.Unlinked(hello.NodeId, hello.Region, reason);
            await reports.DetachAsync(reason);
            grains.DeleteObjectReference<INodePort>(reference);
            GC.KeepAlive(port); // the engine holds observers weakly
        }
    }
}
