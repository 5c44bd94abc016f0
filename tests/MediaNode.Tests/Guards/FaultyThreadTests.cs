using System.Net;
using System.Net.Sockets;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Handshakes;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Link;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Guards;

/// <summary>The threads of a real node: no exception ends them, and the end of a node meets none.</summary>
public sealed class FaultyThreadTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static NodeOptions Options => new()
    {
        NodeId = $"ND_{Guid.NewGuid():N}",
        Loops = new LoopOptions { Loops = 2, Port = 0, PacketSlots = 1024 },
    };

    [Fact]
    public async Task A_link_that_throws_leaves_the_control_thread_at_work()
    {
        var log = new RecordingLog();
        await using var node = new NodeAgent(Options, log);
        node.Start();
        node.OnLinked(_ => throw new BugException("link"));
        var digest = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        node.OnLinked(m =>
        {
            if (m is Digest)
            {
                digest.TrySetResult();
            }
        });
        await digest.Task.WaitAsync(Limit);
        await node.DisposeAsync(); // what the thread had to say it has said
        Assert.Contains(log.Lines, l => l is { Event: 2200, Exception: BugException });
    }

    [Fact]
    public async Task A_turn_that_throws_leaves_the_loop_at_work()
    {
        using var waited = new SemaphoreSlim(0);
        var faults = new MediaNode.Diagnostics.Faults { Waiting = () => waited.Release() };
        using var engine = new OpenSslDtlsEngine(DtlsCertificate.Create(DateTimeOffset.UtcNow));
        using var worker = new HandshakeWorker(engine, faults);
        var udp = new UdpPortOptions { Bind = new IPEndPoint(IPAddress.Loopback, 0) }.Open();
        var loop = new ForwardingLoop(0, udp, null, new LoopOptions { PacketSlots = 1024 }, worker.CreatePort(), new NtpClock(0), faults)
        {
            EventsWaiting = () => throw new BugException("events"),
        };
        using var thread = new LoopThread(loop);
        thread.Start();
        for (var i = 1; i <= 2; i++)
        {
            loop.TryPost(new Nothing { Completed = () => { } });
            Assert.True(await waited.WaitAsync(Limit));
            Assert.IsType<BugException>(faults.Take(FaultPlace.Turn)!.Exception);
            Assert.Equal(i, faults[FaultPlace.Turn]);
        }
    }

    [Fact]
    public async Task A_tcp_connection_that_meets_a_fault_ends_alone_and_others_get_in()
    {
        using var arrived = new SemaphoreSlim(0);
        var bug = new Bug { Times = 1 };
        var faults = new MediaNode.Diagnostics.Faults();
        using var memory = new PacketMemory(16);
        using var port = new TcpPort(
            new TcpPortOptions { Bind = new IPEndPoint(IPAddress.Loopback, 0), Faults = faults },
            () =>
            {
                bug.Strike("wake");
                arrived.Release();
            });
        using var first = await SendAsync(port);
        Assert.Equal(0, await ReceiveAsync(first)); // closed
        using var second = await SendAsync(port);
        var received = new ReceivedPacket[4];
        var (count, isClosed) = (0, false);
        while (count < 2 || !isClosed)
        {
            Assert.True(await arrived.WaitAsync(Limit));
            count += port.Receive(memory, received.AsSpan(count));
            isClosed |= port.TryTakeClosed(out _);
        }

        Assert.Equal(1, faults[FaultPlace.Tcp]);
        Assert.Equal(1, port.Connections);
    }

    [Fact]
    public async Task A_node_that_has_ended_takes_no_harm_from_what_its_link_still_says()
    {
        var node = new NodeAgent(Options);
        node.Start();
        node.OnLinked(_ => { });
        await node.DisposeAsync();
        node.OnUnlinked();
        node.OnMessage(new ListenRoom("any/t/room", On: true));
        node.OnLinked(_ => { });
        await node.DisposeAsync();
    }

    [Fact]
    public async Task A_node_that_was_never_started_ends_too()
    {
        await using var node = new NodeAgent(Options);
        await node.CloseSessionsAsync();
    }

    [Fact]
    public async Task Sessions_are_told_first_and_refused_from_then_on_while_the_node_still_serves_its_link()
    {
        var log = new RecordingLog();
        var options = Options;
        await using var node = new NodeAgent(options, log);
        var replies = new TaskCompletionSource<SessionReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Start();
        node.OnLinked(m =>
        {
            if (m is SessionReply reply)
            {
                replies.TrySetResult(reply);
            }
        });
        await node.CloseSessionsAsync();
        node.OnMessage(new ClaimNode(1));
        node.OnMessage(new Nexus.Link.ApplySession(2, "alice", 1, 1, false, Nexus.TestKit.Media.VirtualNode.Desired("alice", SessionLeg.Publish)));
        var refused = (await replies.Task.WaitAsync(Limit)).Result;
        Assert.Equal((ApplyStatus.Refused, ReasonCodes.ServerShutdown), (refused.Status, refused.Error?.Code));
        await node.DisposeAsync();
        Assert.Single(log.Lines, l => l.Event == 2102 && Equals(l.Fields["Node"], options.NodeId));
        Assert.Equal([2100, 2101, 2102, 2104], log.Lines.Where(l => l.Event is >= 2100 and < 2200).Select(l => l.Event).Order());
    }

    private static async Task<Socket> SendAsync(TcpPort port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(port.LocalEndPoint);
        await socket.SendAsync(new byte[] { 0, 1, 42 });
        return socket;
    }

    private static async Task<int> ReceiveAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1]).WaitAsync(Limit);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    private sealed class Nothing : LoopCommand
    {
        internal override void Execute(ForwardingLoop loop, Instant now)
        {
        }
    }
}
