using System.Net;
using Nexus.MediaNode;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;

namespace Nexus.Bench.Room;

/// <summary>Hands out what was written for the loop, and tells each receiver of his packets; the system is not measured here.</summary>
internal sealed class RoomPort : IUdpPort
{
    private readonly byte[] _memory = new byte[64 << 20];
    private readonly List<(TransportTuple From, int Offset, int Length)> _waiting = [];
    private int _used;
    private int _taken;

    public IPEndPoint LocalEndPoint { get; } = new(IPAddress.Loopback, 7882);

    /// <summary>Who is told, at what time, of each media packet that is sent to him.</summary>
    public Dictionary<TransportTuple, Action<Instant>> Sending { get; } = [];

    public Instant Now { get; set; }

    public long PacketsSent { get; private set; }

    public void Add(TransportTuple from, ReadOnlySpan<byte> datagram)
    {
        datagram.CopyTo(_memory.AsSpan(_used));
        _waiting.Add((from, _used, datagram.Length));
        _used += datagram.Length;
    }

    public int Receive(PacketMemory memory, Span<ReceivedPacket> packets)
    {
        var filled = 0;
        while (filled < packets.Length && _taken < _waiting.Count && memory.TryRent(out var slot))
        {
            var (from, offset, length) = _waiting[_taken++];
            _memory.AsSpan(offset, length).CopyTo(memory.Span(slot));
            packets[filled++] = new ReceivedPacket(slot, length, from);
        }

        if (_taken == _waiting.Count)
        {
            _waiting.Clear();
            (_used, _taken) = (0, 0);
        }

        return filled;
    }

    public int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends)
    {
        foreach (ref readonly var send in sends)
        {
            PacketsSent += send.Packets;
            var told = Sending.GetValueOrDefault(send.Destination);
            for (var offset = 0; told is not null && offset < send.Length; offset += send.PacketSize)
            {
                if (PacketClassifier.Classify(memory.Slice(send.Offset + offset, Math.Min(send.PacketSize, send.Length - offset))) == PacketKind.Rtp)
                {
                    told(Now);
                }
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
