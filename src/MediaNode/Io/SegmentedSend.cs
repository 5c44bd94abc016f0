using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Io;

/// <summary>
/// Packets to one receiver that lie together in the egress buffer: every one is <see cref="PacketSize"/> octets long, the last
/// may be shorter. The form that UDP segmentation offload takes as a single send.
/// </summary>
/// <param name="Offset">First octet within the egress memory.</param>
/// <param name="Length">Octets in all, at most <see cref="MaxLength"/>.</param>
/// <param name="Packets">How many packets that is, at most <see cref="MaxPackets"/>.</param>
public readonly record struct SegmentedSend(TransportTuple Destination, int Offset, int Length, int PacketSize, int Packets)
{
    /// <summary>Linux refuses more in one send (UDP_MAX_SEGMENTS; 128 since 6.9, 64 before).</summary>
    public const int MaxPackets = 64;

    /// <summary>Octets of payload in one send: an IPv4 datagram's limit less headers, rounded down.</summary>
    public const int MaxLength = 65_000;
}
