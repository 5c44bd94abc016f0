using System.Net;

namespace Nexus.MediaNode.Io;

/// <summary>
/// The UDP socket of one loop, as the loop sees it: whole batches in, segmented sends out. Only the loop's thread calls it,
/// except <see cref="Wake"/>.
/// </summary>
public interface IUdpPort : IDisposable
{
    IPEndPoint LocalEndPoint { get; }

    /// <summary>
    /// Takes what has arrived, without waiting, into slots of <paramref name="memory"/>.
    /// Returns how many entries of <paramref name="packets"/> were filled; when all were, more may be there that
    /// <see cref="Wait"/> does not see: call again first.
    /// </summary>
    int Receive(PacketMemory memory, Span<ReceivedPacket> packets);

    /// <summary>
    /// Sends in order, without waiting. What the socket did not take is lost, as on any full link.
    /// Returns how many packets were lost.
    /// </summary>
    /// <param name="memory">What the offsets of <paramref name="sends"/> count from.</param>
    int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends);

    /// <summary>Returns when a datagram is there, <see cref="Wake"/> was called, or the time is over.</summary>
    /// <param name="timeout">Zero only looks; <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    void Wait(TimeSpan timeout);

    /// <summary>Ends the current or the next <see cref="Wait"/>. Any thread may call it.</summary>
    void Wake();
}
