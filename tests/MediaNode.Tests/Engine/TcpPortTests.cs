using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Nexus.MediaNode.Io;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Engine;

public class TcpPortTests
{
    private static readonly TcpPortOptions Options = new() { Bind = new IPEndPoint(IPAddress.Loopback, 0) };

    [Fact]
    public async Task Frames_arrive_whole_however_the_stream_is_cut()
    {
        using var woken = new SemaphoreSlim(0);
        using var port = new TcpPort(Options, () => woken.Release());
        using var memory = new PacketMemory(64);
        using var client = await ConnectAsync(port);
        var stream = Frame([1, 2, 3]).Concat(Frame(new byte[1400])).Concat(Frame([])).Concat(Frame([4])).ToArray();
        foreach (var part in stream.Chunk(7))
        {
            await client.SendAsync(part);
        }

        var lengths = new List<int>();
        await foreach (var packet in ReceiveAsync(port, memory, woken, 3))
        {
            lengths.Add(packet.Length);
            Assert.True(packet.Source.IsTcp);
        }

        Assert.Equal([3, 1400, 1], lengths);
    }

    [Fact]
    public async Task Packets_to_a_connection_leave_as_frames()
    {
        using var woken = new SemaphoreSlim(0);
        using var port = new TcpPort(Options, () => woken.Release());
        using var memory = new PacketMemory(64);
        using var client = await ConnectAsync(port);
        await client.SendAsync(Frame([9]));
        ReceivedPacket first = default;
        await foreach (var packet in ReceiveAsync(port, memory, woken, 1))
        {
            first = packet;
        }

        var data = Enumerable.Range(0, 25).Select(i => (byte)i).ToArray();
        Assert.Equal(0, port.Send(data, [new SegmentedSend(first.Source, 0, 25, 10, 3)]));
        var received = new byte[31];
        var got = 0;
        while (got < received.Length)
        {
            got += await client.ReceiveAsync(received.AsMemory(got));
        }

        Assert.Equal(Frame(data[..10]).Concat(Frame(data[10..20])).Concat(Frame(data[20..])), received);
    }

    [Fact]
    public async Task A_frame_longer_than_any_of_ours_closes_the_connection()
    {
        using var port = new TcpPort(Options, () => { });
        using var client = await ConnectAsync(port);
        await client.SendAsync(new byte[] { 0xFF, 0xFF, 0 });
        Assert.True(await IsClosedAsync(client));
    }

    [Fact]
    public async Task A_connection_without_an_authenticated_check_is_closed_in_time_and_one_with_it_stays()
    {
        using var woken = new SemaphoreSlim(0);
        var time = new ManualTime();
        using var port = new TcpPort(Options with { Time = time }, () => woken.Release());
        using var memory = new PacketMemory(64);
        using var kept = await ConnectAsync(port);
        await kept.SendAsync(Frame([1]));
        await foreach (var packet in ReceiveAsync(port, memory, woken, 1))
        {
            port.Keep(packet.Source.Connection);
        }

        // Its frame shows that the stranger was accepted, and so its time runs.
        using var stranger = await ConnectAsync(port);
        await stranger.SendAsync(Frame([7]));
        await foreach (var packet in ReceiveAsync(port, memory, woken, 1))
        {
            Assert.Equal(7, memory.Span(packet.Slot)[0]);
        }

        time.Advance(Options.UnkeptTimeout);
        Assert.True(await IsClosedAsync(stranger));
        await kept.SendAsync(Frame([2]));
        await foreach (var packet in ReceiveAsync(port, memory, woken, 1))
        {
            Assert.Equal(2, memory.Span(packet.Slot)[0]);
        }
    }

    [Fact]
    public async Task An_unfinished_frame_closes_the_connection_in_time()
    {
        var time = new ManualTime();
        using var port = new TcpPort(Options with { Time = time, UnkeptTimeout = TimeSpan.FromHours(1) }, () => { });
        using var client = await ConnectAsync(port);
        await client.SendAsync(new byte[] { 0, 10, 1 });
        await time.WaitForTimersAsync(2);
        time.Advance(Options.FrameTimeout);
        Assert.True(await IsClosedAsync(client));
    }

    /// <summary>A peer that never reads is as good as one whose machine is gone: the system waits in vain for its window to open.</summary>
    [Fact]
    public async Task A_kept_connection_whose_peer_acknowledges_nothing_more_is_closed_by_the_system()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "TCP_USER_TIMEOUT is Linux's");
        using var woken = new SemaphoreSlim(0);
        var options = Options with { Time = new ManualTime(), AcknowledgeTimeout = TimeSpan.FromMilliseconds(300), WriteQueue = 8 * 1024 * 1024 };
        using var port = new TcpPort(options, () => woken.Release());
        using var memory = new PacketMemory(64);
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 2048 };
        await client.ConnectAsync(port.LocalEndPoint);
        await client.SendAsync(Frame([1]));
        var source = default(Protocol.TransportTuple);
        await foreach (var packet in ReceiveAsync(port, memory, woken, 1))
        {
            source = packet.Source;
            port.Keep(source.Connection);
        }

        var packets = new byte[1000 * 1000];
        for (var i = 0; i < 7; i++)
        {
            Assert.Equal(0, port.Send(packets, [new SegmentedSend(source, 0, packets.Length, 1000, 1000)]));
        }

        var closed = default(Protocol.TransportTuple);
        while (!port.TryTakeClosed(out closed))
        {
            Assert.True(await woken.WaitAsync(TimeSpan.FromSeconds(30)), "it was not closed");
        }

        Assert.Equal(source, closed);
    }

    [Fact]
    public async Task Connections_beyond_the_limit_are_closed_on_sight()
    {
        using var port = new TcpPort(Options with { MaxConnectionsPerAddress = 1 }, () => { });
        using var first = await ConnectAsync(port);
        using var second = await ConnectAsync(port);
        Assert.True(await IsClosedAsync(second));
        Assert.Equal(1, port.Refused);
    }

    [Fact]
    public void A_packet_to_an_unknown_connection_is_lost()
    {
        using var port = new TcpPort(Options, () => { });
        var nobody = Protocol.TransportTuple.FromIPv4(0x7F000001, 5, 77);
        Assert.Equal(2, port.Send(new byte[20], [new SegmentedSend(nobody, 0, 20, 10, 2)]));
    }

    private static byte[] Frame(byte[] payload)
    {
        var frame = new byte[payload.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)payload.Length);
        payload.CopyTo(frame, 2);
        return frame;
    }

    private static async Task<Socket> ConnectAsync(TcpPort port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(port.LocalEndPoint);
        return socket;
    }

    private static async Task<bool> IsClosedAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            return await socket.ReceiveAsync(new byte[1], limit.Token) == 0;
        }
        catch (SocketException)
        {
            return true; // reset
        }
    }

    private static async IAsyncEnumerable<ReceivedPacket> ReceiveAsync(TcpPort port, PacketMemory memory, SemaphoreSlim woken, int count)
    {
        var packets = new ReceivedPacket[8];
        while (count > 0)
        {
            Assert.True(await woken.WaitAsync(TimeSpan.FromSeconds(10)));
            var got = port.Receive(memory, packets);
            for (var i = 0; i < got; i++)
            {
                yield return packets[i];
            }

            count -= got;
        }
    }
}
