using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using static Nexus.MediaNode.Loop.LinuxNative;

namespace Nexus.MediaNode.Loop;

/// <summary>
/// Receives in batches straight into packet slots. With receive offload the kernel hands over runs of datagrams in one large
/// buffer, which are then copied apart into slots.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class LinuxReceiver : IDisposable
{
    private const int OffloadBuffer = 65_536;

    private readonly int _socket;
    private readonly int _batch;
    private readonly MultiMessage* _messages;
    private readonly IoVector* _vectors;
    private readonly byte* _addresses;
    private readonly ControlMessage* _controls;
    private readonly byte* _offloadMemory;

    // Slots that wait in the vectors for a datagram; -1: none.
    private readonly int[] _armed;
    private PacketMemory? _memory;

    // Offload: the run that is being copied apart, when the caller's batch was full.
    private int _runIndex;
    private int _runCount;
    private int _runOffset;

    public LinuxReceiver(int socket, int batch, bool offload)
    {
        _socket = socket;
        _batch = offload ? Math.Min(batch, 16) : batch;
        _messages = Allocate<MultiMessage>(_batch);
        _vectors = Allocate<IoVector>(_batch);
        _addresses = Allocate<byte>(_batch * SocketAddressCodec.Size);
        _controls = Allocate<ControlMessage>(_batch);
        _offloadMemory = offload ? Allocate<byte>(_batch * OffloadBuffer) : null;
        _armed = new int[_batch];
        Array.Fill(_armed, -1);
        for (var i = 0; i < _batch; i++)
        {
            ref var header = ref _messages[i].Header;
            header.Name = _addresses + (i * SocketAddressCodec.Size);
            header.Vectors = _vectors + i;
            header.VectorCount = 1;
            if (offload)
            {
                header.Control = (byte*)(_controls + i);
                _vectors[i] = new IoVector { Base = _offloadMemory + (i * OffloadBuffer), Length = OffloadBuffer };
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Receive(PacketMemory memory, Span<ReceivedPacket> packets)
    {
        var filled = 0;
        while (filled < packets.Length)
        {
            var got = _offloadMemory is null
                ? ReceiveIntoSlots(memory, packets[filled..])
                : ReceiveRuns(memory, packets[filled..]);
            filled += got;

            // A call that came back less than full emptied the socket.
            if (got < _batch && _runIndex == _runCount)
            {
                break;
            }
        }

        return filled;
    }

    public void Dispose()
    {
        foreach (var slot in _armed)
        {
            if (slot >= 0 && _memory is not null)
            {
                _memory.Release(slot);
            }
        }

        Array.Fill(_armed, -1);
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_addresses);
        NativeMemory.Free(_controls);
        NativeMemory.Free(_offloadMemory);
    }

    private static T* Allocate<T>(int count)
        where T : unmanaged => (T*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(T));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int ReceiveIntoSlots(PacketMemory memory, Span<ReceivedPacket> packets)
    {
        _memory = memory;
        var wanted = Math.Min(_batch, packets.Length);
        var ready = 0;
        while (ready < wanted && Arm(memory, ready))
        {
            ready++;
        }

        var received = Call(ready);
        var filled = 0;
        for (var i = 0; i < received; i++)
        {
            var length = (int)_messages[i].Length;
            if (length == 0 || (_messages[i].Header.Flags & MsgTruncated) != 0)
            {
                continue; // the slot stays armed
            }

            packets[filled++] = new ReceivedPacket(_armed[i], length, Address(i));
            _armed[i] = -1;
        }

        // Odd datagrams were swallowed: say "full" only if the socket may hold more.
        return filled;
    }

    private bool Arm(PacketMemory memory, int i)
    {
        if (_armed[i] < 0)
        {
            if (!memory.TryRent(out var slot))
            {
                return false;
            }

            _armed[i] = slot;
            _vectors[i] = new IoVector { Base = memory.Pointer(slot), Length = PacketMemory.SlotSize };
        }

        return true;
    }

    private int ReceiveRuns(PacketMemory memory, Span<ReceivedPacket> packets)
    {
        var filled = 0;
        if (_runIndex == _runCount)
        {
            _runIndex = 0;
            _runOffset = 0;
            _runCount = Call(_batch);
        }

        while (_runIndex < _runCount)
        {
            ref var message = ref _messages[_runIndex];
            var total = (int)message.Length;
            var size = total;
            if (message.Header.ControlLength >= 20
                && _controls[_runIndex].Level == SolUdp
                && _controls[_runIndex].Type == UdpGro)
            {
                size = _controls[_runIndex].Value;
            }

            var source = Address(_runIndex);
            while (_runOffset < total && size is > 0 and <= PacketMemory.SlotSize)
            {
                if (filled == packets.Length || !memory.TryRent(out var slot))
                {
                    return filled;
                }

                var length = Math.Min(size, total - _runOffset);
                new ReadOnlySpan<byte>(_vectors[_runIndex].Base + _runOffset, length).CopyTo(memory.Span(slot));
                packets[filled++] = new ReceivedPacket(slot, length, source);
                _runOffset += length;
            }

            _runIndex++;
            _runOffset = 0;
        }

        return filled;
    }

    private int Call(int count)
    {
        if (count == 0)
        {
            return 0;
        }

        for (var i = 0; i < count; i++)
        {
            _messages[i].Header.NameLength = SocketAddressCodec.Size;
            _messages[i].Header.ControlLength = _offloadMemory is null ? 0 : (nuint)sizeof(ControlMessage);
        }

        // Errors are EAGAIN, EINTR, or a peer's ICMP message: nothing to receive now in any of them.
        return Math.Max(0, recvmmsg(_socket, _messages, (uint)count, MsgDontWait, null));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Protocol.TransportTuple Address(int i) =>
        SocketAddressCodec.Read(new ReadOnlySpan<byte>(_addresses + (i * SocketAddressCodec.Size), SocketAddressCodec.Size));
}
