using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Io;

/// <summary>
/// The packet buffers of one loop: native memory in slots of one size, handed out by number and counted by plain integers.
/// Only the owning thread may touch it; that is why no count is interlocked. Nothing is allocated after construction.
/// </summary>
public sealed unsafe class PacketMemory : IDisposable
{
    /// <summary>Octets in a slot. A datagram longer than this is not for us: no peer of ours sends above its path's MTU.</summary>
    public const int SlotSize = 2048;

    private readonly int[] _references;
    private readonly int[] _free;
    private readonly RtpPacketInfo[] _infos;
    private byte* _memory;
    private int _freeCount;

    public PacketMemory(int slots)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(slots);
        _references = new int[slots];
        _free = new int[slots];
        _infos = new RtpPacketInfo[slots];
        // Not cleared: pages are backed by the system only once a packet lies in them.
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)slots * SlotSize, 4096);

        // The lowest numbers come first, so that a quiet loop stays within few pages.
        for (var i = 0; i < slots; i++)
        {
            _free[i] = slots - 1 - i;
        }

        _freeCount = slots;
    }

    public int Capacity => _free.Length;

    public int Free => _freeCount;

    /// <summary>Takes a slot with one reference; false when all are in use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRent(out int slot)
    {
        if (_freeCount == 0)
        {
            slot = -1;
            return false;
        }

        slot = _free[--_freeCount];
        _references[slot] = 1;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddReference(int slot) => _references[slot]++;

    /// <summary>Gives one reference back; the last one frees the slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release(int slot)
    {
        if (--_references[slot] == 0)
        {
            _free[_freeCount++] = slot;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Pointer(int slot)
    {
        if ((uint)slot >= (uint)_references.Length)
        {
            ThrowOutside(slot);
        }

        return _memory + ((nint)slot * SlotSize);
    }

    /// <summary>The whole slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Span(int slot) => new(Pointer(slot), SlotSize);

    /// <summary>What is known of the RTP packet in the slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref RtpPacketInfo Info(int slot) => ref _infos[slot];

    /// <summary>The RTP packet in the slot, as its info says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Packet(int slot)
    {
        ref readonly var info = ref _infos[slot];
        return new(Pointer(slot) + info.Offset, info.Length);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _freeCount = 0;
    }

    private static void ThrowOutside(int slot) =>
        throw new ArgumentOutOfRangeException(nameof(slot), slot, "No slot of this packet memory.");
}
