using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Io;

/// <summary>
/// UDP by the framework's sockets, one datagram per call: for developers' machines that are not Linux. Same behaviour, less speed.
/// </summary>
public sealed class PortableUdpPort : IUdpPort
{
    private const int MaxSleepMicroseconds = 1_000_000_000;

    private readonly Socket _socket;
    private readonly Socket _waker;
    private readonly SocketAddress _wakeAddress;
    private readonly SocketAddress _from;
    private readonly SocketAddress _to;
    private readonly ushort _wakerPort;
    private int _woken;

    public PortableUdpPort(UdpPortOptions options)
    {
        _socket = options.BindSocket();
        IgnorePortUnreachable(_socket);
        LocalEndPoint = (IPEndPoint)_socket.LocalEndPoint!;
        _from = new SocketAddress(LocalEndPoint.AddressFamily);
        _to = new SocketAddress(LocalEndPoint.AddressFamily);

        // A socket cannot be waited for together with anything else portably, so waking is a datagram to ourselves.
        _waker = new Socket(LocalEndPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        _waker.Bind(new IPEndPoint(Reachable(LocalEndPoint.Address), 0));
        _wakerPort = (ushort)((IPEndPoint)_waker.LocalEndPoint!).Port;
        _wakeAddress = new IPEndPoint(Reachable(LocalEndPoint.Address), LocalEndPoint.Port).Serialize();
    }

    public IPEndPoint LocalEndPoint { get; }

    public int Receive(PacketMemory memory, Span<ReceivedPacket> packets)
    {
        var filled = 0;
        while (filled < packets.Length && memory.TryRent(out var slot))
        {
            var length = ReceiveOne(memory.Span(slot));
            if (length <= 0)
            {
                memory.Release(slot);
                if (length < 0)
                {
                    break;
                }

                continue;
            }

            packets[filled++] = new ReceivedPacket(slot, length, ReadAddress(_from));
        }

        return filled;
    }

    public int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends)
    {
        var lost = 0;
        foreach (ref readonly var send in sends)
        {
            WriteAddress(_to, send.Destination);
            for (var offset = 0; offset < send.Length; offset += send.PacketSize)
            {
                var packet = memory.Slice(send.Offset + offset, Math.Min(send.PacketSize, send.Length - offset));
                try
                {
                    _socket.SendTo(packet, SocketFlags.None, _to);
                }
                catch (SocketException)
                {
                    lost++;
                }
            }
        }

        return lost;
    }

    public void Wait(TimeSpan timeout)
    {
        var microseconds = timeout < TimeSpan.Zero
            ? MaxSleepMicroseconds
            : (int)Math.Min(MaxSleepMicroseconds, timeout.Ticks / 10);
        _socket.Poll(microseconds, SelectMode.SelectRead);
    }

    public void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) == 0)
        {
            try
            {
                _waker.SendTo([0], SocketFlags.None, _wakeAddress);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                Volatile.Write(ref _woken, 0);
            }
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _waker.Dispose();
    }

    /// <summary>Octets received; 0 for one to skip, -1 when nothing is there.</summary>
    private int ReceiveOne(Span<byte> into)
    {
        if (!_socket.Poll(0, SelectMode.SelectRead))
        {
            return -1; // spares an exception per empty look
        }

        try
        {
            _from.Size = _from.Buffer.Length;
            var length = _socket.ReceiveFrom(into, SocketFlags.None, _from);
            if (length == 1 && ReadAddress(_from).Port == _wakerPort)
            {
                Volatile.Write(ref _woken, 0);
                return 0;
            }

            return length == into.Length ? 0 : length; // cut off: not every system says so
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode is SocketError.MessageSize or SocketError.ConnectionReset ? 0 : -1;
        }
    }

    private static TransportTuple ReadAddress(SocketAddress address)
    {
        var bytes = address.Buffer.Span;
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        return address.Family == AddressFamily.InterNetwork
            ? TransportTuple.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]), port)
            : new TransportTuple(
                BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
                BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
                port,
                0);
    }

    private static void WriteAddress(SocketAddress address, in TransportTuple tuple)
    {
        var bytes = address.Buffer.Span;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], tuple.Port);
        if (address.Family == AddressFamily.InterNetwork)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], tuple.IPv4);
            return;
        }

        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], tuple.High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], tuple.Low);
    }

    private static IPAddress Reachable(IPAddress bound) =>
        bound.Equals(IPAddress.Any) ? IPAddress.Loopback
        : bound.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
        : bound;

    /// <summary>Windows reports a peer's closed port on the next receive of an unconnected socket, unless told not to.</summary>
    private static void IgnorePortUnreachable(Socket socket)
    {
        const int UdpConnectionReset = -1744830452;
        if (OperatingSystem.IsWindows())
        {
            socket.IOControl(UdpConnectionReset, [0, 0, 0, 0], null);
        }
    }
}
