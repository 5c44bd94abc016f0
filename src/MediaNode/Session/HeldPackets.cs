using Nexus.MediaNode.Io;

namespace Nexus.MediaNode.Session;

/// <summary>
/// The few packets whose stream is not known yet: a repeat or a layer may overtake the packet that introduces it. Bounded by
/// what the demultiplexer lets in; the oldest gives way.
/// </summary>
internal sealed class HeldPackets(PacketMemory memory)
{
    private const int Capacity = 64;

    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    private readonly Queue<(int Slot, Instant Since)> _packets = new(); // grows: who only plays holds none

    public int Count => _packets.Count;

    /// <summary>Keeps a reference of its own.</summary>
    public void Hold(Instant now, int slot)
    {
        while (_packets.Count == Capacity || (_packets.TryPeek(out var oldest) && now - oldest.Since > MaxAge))
        {
            memory.Release(_packets.Dequeue().Slot);
        }

        memory.AddReference(slot);
        _packets.Enqueue((slot, now));
    }

    /// <summary>Takes the oldest out; its reference is the caller's.</summary>
    public bool TryTake(out int slot)
    {
        var any = _packets.TryDequeue(out var packet);
        slot = packet.Slot;
        return any;
    }

    public void Clear()
    {
        while (TryTake(out var slot))
        {
            memory.Release(slot);
        }
    }
}
