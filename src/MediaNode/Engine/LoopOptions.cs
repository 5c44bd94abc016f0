using System.Net;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Engine;

/// <summary>The loops of one media node.</summary>
public sealed record LoopOptions
{
    /// <summary>Address that sockets bind to.</summary>
    public IPAddress Bind { get; init; } = IPAddress.Loopback;

    /// <summary>Loop <c>i</c> has UDP and ICE-TCP port <c>Port + i</c>; 0 takes any.</summary>
    public int Port { get; init; } = 7882;

    /// <summary>One per core that may be busy with media.</summary>
    public int Loops { get; init; } = Environment.ProcessorCount;

    /// <summary>ICE-TCP beside UDP.</summary>
    public bool Tcp { get; init; } = true;

    /// <summary>Packet slots of <see cref="PacketMemory.SlotSize"/> octets per loop. Untouched ones take no memory.</summary>
    public int PacketSlots { get; init; } = 32_768;

    /// <summary>Sessions on a room's loop from which on its viewers go to others too (<see cref="Link.LoopChoice"/>).</summary>
    public int MostSessions { get; init; } = 500;

    /// <summary>Datagrams taken per turn at most: the longest burst that subscribers get in one segmented send.</summary>
    public int ReceiveBatch { get; init; } = 256;

    /// <summary>Packets that may wait on their way from one loop to another: 2048 are a fifth of a second of 100 Mbit/s.</summary>
    public int RingMessages { get; init; } = 2048;

    /// <summary>Commands that may wait for a loop.</summary>
    public int CommandQueue { get; init; } = 4096;

    /// <summary>Unauthenticated STUN and DTLS messages taken per second and source address.</summary>
    public int UnauthenticatedPerSecond { get; init; } = 500;

    /// <summary>Of every receiver.</summary>
    public ReceiverLimits Limits { get; init; }
}
