using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.Bench.Forward;

/// <summary>
/// What the same egress costs otherwise: sealed straight into the same buffer and sent in segments, with nothing decided or rewritten (no
/// process that encrypts for each receiver can be below that), and as the classic design has it, one seal and one <c>sendto</c> per packet.
/// </summary>
internal sealed unsafe partial class Baselines : IDisposable
{
    private const int HeaderLength = 12;

    private readonly int _burst;
    private readonly ReceiverSockets _receivers;
    private readonly IUdpPort _port;
    private readonly EgressBuffer _egress;
    private readonly System.Net.Sockets.Socket _socket;
    private readonly SrtpOutbound _srtp;
    private readonly byte[] _payload;
    private readonly byte[] _packet = new byte[2048];
    private readonly byte[] _addresses;
    private ulong _sequence;

    public Baselines(int burst, int size, ReceiverSockets receivers)
    {
        _burst = burst;
        _receivers = receivers;
        _port = new UdpPortOptions { Bind = new IPEndPoint(IPAddress.Loopback, 0) }.Open();
        _egress = new EgressBuffer(_port);
        _socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Udp);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var key = new SrtpMasterKey(RandomNumberGenerator.GetBytes(16), RandomNumberGenerator.GetBytes(12));
        _srtp = new SrtpOutbound(SrtpCiphers.Create(SrtpProfile.AeadAes128Gcm, key));
        _payload = RandomNumberGenerator.GetBytes(size - HeaderLength - _srtp.RtpOverhead);
        _addresses = new byte[receivers.Tuples.Length * SocketAddressCodec.Size];
        for (var i = 0; i < receivers.Tuples.Length; i++)
        {
            SocketAddressCodec.Write(_addresses.AsSpan(i * SocketAddressCodec.Size), receivers.Tuples[i], toIPv6: false);
        }
    }

    /// <summary>Nanoseconds per packet of sealing and segmented sends.</summary>
    public double MeasureFloor(long nanoseconds)
    {
        long spent = 0;
        long packets = 0;
        Span<byte> header = stackalloc byte[HeaderLength];
        header.Clear();
        header[0] = 0x80;
        while (spent < nanoseconds)
        {
            var before = ThreadCpu.Nanoseconds;
            foreach (var tuple in _receivers.Tuples)
            {
                _egress.Direct(tuple);
                for (var i = 0; i < _burst; i++)
                {
                    _egress.Commit(_srtp.ProtectRtp(header, _payload, _sequence++, _egress.Reserve(PacketMemory.SlotSize)));
                }
            }

            _egress.Flush();
            spent += ThreadCpu.Nanoseconds - before;
            packets += (long)_burst * _receivers.Tuples.Length;
            _receivers.Drain();
        }

        return (double)spent / packets;
    }

    /// <summary>Nanoseconds per packet of sealing and sending one by one.</summary>
    public double MeasureClassic(long nanoseconds)
    {
        long spent = 0;
        long packets = 0;
        Span<byte> header = stackalloc byte[HeaderLength];
        header.Clear();
        header[0] = 0x80;
        while (spent < nanoseconds)
        {
            var before = ThreadCpu.Nanoseconds;
            for (var receiver = 0; receiver < _receivers.Tuples.Length; receiver++)
            {
                for (var i = 0; i < _burst; i++)
                {
                    Send(receiver, _srtp.ProtectRtp(header, _payload, _sequence++, _packet));
                }
            }

            spent += ThreadCpu.Nanoseconds - before;
            packets += (long)_burst * _receivers.Tuples.Length;
            _receivers.Drain();
        }

        return (double)spent / packets;
    }

    public void Dispose()
    {
        _egress.Dispose();
        _port.Dispose();
        _socket.Dispose();
        _srtp.Dispose();
    }

    private void Send(int receiver, int length)
    {
        fixed (byte* packet = _packet, address = &_addresses[receiver * SocketAddressCodec.Size])
        {
            _ = sendto((int)_socket.Handle, packet, (nuint)length, 0, address, 16);
        }
    }

    [LibraryImport("libc")]
    private static partial nint sendto(int socket, void* buffer, nuint length, int flags, void* address, uint addressLength);
}
