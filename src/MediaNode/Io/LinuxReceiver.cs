using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using static Nexus.MediaNode.Io.LinuxNative;

namespace Nexus.MediaNode.Io;

/// <summary>
/// Receives in batches straight into packet slots. With receive offload the kernel hands over runs of datagrams in one large
/// buffer, which are then copied apart into slots.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class LinuxReceiver : IDisposable
{
    private const int OffloadBuffer = 65_536;
    private const int RealTimeClock = 0;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // The wall clock may be set while a packet waits: nothing waits longer than this.
    private const long MaxAge = NanosecondsPerSecond;

    // Time of arrival (32 octets), segment size (24), our own address.
    private const int ControlSize = 56 + LocalAddresses.ControlSize;

    private readonly int _socket;
    private readonly int _batch;
    private readonly MultiMessage* _messages;
    private readonly IoVector* _vectors;
    private readonly byte* _addresses;
    private readonly byte* _controls;
    private readonly byte* _offloadMemory;
    private readonly LocalAddresses? _locals;

    // Slots that wait in the vectors for a datagram; -1: none.
    private readonly int[] _armed;
    private PacketMemory? _memory;

    // Offload: the run that is being copied apart, when the caller's batch was full.
    private int _runIndex;
    private int _runCount;
    private int _runOffset;

    // Wall clock of the last call, in nanoseconds: what the kernel stamps arrivals with.
    private long _calledAt;

    /// <param name="locals">Where the socket is bound to every address.</param>
    public LinuxReceiver(int socket, int batch, bool offload, LocalAddresses? locals)
    {
        _socket = socket;
        _locals = locals;
        _batch = offload ? Math.Min(batch, 16) : batch;
        _messages = Allocate<MultiMessage>(_batch);
        _vectors = Allocate<IoVector>(_batch);
        _addresses = Allocate<byte>(_batch * SocketAddressCodec.Size);
        _controls = Allocate<byte>(_batch * ControlSize);
        _offloadMemory = offload ? Allocate<byte>(_batch * OffloadBuffer) : null;
        _armed = new int[_batch];
        Array.Fill(_armed, -1);
        for (var i = 0; i < _batch; i++)
        {
            ref var header = ref _messages[i].Header;
            header.Name = _addresses + (i * SocketAddressCodec.Size);
            header.Vectors = _vectors + i;
            header.VectorCount = 1;
            header.Control = _controls + (i * ControlSize);
            if (offload)
            {
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

            ReadControl(i, out var age, out _, out var local);
            packets[filled++] = new ReceivedPacket(_armed[i], length, Address(i) with { Local = local }, age);
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
            ReadControl(_runIndex, out var age, out var size, out var local);
            size = size == 0 ? total : size;

            var source = Address(_runIndex) with { Local = local };
            while (_runOffset < total && size is > 0 and <= PacketMemory.SlotSize)
            {
                if (filled == packets.Length || !memory.TryRent(out var slot))
                {
                    return filled;
                }

                var length = Math.Min(size, total - _runOffset);
                new ReadOnlySpan<byte>(_vectors[_runIndex].Base + _runOffset, length).CopyTo(memory.Span(slot));
                packets[filled++] = new ReceivedPacket(slot, length, source, age);
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
            _messages[i].Header.ControlLength = ControlSize;
        }

        TimeSpec time;
        _ = clock_gettime(RealTimeClock, &time);
        _calledAt = (time.Seconds * NanosecondsPerSecond) + time.Nanoseconds;

        // Errors are EAGAIN, EINTR, or a peer's ICMP message: nothing to receive now in any of them.
        return Math.Max(0, recvmmsg(_socket, _messages, (uint)count, MsgDontWait, null));
    }

    /// <summary>How long a datagram had waited, in nanoseconds, the length of a run's datagrams (0: it is no run), and which address it came to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadControl(int i, out long age, out int segmentSize, out byte local)
    {
        age = 0;
        segmentSize = 0;
        local = 0;
        var next = _messages[i].Header.Control;
        var end = next + _messages[i].Header.ControlLength;
        while (next + sizeof(ControlHeader) <= end)
        {
            var header = (ControlHeader*)next;
            if (header->Length < (nuint)sizeof(ControlHeader))
            {
                return;
            }

            if (header->Level == SolSocket && header->Type == SoTimestampNs)
            {
                var time = (TimeSpec*)(header + 1);
                age = Math.Clamp(_calledAt - (time->Seconds * NanosecondsPerSecond) - time->Nanoseconds, 0, MaxAge);
            }
            else if (header->Level == SolUdp && header->Type == UdpGro)
            {
                segmentSize = *(int*)(header + 1);
            }
            else if (_locals is not null && _locals.Is(header))
            {
                local = _locals.NumberOf(header);
            }

            next += (header->Length + 7) & ~(nuint)7;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Protocol.TransportTuple Address(int i) =>
        SocketAddressCodec.Read(new ReadOnlySpan<byte>(_addresses + (i * SocketAddressCodec.Size), SocketAddressCodec.Size));
}
