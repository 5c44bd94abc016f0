using System.Net;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Tests.Engine;

public sealed class EgressBufferTests : IDisposable
{
    private static readonly TransportTuple Alice = TransportTuple.FromIPv4(0x7F000001, 1);
    private static readonly TransportTuple Bob = TransportTuple.FromIPv4(0x7F000001, 2);

    private readonly RecordingPort _port = new();
    private readonly EgressBuffer _egress;

    public EgressBufferTests() => _egress = new EgressBuffer(_port);

    public void Dispose() => _egress.Dispose();

    public static TheoryData<int[], int[]> Shapes => new()
    {
        // packet sizes of one receiver → packets per segmented send
        { [100], [1] },
        { [100, 100, 100], [3] },
        { [100, 100, 40], [3] },
        { [100, 40, 100], [2, 1] },
        { [40, 100], [1, 1] },
        { [101, 101, 100, 100, 100], [3, 2] },
        { Enumerable.Repeat(1200, 60).ToArray(), [54, 6] }, // 65,000 octets at most
        { Enumerable.Repeat(200, 130).ToArray(), [64, 64, 2] },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Packets_of_one_receiver_share_a_send_while_equal_and_a_shorter_one_ends_it(int[] sizes, int[] packetsPerSend)
    {
        _egress.Direct(Alice);
        foreach (var size in sizes)
        {
            Write(size, 7);
        }

        _egress.Flush();
        Assert.Equal(packetsPerSend, _port.Sends.Select(s => s.Packets));
        Assert.Equal(sizes, _port.Packets.Select(p => p.Bytes.Length));
        Assert.All(_port.Sends, s => Assert.InRange(s.Length, 1, SegmentedSend.MaxLength));
    }

    [Fact]
    public void Another_receiver_gets_a_send_of_its_own()
    {
        _egress.Direct(Alice);
        Write(100, 1);
        _egress.Direct(Bob);
        Write(100, 2);
        Write(100, 3);
        _egress.Direct(Bob);
        Write(100, 4);
        _egress.Flush();
        Assert.Equal([(Alice, 1), (Bob, 3)], _port.Sends.Select(s => (s.Destination, s.Packets)));
        Assert.Equal([1, 2, 3, 4], _port.Packets.Select(p => (int)p.Bytes[0]));
    }

    [Fact]
    public void A_packet_that_is_not_committed_never_was()
    {
        _egress.Direct(Alice);
        _egress.Reserve(500).Fill(9);
        Write(100, 1);
        _egress.Flush();
        Assert.Equal([1], _port.Packets.Select(p => (int)p.Bytes[0]));
    }

    [Fact]
    public void Full_memory_is_sent_early_and_nothing_is_lost()
    {
        using var small = new EgressBuffer(_port, size: 2 * SegmentedSend.MaxLength);
        small.Direct(Alice);
        for (var i = 0; i < 1000; i++)
        {
            small.Reserve(1500).Fill((byte)i);
            small.Commit(1200);
        }

        small.Flush();
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => (byte)i), _port.Packets.Select(p => p.Bytes[0]));
    }

    private void Write(int size, byte value)
    {
        _egress.Reserve(1500)[..size].Fill(value);
        _egress.Commit(size);
    }

    private sealed class RecordingPort : IUdpPort
    {
        public List<SegmentedSend> Sends { get; } = [];

        public List<(TransportTuple To, byte[] Bytes)> Packets { get; } = [];

        public IPEndPoint LocalEndPoint => new(IPAddress.Loopback, 0);

        public int Receive(PacketMemory memory, Span<ReceivedPacket> packets) => 0;

        public int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends)
        {
            foreach (var send in sends)
            {
                Sends.Add(send);
                for (var offset = 0; offset < send.Length; offset += send.PacketSize)
                {
                    var size = Math.Min(send.PacketSize, send.Length - offset);
                    Packets.Add((send.Destination, memory.Slice(send.Offset + offset, size).ToArray()));
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
}
