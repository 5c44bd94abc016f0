using System.Net;
using System.Net.Sockets;
using Nexus.MediaNode.Protocol;

namespace Nexus.Bench.Forward;

/// <summary>
/// The subscribers' sockets on loopback. They are emptied between turns, outside of what is measured. Whether they set UDP_GRO
/// decides whether the kernel must cut segmented sends apart for them, and that is paid by the sender: so it is fixed per case.
/// </summary>
internal sealed class ReceiverSockets : IDisposable
{
    private const int SolUdp = 17;
    private const int UdpGro = 104;

    private readonly Socket[] _sockets;
    private readonly byte[] _buffer = new byte[65_536];

    public ReceiverSockets(int count, bool gro)
    {
        _sockets = new Socket[count];
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            socket.ReceiveBufferSize = 1 << 20;
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            if (gro)
            {
                socket.SetRawSocketOption(SolUdp, UdpGro, BitConverter.GetBytes(1));
            }

            _sockets[i] = socket;
        }

        Tuples = [.. _sockets.Select(s => TransportTuple.From((IPEndPoint)s.LocalEndPoint!))];
    }

    public TransportTuple[] Tuples { get; }

    /// <summary>Takes everything that waits; returns octets of payload.</summary>
    public long Drain()
    {
        long octets = 0;
        foreach (var socket in _sockets)
        {
            octets += DrainOne(socket);
        }

        return octets;
    }

    /// <summary>The next datagram of one subscriber (or run of them, with GRO); empty when none waits.</summary>
    public Span<byte> Take(int subscriber) =>
        _sockets[subscriber].Receive(_buffer, SocketFlags.None, out var error) is var length && error == SocketError.Success
            ? _buffer.AsSpan(0, length)
            : default;

    public void Dispose()
    {
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private long DrainOne(Socket socket)
    {
        long octets = 0;
        while (true)
        {
            var length = socket.Receive(_buffer, SocketFlags.None, out var error);
            if (error != SocketError.Success)
            {
                return octets;
            }

            octets += length;
        }
    }
}
