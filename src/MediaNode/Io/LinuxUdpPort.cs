using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace Nexus.MediaNode.Io;

/// <summary>
/// UDP by <c>recvmmsg</c> and <c>sendmmsg</c>, with segmentation offload: the kernel's cost per packet is per buffer, not per
/// system call, so one segmented send of ten packets costs little more than one packet.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed unsafe class LinuxUdpPort : IUdpPort
{
    private readonly Socket _socket;
    private readonly int _descriptor;
    private readonly LinuxReceiver _receiver;
    private readonly LinuxSender _sender;
    private readonly LinuxWaiter _waiter;
    private bool _disposed;

    public LinuxUdpPort(UdpPortOptions options)
    {
        _socket = options.BindSocket();
        _descriptor = (int)_socket.Handle;
        LocalEndPoint = (IPEndPoint)_socket.LocalEndPoint!;
        ForceBuffer(LinuxNative.SoRcvBufForce, options.SocketBuffer);
        ForceBuffer(LinuxNative.SoSndBufForce, options.SocketBuffer);
        _socket.SetRawSocketOption(LinuxNative.SolSocket, LinuxNative.SoTimestampNs, BitConverter.GetBytes(1));
        var offload = options.ReceiveOffload && TryOffload(LinuxNative.UdpGro, 1);
        var isIPv6 = _socket.AddressFamily == AddressFamily.InterNetworkV6;
        var locals = LocalEndPoint.Address.Equals(isIPv6 ? IPAddress.IPv6Any : IPAddress.Any) ? new LocalAddresses(isIPv6) : null;
        if (locals is not null)
        {
            _socket.SetRawSocketOption(locals.Option.Level, locals.Option.Option, BitConverter.GetBytes(1));
        }

        _receiver = new LinuxReceiver(_descriptor, options.Batch, offload, locals);
        _sender = new LinuxSender(
            _descriptor,
            isIPv6,
            options.SendOffload && TryOffload(LinuxNative.UdpSegment, 0),
            locals);
        _waiter = new LinuxWaiter(_descriptor);
    }

    public IPEndPoint LocalEndPoint { get; }

    public int Receive(PacketMemory memory, Span<ReceivedPacket> packets) => _receiver.Receive(memory, packets);

    public int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends) => _sender.Send(memory, sends);

    public void Wait(TimeSpan timeout) => _waiter.Wait(timeout);

    public void Wake() => _waiter.Wake();

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _waiter.Dispose();
        _socket.Dispose();
        _receiver.Dispose();
        _sender.Dispose();
    }

    /// <summary>Beyond the system's limit only with CAP_NET_ADMIN; without it the limit stands.</summary>
    private void ForceBuffer(int option, int size)
    {
        try
        {
            _socket.SetRawSocketOption(LinuxNative.SolSocket, option, new ReadOnlySpan<byte>(&size, sizeof(int)));
        }
        catch (SocketException)
        {
        }
    }

    private bool TryOffload(int option, int value)
    {
        try
        {
            _socket.SetRawSocketOption(LinuxNative.SolUdp, option, new ReadOnlySpan<byte>(&value, sizeof(int)));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
