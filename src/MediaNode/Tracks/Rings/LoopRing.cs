using System.Runtime.CompilerServices;
using Nexus.MediaNode.Collections;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Tracks.Rings;

/// <summary>
/// One direction between two loops: messages in order, each with room for a packet beside it, written by one loop's thread and read by
/// the other's. What is written is copied into the ring and, where it is a packet, copied out of it into a slot of the reader's own
/// memory: no loop ever touches another's packet memory, and nothing is to be given back.
/// </summary>
/// <param name="capacity">Messages that may wait.</param>
/// <param name="wake">Ends the reader's sleep. Any thread.</param>
internal sealed class LoopRing(int capacity, Action wake)
{
    /// <summary>Cells that packets leave free for everything else: what is lost of that would be missed for longer.</summary>
    private const int Spare = 64;

    private readonly SpscRing<RingMessage> _messages = new(Math.Max(capacity, 2 * Spare));
    private byte[]? _octets; // made by the writer for its first packet: backwards there are none

    /// <summary>Messages that wait. Any thread.</summary>
    public int Count => _messages.Count;

    /// <summary>Writer: copies a packet into the ring; false when it is full.</summary>
    /// <param name="isWhole">False: only what is known of it.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryWritePacket(int track, in RtpPacketInfo info, ReadOnlySpan<byte> packet, bool isWhole)
    {
        if (!_messages.TryReserve(Spare, out var cell))
        {
            return false;
        }

        ref var message = ref _messages[cell];
        message.Kind = isWhole ? RingMessageKind.Packet : RingMessageKind.Description;
        message.Track = track;
        message.Info = info;
        message.Info.Offset = 0;
        if (isWhole)
        {
            packet.CopyTo(OctetsOf(cell));
        }

        _messages.Publish();
        return true;
    }

    /// <summary>Writer: false when it is full.</summary>
    /// <param name="octets">Beside it; <see cref="PacketMemory.SlotSize"/> at most.</param>
    public bool TryWrite(in RingMessage message, ReadOnlySpan<byte> octets = default)
    {
        if (!_messages.TryReserve(0, out var cell))
        {
            return false;
        }

        _messages[cell] = message;
        _messages[cell].Length = octets.Length;
        if (!octets.IsEmpty)
        {
            octets.CopyTo(OctetsOf(cell));
        }

        _messages.Publish();
        return true;
    }

    /// <summary>Writer: the reader is to look.</summary>
    public void Wake() => wake();

    /// <summary>Reader: the oldest message, valid until <see cref="Release"/>.</summary>
    public bool TryPeek(out int cell) => _messages.TryPeek(out cell);

    public ref readonly RingMessage this[int cell] => ref _messages[cell];

    /// <summary>Reader: the octets beside a message.</summary>
    public ReadOnlySpan<byte> Octets(int cell, int length) => length == 0 ? default : _octets.AsSpan(cell * PacketMemory.SlotSize, length);

    /// <summary>Reader: the message that was peeked at is done with.</summary>
    public void Release() => _messages.Release();

    // Publish orders the array's reference before whoever reads the first message with octets.
    private Span<byte> OctetsOf(int cell) =>
        (_octets ??= GC.AllocateUninitializedArray<byte>(_messages.Capacity * PacketMemory.SlotSize)).AsSpan(cell * PacketMemory.SlotSize, PacketMemory.SlotSize);
}
