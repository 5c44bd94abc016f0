using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Silo.Control;

/// <summary>Carries what one node says to the grains it concerns. A node can only speak for sessions of its own.</summary>
internal sealed class NodeReports(
    IGrainFactory grains, Hello hello, string link, INodePort port, NodeLinkServer server, RoomListeners listeners) : IControlLinkHandler
{
    private readonly IMediaNodeGrain _node = grains.GetGrain<IMediaNodeGrain>(Keys.MediaNode(hello.Region, hello.NodeId));

    public Task AttachAsync() => _node.Attach(
        link,
        new NodeView { Id = hello.NodeId, Region = hello.Region, State = NodeState.Ready, BootId = hello.BootId, Software = hello.Software },
        port);

    public Task DetachAsync(string reason) => _node.Detach(link, reason);

    public Task OnReport(SessionReport report) => Session(report.Session, report.OwnerKey)?.OnReport(report) ?? Task.CompletedTask;

    public async Task OnDigest(Digest digest)
    {
        if (digest.Last)
        {
            await AttachAsync(); // so that a node grain that lost its memory knows its node again
        }

        foreach (DigestEntry entry in digest.Sessions)
        {
            if (Session(entry.Session, entry.OwnerKey) is { } session)
            {
                await session.OnDigest(entry);
            }
        }
    }

    /// <summary>Every second.</summary>
    public async Task OnLoad(LoadReport load)
    {
        await _node.OnLoad(hello.BootId, load.Load, load.Sessions, load.Tracks, load.Subscriptions);
        foreach (string room in listeners.Expire())
        {
            await server.ListenRoom(room, on: false);
        }
    }

    /// <summary>The link is new: the node does not know who listens.</summary>
    public async Task ListenAgainAsync()
    {
        foreach (string room in listeners.Rooms)
        {
            await server.ListenRoom(room, on: true);
        }
    }

    public Task OnLevels(RoomLevels levels) => listeners.Tell(levels);

    public Task OnConnections(RoomConnections connections) => listeners.Tell(connections);

    /// <summary>Null when the key is not of a session on this node: a node must not reach into another's.</summary>
    private INodeSessionGrain? Session(string session, string ownerKey)
    {
        string[] segments = ownerKey.Split('/');
        return segments.Length == 4 && ownerKey == Keys.NodeSession(Keys.Zone(ownerKey), hello.Region, hello.NodeId, session)
            ? grains.GetGrain<INodeSessionGrain>(ownerKey)
            : null;
    }
}
