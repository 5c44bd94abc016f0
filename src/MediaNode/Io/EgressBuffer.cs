using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Io;

/// <summary>
/// What a loop is about to send. All packets that one receiver gets in a turn lie together, so that as few segmented sends as
/// possible carry them: a packet as long as its predecessors joins their send, a shorter one joins and ends it, a longer one
/// begins the next. Encryption writes straight in here; there is no other copy.
/// </summary>
/// <remarks>
/// Use: <see cref="Direct"/> once per receiver, then for every packet <see cref="Reserve"/> and <see cref="Commit"/>
/// (or no commit: then the packet never was). Full memory is sent early, so reserving never fails. Single thread.
/// </remarks>
public sealed unsafe class EgressBuffer : IDisposable
{
    private readonly IUdpPort _udp;
    private readonly ITcpPort? _tcp;
    private readonly int _size;
    private readonly SegmentedSend[] _udpSends;
    private readonly SegmentedSend[] _tcpSends;
    private byte* _memory;
    private int _udpCount;
    private int _tcpCount;
    private int _used;

    // The send that is being put together.
    private TransportTuple _destination;
    private int _start;
    private int _packetSize;
    private int _packets;
    private bool _closed;

    /// <param name="size">Octets of memory. Not more than fits the processor's cache beside the rest: what was sealed is read again by the kernel.</param>
    /// <param name="sends">How many segmented sends are gathered before they go out.</param>
    public EgressBuffer(IUdpPort udp, ITcpPort? tcp = null, int size = 1 << 20, int sends = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 2 * SegmentedSend.MaxLength);
        _udp = udp;
        _tcp = tcp;
        _size = size;
        _udpSends = new SegmentedSend[sends];
        _tcpSends = new SegmentedSend[sends];
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)size, 4096);
        NativeMemory.Clear(_memory, (nuint)size);
    }

    /// <summary>Packets handed to the ports since the start.</summary>
    public long PacketsSent { get; private set; }

    /// <summary>Octets handed to the ports since the start.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Segmented sends handed to the ports since the start; <see cref="PacketsSent"/> over it is the gain.</summary>
    public long SendsSent { get; private set; }

    /// <summary>Packets that the ports did not take.</summary>
    public long PacketsLost { get; private set; }

    internal Faults Faults { get; init; } = new();

    /// <summary>Whether packets wait for <see cref="Flush"/>.</summary>
    public bool IsEmpty => _used == 0;

    /// <summary>Says who receives the packets that follow.</summary>
    public void Direct(in TransportTuple destination)
    {
        if (_packets != 0 && destination != _destination)
        {
            EndSend();
        }

        _destination = destination;
    }

    /// <summary>Memory for one packet of at most <paramref name="length"/> octets, valid until the next call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Reserve(int length)
    {
        if (_used + length > _size || _udpCount >= _udpSends.Length - 1 || _tcpCount >= _tcpSends.Length - 1)
        {
            MakeRoom(length);
        }

        return new Span<byte>(_memory + _used, length);
    }

    /// <summary>The packet lies in the memory just reserved and is <paramref name="length"/> octets long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Commit(int length)
    {
        if (_packets != 0 && (_closed
            || length > _packetSize
            || _packets == SegmentedSend.MaxPackets
            || _used + length - _start > SegmentedSend.MaxLength))
        {
            EndSend();
        }

        if (_packets == 0)
        {
            _start = _used;
            _packetSize = length;
            _closed = false;
        }

        _closed |= length < _packetSize;
        _packets++;
        _used += length;
    }

    /// <summary>Hands everything to the ports. What one of them throws at costs what it was given.</summary>
    public void Flush()
    {
        EndSend();
        if (_used == 0)
        {
            return;
        }

        if (_udpCount != 0)
        {
            SendByUdp();
        }

        if (_tcpCount != 0)
        {
            SendByTcp();
        }

        SendsSent += _udpCount + _tcpCount;
        BytesSent += _used;
        _udpCount = 0;
        _tcpCount = 0;
        _used = 0;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _used = 0;
        _packets = 0;
    }

    private void SendByUdp()
    {
        var sends = _udpSends.AsSpan(0, _udpCount);
        try
        {
            PacketsLost += _udp.Send(new ReadOnlySpan<byte>(_memory, _used), sends);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            HandleFault(e, sends);
        }
    }

    private void SendByTcp()
    {
        var sends = _tcpSends.AsSpan(0, _tcpCount);
        try
        {
            PacketsLost += _tcp is null ? Count(sends) : _tcp.Send(new ReadOnlySpan<byte>(_memory, _used), sends);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            HandleFault(e, sends);
        }
    }

    private void HandleFault(Exception e, ReadOnlySpan<SegmentedSend> sends)
    {
        PacketsLost += Count(sends);
        Faults.Count(FaultPlace.Egress, e);
    }

    private static int Count(ReadOnlySpan<SegmentedSend> sends)
    {
        var packets = 0;
        foreach (ref readonly var send in sends)
        {
            packets += send.Packets;
        }

        return packets;
    }

    private void EndSend()
    {
        if (_packets == 0)
        {
            return;
        }

        var send = new SegmentedSend(_destination, _start, _used - _start, _packetSize, _packets);
        if (_destination.IsTcp)
        {
            _tcpSends[_tcpCount++] = send;
        }
        else
        {
            _udpSends[_udpCount++] = send;
        }

        PacketsSent += _packets;
        _packets = 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeRoom(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, SegmentedSend.MaxLength);
        Flush();
    }
}
