using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using static Nexus.MediaNode.Io.LinuxNative;

namespace Nexus.MediaNode.Io;

/// <summary>
/// Sends segmented sends by <c>sendmmsg</c>. That call stops at the first message the kernel refuses and tells why only when
/// it stands first, so every refusal is looked at alone: a full socket ends the turn's egress, an odd message is skipped, and a
/// device that cannot segment is remembered.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class LinuxSender : IDisposable
{
    private const int Batch = 128;

    // Segment size, our own address.
    private const int ControlSize = 24 + LocalAddresses.ControlSize;

    private readonly int _socket;
    private readonly bool _toIPv6;
    private readonly MultiMessage* _messages;
    private readonly IoVector* _vectors;
    private readonly byte* _addresses;
    private readonly byte* _controls;
    private readonly LocalAddresses? _locals;
    private bool _offload;

    /// <param name="locals">Where the socket is bound to every address: those that were received at.</param>
    public LinuxSender(int socket, bool toIPv6, bool offload, LocalAddresses? locals)
    {
        _socket = socket;
        _locals = locals;
        _toIPv6 = toIPv6;
        _offload = offload;
        _messages = Allocate<MultiMessage>(Batch);
        _vectors = Allocate<IoVector>(Batch);
        _addresses = Allocate<byte>(Batch * SocketAddressCodec.Size);
        _controls = Allocate<byte>(Batch * ControlSize);
        for (var i = 0; i < Batch; i++)
        {
            ref var header = ref _messages[i].Header;
            header.Name = _addresses + (i * SocketAddressCodec.Size);
            header.Vectors = _vectors + i;
            header.VectorCount = 1;
        }
    }

    /// <summary>Returns how many packets were lost.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends)
    {
        var lost = 0;
        fixed (byte* start = memory)
        {
            var next = 0;
            while (next < sends.Length)
            {
                if (!_offload && sends[next].Packets > 1)
                {
                    lost += SendApart(start, sends[next++], out var full);
                    if (full)
                    {
                        return lost + Count(sends[next..]);
                    }

                    continue;
                }

                var count = Prepare(start, sends[next..]);
                var sent = sendmmsg(_socket, _messages, (uint)count, MsgDontWait);
                if (sent > 0)
                {
                    next += sent;
                    continue;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case EIntr:
                        break;
                    case EAgain or ENoBufs:
                        return lost + Count(sends[next..]);
                    case EIo when sends[next].Packets > 1:
                        _offload = false; // the device can't checksum what it would segment
                        break;
                    case EInval or EMsgSize when sends[next].Packets > 1:
                        lost += SendApart(start, sends[next++], out _); // a segment above the path's MTU
                        break;
                    default:
                        lost += sends[next++].Packets;
                        break;
                }
            }
        }

        return lost;
    }

    public void Dispose()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_addresses);
        NativeMemory.Free(_controls);
    }

    private static T* Allocate<T>(int count)
        where T : unmanaged => (T*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(T));

    private static int Count(ReadOnlySpan<SegmentedSend> sends)
    {
        var packets = 0;
        foreach (ref readonly var send in sends)
        {
            packets += send.Packets;
        }

        return packets;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Prepare(byte* start, ReadOnlySpan<SegmentedSend> sends)
    {
        var count = 0;
        while (count < Batch && count < sends.Length)
        {
            ref readonly var send = ref sends[count];
            if (send.Packets > 1 && !_offload)
            {
                break;
            }

            Fill(count++, start + send.Offset, send.Length, send.Destination, send.Packets > 1 ? send.PacketSize : 0);
        }

        return count;
    }

    /// <param name="segment">Octets of each packet but the last; 0: it is one.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Fill(int i, byte* data, int length, in Protocol.TransportTuple destination, int segment)
    {
        ref var header = ref _messages[i].Header;
        header.NameLength = (uint)SocketAddressCodec.Write(new Span<byte>(header.Name, SocketAddressCodec.Size), destination, _toIPv6);
        _vectors[i] = new IoVector { Base = data, Length = (nuint)length };
        var control = _controls + (i * ControlSize);
        var used = 0;
        if (segment > 0)
        {
            // CMSG_LEN of a 16-bit number: the header's 16 octets and those two.
            *(ControlMessage*)control = new ControlMessage { Length = 18, Level = SolUdp, Type = UdpSegment, Value = segment };
            used = sizeof(ControlMessage);
        }

        if (destination.Local != 0 && _locals is not null)
        {
            used += _locals.Write(control + used, destination.Local);
        }

        header.Control = used == 0 ? null : control;
        header.ControlLength = (nuint)used;
    }

    /// <summary>One message per packet, for devices and paths that refuse segmented sends.</summary>
    private int SendApart(byte* start, in SegmentedSend send, out bool full)
    {
        full = false;
        var count = 0;
        for (var offset = 0; offset < send.Length; offset += send.PacketSize)
        {
            Fill(count++, start + send.Offset + offset, Math.Min(send.PacketSize, send.Length - offset), send.Destination, segment: 0);
        }

        var lost = 0;
        for (var next = 0; next < count;)
        {
            var sent = sendmmsg(_socket, _messages + next, (uint)(count - next), MsgDontWait);
            if (sent > 0)
            {
                next += sent;
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error is EAgain or ENoBufs)
            {
                full = true;
                return lost + count - next;
            }

            if (error != EIntr)
            {
                lost++;
                next++;
            }
        }

        return lost;
    }
}
