using System.Net;
using System.Net.Sockets;

namespace Nexus.TestKit.Net;

/// <summary>Ports of this machine that nobody had a moment ago.</summary>
public static class FreePort
{
    public static int Tcp()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
