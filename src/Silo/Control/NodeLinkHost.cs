using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Silo.Control;

/// <summary>Holds the links of media nodes on the control side: attaches each node to its grain, and detaches it when its link ends.</summary>
public sealed class NodeLinkHost(IGrainFactory ofThisHost, string secret, LinkTiming timing, TimeProvider time, ILogger<NodeLinkHost> log)
{
    private readonly ConcurrentDictionary<Task, byte> _serving = new();
    private readonly ConcurrentDictionary<string, RoomListeners> _listeners = new(StringComparer.Ordinal);

    /// <summary>The clock of the gateways' leases, when it is another.</summary>
    public TimeProvider? LeaseTime { get; init; }

    /// <summary>Where the grains are of a node of that region; null for one that belongs elsewhere. Those of this host when not set.</summary>
    public Func<string, IGrainFactory?>? GrainsFor { get; init; }

    /// <summary>A node is attached: rooms may be placed on it. With its id; raised again at each new link.</summary>
    public event Action<string>? Attached;

    /// <summary>Completes when the node is attached for the next time.</summary>
    public Task WhenAttached(string node)
    {
        var attached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Attached += Take;
        return attached.Task;

        void Take(string id)
        {
            if (id == node)
            {
                Attached -= Take;
                attached.TrySetResult();
            }
        }
    }

    /// <summary>Completes when all links that were being served have ended, and their nodes' grains know it.</summary>
    public Task StopAsync() => Task.WhenAll(_serving.Keys);

    /// <summary>Takes links until cancelled.</summary>
    public async Task ListenAsync(Socket listener, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                Socket socket = await listener.AcceptAsync(cancellation);
                Task serving = ServeAsync(LinkEndpoint.Wrap(socket), cancellation);
                _serving.TryAdd(serving, 0);
                _ = serving.ContinueWith(ended => _serving.TryRemove(ended, out _), TaskScheduler.Default);
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
        IGrainFactory grains = GrainsFor is null ? ofThisHost
            : GrainsFor(hello.Region) ?? throw new LinkException($"node {hello.NodeId} is of region {hello.Region}, which has silos of its own: it is to dial those");
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
        bool wasSilent = false;
        try
        {
            reports.Begin();
            await server.RunAsync(reports, cancellation);
        }
        catch (LinkException e)
        {
            (reason, wasSilent) = (e.Message, e is LinkSilentException);
            throw;
        }
        finally
        {
            log.Unlinked(hello.NodeId, hello.Region, reason);
            await reports.DetachAsync(reason, wasSilent);
            grains.DeleteObjectReference<INodePort>(reference);
            GC.KeepAlive(port); // the engine holds observers weakly
        }
    }
}
