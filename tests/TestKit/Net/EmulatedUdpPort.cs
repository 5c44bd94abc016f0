using System.Net;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;

namespace Nexus.TestKit.Net;

/// <summary>A port of the emulated network, for a loop (as <see cref="IUdpPort"/>) or for a test peer (<see cref="TryTake"/>).</summary>
public sealed class EmulatedUdpPort(NetworkEmulator network, IPEndPoint endPoint) : IUdpPort
{
    private readonly Queue<(TransportTuple From, byte[] Bytes)> _arrived = new();

    public IPEndPoint LocalEndPoint { get; } = endPoint;

    public TransportTuple Address { get; } = TransportTuple.From(endPoint);

    public bool IsClosed { get; private set; }

    /// <summary>Segmented sends so far, for tests of how egress is shaped.</summary>
    public List<SegmentedSend> Sends { get; } = [];

    public int Receive(PacketMemory memory, Span<ReceivedPacket> packets)
    {
        var filled = 0;
        while (filled < packets.Length && _arrived.Count != 0 && memory.TryRent(out var slot))
        {
            var (from, bytes) = _arrived.Dequeue();
            bytes.CopyTo(memory.Span(slot));
            packets[filled++] = new ReceivedPacket(slot, bytes.Length, from);
        }

        return filled;
    }

    public int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends)
    {
        foreach (ref readonly var send in sends)
        {
            Sends.Add(send);
            for (var offset = 0; offset < send.Length; offset += send.PacketSize)
            {
                Send(send.Destination, memory.Slice(send.Offset + offset, Math.Min(send.PacketSize, send.Length - offset)));
            }
        }

        return 0;
    }

    /// <summary>A test peer's send.</summary>
    public void Send(TransportTuple to, ReadOnlySpan<byte> datagram) => network.Send(Address, to, datagram);

    /// <summary>A test peer's receive.</summary>
    public bool TryTake(out TransportTuple from, out byte[] datagram)
    {
        var any = _arrived.TryDequeue(out var first);
        (from, datagram) = first;
        return any;
    }

    /// <summary>Time is virtual: nobody waits here.</summary>
    public void Wait(TimeSpan timeout)
    {
    }

    public void Wake()
    {
    }

    public void Dispose() => IsClosed = true;

    internal void Arrive(TransportTuple from, byte[] bytes) => _arrived.Enqueue((from, bytes));
}
