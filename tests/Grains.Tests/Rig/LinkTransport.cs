using System.Net;
using System.Net.Sockets;
using Nexus.Link;

namespace Nexus.Grains.Tests.Rig;

/// <summary>The three ways a node link can go.</summary>
public enum Transport
{
    InProcess,
    Tcp,
    Unix,
}

/// <summary>Connected ends of a link, over each transport.</summary>
public static class LinkTransport
{
    public static async Task<(LinkConnection Control, LinkConnection Node)> ConnectAsync(Transport transport)
    {
        if (transport == Transport.InProcess)
        {
            return LinkConnection.CreatePair();
        }

        (Socket control, Socket node) = await SocketsAsync(transport);
        return (LinkEndpoint.Wrap(control), LinkEndpoint.Wrap(node));
    }

    /// <summary>The control end, and the bare stream of whoever dialled it.</summary>
    public static async Task<(LinkConnection Control, NetworkStream Peer)> ConnectRawAsync(Transport transport = Transport.Tcp)
    {
        (Socket control, Socket node) = await SocketsAsync(transport);
        return (LinkEndpoint.Wrap(control), new NetworkStream(node, ownsSocket: true));
    }

    /// <summary>An address that nobody uses.</summary>
    public static LinkEndpoint Free(Transport transport)
    {
        if (transport == Transport.Unix)
        {
            return LinkEndpoint.Parse($"unix:{Path.Combine(Path.GetTempPath(), $"nexus-{Guid.NewGuid():N}.sock")}");
        }

        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return LinkEndpoint.Parse(probe.LocalEndPoint!.ToString()!);
    }

    private static async Task<(Socket Control, Socket Node)> SocketsAsync(Transport transport)
    {
        LinkEndpoint endpoint = Free(transport);
        using Socket listener = endpoint.Listen();
        var node = new Socket(endpoint.Address.AddressFamily, SocketType.Stream, transport == Transport.Tcp ? ProtocolType.Tcp : ProtocolType.Unspecified);
        await node.ConnectAsync(endpoint.Address);
        return (await listener.AcceptAsync(), node);
    }
}
