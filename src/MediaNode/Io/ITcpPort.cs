using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Io;

/// <summary>
/// The ICE-TCP side of one loop (RFC 6544, passive; frames of RFC 4571). A source's <c>Connection</c> number names the
/// connection. Only the loop's thread calls it.
/// </summary>
public interface ITcpPort : IDisposable
{
    /// <summary>Takes the frames that have arrived, as <see cref="IUdpPort.Receive"/> does.</summary>
    int Receive(PacketMemory memory, Span<ReceivedPacket> packets);

    /// <summary>Frames and queues every packet. Returns how many were lost: connection gone, or its queue full.</summary>
    int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends);

    /// <summary>A check was authenticated on this connection: it may stay.</summary>
    void Keep(uint connection);

    /// <summary>The next connection that ended since the last call, by the source of its packets.</summary>
    bool TryTakeClosed(out TransportTuple source);

    /// <summary>Closes one connection; unknown numbers are fine.</summary>
    void Close(uint connection);
}
