using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Io;

/// <summary>One datagram as a port delivered it: who receives it owns one reference of the slot.</summary>
/// <param name="Slot">Where it lies in the loop's <see cref="PacketMemory"/>, from the slot's first octet on.</param>
/// <param name="Length">Octets; 0 and more than <see cref="PacketMemory.SlotSize"/> never occur.</param>
/// <param name="Age">
/// Nanoseconds that it had waited for us, as far as the port knows: publishers' bandwidth estimates live on when packets
/// really arrived, not on when this thread came to run.
/// </param>
public readonly record struct ReceivedPacket(int Slot, int Length, TransportTuple Source, long Age = 0);
