using System.Net;
using System.Net.Sockets;

namespace Nexus.MediaNode.Io;

/// <summary>How a loop's UDP port is opened.</summary>
public sealed record UdpPortOptions
{
    /// <summary>Address and port to bind; port 0 takes any.</summary>
    public required IPEndPoint Bind { get; init; }

    /// <summary>Octets of kernel buffer wished for, each way; the system may give less.</summary>
    public int SocketBuffer { get; init; } = 8 << 20;

    /// <summary>Datagrams asked for in one system call (Linux).</summary>
    public int Batch { get; init; } = 64;

    /// <summary>
    /// Lets the kernel hand over runs of equal datagrams as one (Linux, UDP_GRO). Worth it where peers send segmented (other
    /// media nodes, servers); browsers do not.
    /// </summary>
    public bool ReceiveOffload { get; init; }

    /// <summary>Send several packets per segmented send where the system can (Linux, UDP_SEGMENT).</summary>
    public bool SendOffload { get; init; } = true;

    /// <summary>Opens the best port this system has.</summary>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public IUdpPort Open() => OperatingSystem.IsLinux() && Environment.Is64BitProcess
        ? new LinuxUdpPort(this)
        : new PortableUdpPort(this);

    internal Socket BindSocket()
    {
        var socket = new Socket(Bind.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        try
        {
            if (Bind.AddressFamily == AddressFamily.InterNetworkV6 && Bind.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.ReceiveBufferSize = SocketBuffer;
            socket.SendBufferSize = SocketBuffer;
            socket.Bind(Bind);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
