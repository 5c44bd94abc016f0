using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Handshakes;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Tracks;
using Nexus.MediaNode.Tracks.Rings;

namespace Nexus.MediaNode.Session;

/// <summary>
/// All that a session knows of the loop it lives on: memory, egress, counters, the tables that lead packets to it, and the marks by
/// which it says what it needs of the rest of the turn. Loop's thread, but for the counters.
/// </summary>
/// <param name="faults">The node's: shared by all its threads.</param>
internal sealed class LoopContext(PacketMemory memory, EgressBuffer egress, HandshakePort handshakes, NtpClock ntp, Faults faults, ITcpPort? tcp)
{
    public PacketMemory Memory => memory;

    public EgressBuffer Egress => egress;

    public HandshakePort Handshakes => handshakes;

    /// <summary>Wall clock time of the turn's instants.</summary>
    public NtpClock Ntp => ntp;

    public Faults Faults => faults;

    /// <summary>Null where there is no ICE-TCP.</summary>
    public ITcpPort? Tcp => tcp;

    public LoopCounters Counters { get; } = new();

    public DropCounters Drops { get; } = new();

    public SessionTable Sessions { get; } = new();


    public TurnMarks Marks { get; } = new(faults);

    public FanOut FanOut { get; } = new();

    public LoopRooms Rooms { get; } = new();

    /// <summary>What it has with the other loops of the node.</summary>
    public LoopRings Rings => field ??= new(memory, Rooms, FanOut, Drops, Counters, faults);

    /// <summary>Of every receiver.</summary>
    public ReceiverLimits Limits { get; init; }

    /// <summary>Where data channels lead; null: nowhere.</summary>
    public IDataSink? DataSink { get; set; }
}
