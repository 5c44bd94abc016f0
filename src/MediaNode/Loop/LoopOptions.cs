using System.Net;

namespace Nexus.MediaNode.Loop;

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

    /// <summary>Datagrams taken per turn at most: the longest burst that subscribers get in one segmented send.</summary>
    public int ReceiveBatch { get; init; } = 256;

    /// <summary>Commands that may wait for a loop.</summary>
    public int CommandQueue { get; init; } = 4096;

    /// <summary>Unauthenticated STUN and DTLS messages taken per second and source address.</summary>
    public int UnauthenticatedPerSecond { get; init; } = 500;
}
