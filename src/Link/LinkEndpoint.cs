using System.Net;
using System.Net.Sockets;

namespace Nexus.Link;

/// <summary>Where a control side listens for media nodes: <c>host:port</c>, <c>[v6]:port</c> or <c>unix:/path</c>.</summary>
public sealed record LinkEndpoint(EndPoint Address)
{
    /// <exception cref="FormatException">Neither form; the message says what was expected.</exception>
    public static LinkEndpoint Parse(string text)
    {
        if (text.StartsWith("unix:", StringComparison.Ordinal) && text.Length > 5)
        {
            return new LinkEndpoint(new UnixDomainSocketEndPoint(text[5..]));
        }

        if (IPEndPoint.TryParse(text, out IPEndPoint? ip) && text.Contains(':', StringComparison.Ordinal))
        {
            return new LinkEndpoint(ip);
        }

        int colon = text.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(text[(colon + 1)..], out ushort port) && Uri.CheckHostName(text[..colon]) == UriHostNameType.Dns
            ? new LinkEndpoint(new DnsEndPoint(text[..colon], port))
            : throw new FormatException($"'{text}' is no link address: expected host:port, [ipv6]:port or unix:/path");
    }

    /// <summary>True when only processes of this machine can reach it.</summary>
    public bool IsLocal => Address switch
    {
        UnixDomainSocketEndPoint => true,
        IPEndPoint ip => IPAddress.IsLoopback(ip.Address),
        DnsEndPoint dns => dns.Host == "localhost",
        _ => false,
    };

    /// <exception cref="LinkException">Nobody listens there.</exception>
    public async Task<LinkConnection> ConnectAsync(CancellationToken cancellation)
    {
        Socket socket = NewSocket();
        try
        {
            await socket.ConnectAsync(Address, cancellation);
            return Wrap(socket);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new LinkException($"cannot reach the control side at {this}: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A listening socket; a stale Unix socket file of an earlier run is removed first.</summary>
    /// <exception cref="SocketException">The address is in use or not this machine's.</exception>
    public Socket Listen()
    {
        if (Address is UnixDomainSocketEndPoint)
        {
            File.Delete(Address.ToString()!);
        }

        Socket socket = NewSocket();
        socket.Bind(Address is DnsEndPoint dns ? new IPEndPoint(Dns.GetHostAddresses(dns.Host)[0], dns.Port) : Address);
        socket.Listen(64);
        return socket;
    }

    /// <summary>The connection over a socket that <see cref="Listen"/>'s accepted.</summary>
    public static LinkConnection Wrap(Socket socket)
    {
        if (socket.ProtocolType == ProtocolType.Tcp)
        {
            socket.NoDelay = true;
        }

        string peer = socket.RemoteEndPoint?.ToString() is { Length: > 0 } name ? name : "a local node";
        return new LinkConnection(new NetworkStream(socket, ownsSocket: true), peer, () => socket.Available > 0);
    }

    public override string ToString() => Address is UnixDomainSocketEndPoint ? $"unix:{Address}" : Address.ToString()!;

    private Socket NewSocket() => Address switch
    {
        UnixDomainSocketEndPoint => new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified),
        IPEndPoint ip => new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp),
        _ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp),
    };
}
