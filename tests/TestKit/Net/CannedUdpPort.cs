using System.Net;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;

namespace Nexus.TestKit.Net;

/// <summary>
/// A port that hands out prepared datagrams and counts what is sent, without allocating: for proofs about what the loop itself
/// does.
/// </summary>
public sealed class CannedUdpPort : IUdpPort
{
    private readonly Queue<(TransportTuple From, byte[] Bytes)> _toReceive = new(65536);

    public IPEndPoint LocalEndPoint { get; } = new(IPAddress.Loopback, 7882);

    public long PacketsSent { get; private set; }

    public long Sends { get; private set; }

    /// <summary>How many of the waiting datagrams the next <see cref="Receive"/> calls may take.</summary>
    public int Released { get; set; }

    /// <summary>Sees each datagram that is sent; null: nobody looks, and nothing is allocated.</summary>
    public DatagramSink? Sending { get; set; }

    public void Add(TransportTuple from, byte[] datagram) => _toReceive.Enqueue((from, datagram));

    public int Receive(PacketMemory memory, Span<ReceivedPacket> packets)
    {
        var filled = 0;
        while (filled < packets.Length && Released > 0 && _toReceive.TryDequeue(out var next) && memory.TryRent(out var slot))
        {
            next.Bytes.CopyTo(memory.Span(slot));
            packets[filled++] = new ReceivedPacket(slot, next.Bytes.Length, next.From);
            Released--;
        }

        return filled;
    }

    public int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends)
    {
        Sends += sends.Length;
        foreach (ref readonly var send in sends)
        {
            PacketsSent += send.Packets;
            for (var offset = 0; Sending is not null && offset < send.Length; offset += send.PacketSize)
            {
                Sending(memory.Slice(send.Offset + offset, Math.Min(send.PacketSize, send.Length - offset)));
            }
        }

        return 0;
    }

    public void Wait(TimeSpan timeout)
    {
    }

    public void Wake()
    {
    }

    public void Dispose()
    {
    }
}

/// <summary>Takes a datagram that lives until the call returns.</summary>
public delegate void DatagramSink(ReadOnlySpan<byte> datagram);
