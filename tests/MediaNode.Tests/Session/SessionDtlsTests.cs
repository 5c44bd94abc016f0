using System.Diagnostics;
using System.Net;
using System.Text;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Handshakes;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Session;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>How an association passes from the handshake worker to its loop, and what the loop does with it then. All driven by hand.</summary>
public sealed class SessionDtlsTests : IDisposable
{
    private static readonly Instant Start = new(1_000_000_000);
    private static readonly TransportTuple Client = TransportTuple.FromIPv4(0x7F000001, 4000);

    private readonly OpenSslDtlsEngine _nodeEngine = new(DtlsCertificate.Create(DateTimeOffset.UtcNow));
    private readonly OpenSslDtlsEngine _clientEngine = new(DtlsCertificate.Create(DateTimeOffset.UtcNow), firstRetransmit: TimeSpan.FromMilliseconds(20));
    private readonly WirePort _wire = new();
    private readonly HandshakeWorker _worker;
    private readonly ForwardingLoop _loop;
    private readonly byte[] _buffer = new byte[2048];
    private readonly List<string> _heard = [];
    private IDtlsTransport _client = null!;
    private DataChannels _channels = null!;
    private MediaSession _session = null!;
    private readonly long _real = Stopwatch.GetTimestamp();
    private Instant _now = Start;
    private long _allocated;

    public SessionDtlsTests()
    {
        var faults = new Faults();
        _worker = new HandshakeWorker(_nodeEngine, faults);
        _loop = new ForwardingLoop(0, _wire, null, new LoopOptions(), _worker.CreatePort(), new NtpClock(0), faults) { DataSink = new Echo() };
    }

    public void Dispose()
    {
        _loop.Dispose();
        _worker.Dispose();
        _client.Dispose();
        _nodeEngine.Dispose();
        _clientEngine.Dispose();
    }

    [Fact]
    public void Once_connected_data_crosses_without_the_worker()
    {
        Connect();
        var channel = _channels.Open(_now, "chat")!;
        _channels.TrySend(_now, channel.Id, "hello"u8, isText: true);
        Exchange();
        Assert.Equal(["hello"], _heard);
    }

    [Fact]
    public void Data_crosses_the_loop_without_garbage_once_the_pools_are_warm()
    {
        Connect();
        var channel = _channels.Open(_now, "chat")!;
        var message = new byte[3000];
        Send(1000);
        _allocated = 0;
        Send(1000);
        Assert.InRange(_allocated, 0, 100_000); // over 12,000 records: no object in any, whatever a collection beside it takes from the pools

        void Send(int count)
        {
            for (var i = 0; i < count; i++)
            {
                _now = _now.AddMilliseconds(1);
                _channels.TrySend(_now, channel.Id, message, isText: false);
                Exchange();
            }
        }
    }

    [Fact]
    public void A_full_window_leaves_over_several_turns()
    {
        Connect();
        var channel = _channels.Open(_now, "chat")!;
        for (var i = 0; i < 40; i++)
        {
            _channels.TrySend(_now, channel.Id, new byte[60_000], isText: false); // the window opens, and the echo's with it
            Exchange();
        }

        _session.TrySendData(_now, channel.Id, new byte[60_000], isText: false);
        _loop.RunTurn(_now);
        Assert.Equal(32, _wire.Sent);
        Assert.True(_loop.NextTimeout <= _now);
        _loop.RunTurn(_now);
        Assert.InRange(_wire.Sent, 50, 64);
    }

    [Fact]
    public void What_reached_the_worker_too_late_is_handled_by_the_loop()
    {
        Begin(nodeIsClient: true);
        while (_client.State != DtlsState.Connected)
        {
            Tick();
            FromClient();
            _loop.RunTurn(_now);
            _worker.RunOnce(_now);
            _loop.RunTurn(_now);
            ToClient();
        }

        // The last flight and the first data behind it are with the worker before the loop hears that the association is up.
        FromClient();
        _channels.Association.Connect(_now);
        FromClient();
        _loop.RunTurn(_now);
        Assert.False(_session.Transport.Dtls.IsConnected);
        _worker.RunOnce(_now);
        _loop.RunTurn(_now);
        Assert.True(_session.Transport.Dtls.IsConnected);

        var channel = _channels.Open(_now, "chat")!;
        Exchange();
        Assert.Equal(DataChannelState.Open, channel.State); // without a repeat: time stood still
    }

    [Fact]
    public void A_session_that_is_removed_says_close_notify()
    {
        Connect();
        new RemoveSession("s").Execute(_loop, _now);
        _loop.RunTurn(_now);
        ToClient();
        Assert.Equal(DtlsState.Closed, _client.State);
    }

    [Fact]
    public void A_session_that_is_removed_while_its_association_is_handed_over_says_close_notify_too()
    {
        Begin();
        while (_worker.Completed == 0)
        {
            Tick();
            ToClient();
            FromClient();
            _loop.RunTurn(_now);
            _worker.RunOnce(_now);
        }

        new RemoveSession("s").Execute(_loop, _now);
        _loop.RunTurn(_now);
        ToClient();
        Assert.Equal(DtlsState.Closed, _client.State);
    }

    [Fact]
    public void A_client_that_missed_the_last_flight_gets_it_again_from_the_loop()
    {
        Begin();
        while (!_session.Transport.Dtls.IsConnected)
        {
            Tick();
            ToClient();
            FromClient();
            _loop.RunTurn(_now);
            _worker.RunOnce(_now);
            _loop.RunTurn(_now);
        }

        _wire.Lose();
        Assert.Equal(DtlsState.Handshaking, _client.State);
        Assert.True(SpinWait.SpinUntil(ConnectsByRepeat, TimeSpan.FromSeconds(10)));

        bool ConnectsByRepeat()
        {
            Tick();
            FromClient();
            _loop.RunTurn(_now);
            ToClient();
            return _client.State == DtlsState.Connected;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Once_the_client_has_shown_that_its_handshake_has_ended_data_goes_on_without_the_library(bool nodeSaysSo)
    {
        Connect();
        var channel = _channels.Open(_now, "chat")!;
        for (var i = 0; i < 3; i++)
        {
            _channels.TrySend(_now, channel.Id, "hello"u8, isText: true);
            Exchange();
            _now = _now.AddMilliseconds(1100);
            _loop.RunTurn(_now); // a report is due, and with it what else is done once a second
            ToClient();
        }

        Assert.Equal(["hello", "hello", "hello"], _heard);
        if (nodeSaysSo)
        {
            new RemoveSession("s").Execute(_loop, _now);
            _loop.RunTurn(_now);
            ToClient();
            Assert.Equal(DtlsState.Closed, _client.State);
        }
        else
        {
            _client.Close();
            FromClient();
            _loop.RunTurn(_now);
            Assert.Equal((SessionState.Closed, ReasonCodes.ClientLeft), (_session.State, _session.EndReason));
        }
    }

    private void Begin(bool nodeIsClient = false)
    {
        _client = _clientEngine.Create(nodeIsClient ? DtlsRole.Server : DtlsRole.Client, _nodeEngine.Certificate.Fingerprint);
        _channels = new DataChannels(nodeIsClient ? DtlsRole.Server : DtlsRole.Client);
        var plan = new SessionPlan
        {
            Id = "s",
            Identity = "alice",
            Cname = "alice",
            Transport = new TransportPlan(IceCredentials.Create(), [_clientEngine.Certificate.Fingerprint], nodeIsClient),
            Extensions = new HeaderExtensionMap(),
            ReducedSizeRtcp = true,
            Data = new DataPlan(5000, 65536) { Room = "room" },
        };
        new ApplyPlan(plan).Execute(_loop, _now);
        _session = _loop.Sessions.Find("s")!;
        _wire.Put(Client, ForwardingRig.Check(plan.Transport.Ice));
        _loop.RunTurn(_now);
        _wire.Lose(); // the check's answer
        _client.Start(_now);
    }

    private void Connect()
    {
        Begin();
        while (_client.State != DtlsState.Connected)
        {
            Tick();
            FromClient();
            _loop.RunTurn(_now);
            _worker.RunOnce(_now);
            _loop.RunTurn(_now);
            ToClient();
        }

        Assert.Equal(SessionState.Connected, _session.State);
        _channels.Association.Connect(_now);
        Exchange();
    }

    /// <summary>libssl's timer runs on real time; on a busy machine it repeats flights, and they must come to something.</summary>
    private void Tick()
    {
        _now = Start + Stopwatch.GetElapsedTime(_real);
        _client.HandleTimeout(_now);
    }

    /// <summary>Moves packets both ways until nothing moves; the worker never runs.</summary>
    private void Exchange()
    {
        do
        {
            FromClient();
            var before = GC.GetAllocatedBytesForCurrentThread();
            _loop.RunTurn(_now);
            _allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }
        while (ToClient());
    }

    private void FromClient()
    {
        while (_client.State == DtlsState.Connected && _channels.Association.TryGetOutput(_now, _buffer, out var length))
        {
            _client.TrySend(_buffer.AsSpan(0, length));
        }

        while (_client.TryGetOutput(_buffer, out var length))
        {
            _wire.Put(Client, _buffer.AsSpan(0, length));
        }
    }

    private bool ToClient()
    {
        var moved = false;
        while (_wire.TryTake(_buffer, out var length))
        {
            moved = true;
            _client.Handle(_now, _buffer.AsSpan(0, length));
            while (_client.TryReceive(_buffer, out length))
            {
                _channels.Association.Handle(_now, _buffer.AsSpan(0, length));
            }
        }

        if (_channels.Association.NextTimeout <= _now)
        {
            _channels.Association.HandleTimeout(_now);
        }

        while (_channels.TryPoll(_now, out var happened))
        {
            if (happened is { Kind: DataChannelEventKind.Message, IsText: true })
            {
                _heard.Add(Encoding.UTF8.GetString(happened.Data.Span));
            }
        }

        return moved;
    }

    private sealed class Echo : IDataSink
    {
        public void SessionApplied(Instant now, MediaSession session)
        {
        }

        public void SessionEnded(MediaSession session)
        {
        }

        public void ChannelOpened(Instant now, MediaSession session, DataChannel channel)
        {
        }

        public void MessageReceived(Instant now, MediaSession session, DataChannel channel, ReadOnlySpan<byte> message, bool isText)
        {
            if (session.TrySendData(now, channel.Id, message, isText) != SctpSendStatus.Queued)
            {
                Assert.Fail("the echo was not taken"); // an assertion that holds allocates too
            }
        }

        public void RoomToSend(Instant now, MediaSession session, DataChannel channel)
        {
        }

        public void ChannelClosed(Instant now, MediaSession session, DataChannel channel)
        {
        }
    }

    /// <summary>A port whose datagrams wait in memory that was there before: what a turn allocates is the loop's.</summary>
    private sealed class WirePort : IUdpPort
    {
        private const int Capacity = 512;

        private readonly Wire _in = new();
        private readonly Wire _out = new();

        public IPEndPoint LocalEndPoint { get; } = new(IPAddress.Loopback, 7882);

        /// <summary>Datagrams of the loop that nobody took.</summary>
        public int Sent => _out.Count;

        public void Put(TransportTuple from, ReadOnlySpan<byte> datagram)
        {
            Assert.Equal(Client, from);
            _in.Write(datagram);
        }

        public bool TryTake(Span<byte> destination, out int length) => _out.TryRead(destination, out length);

        public void Lose()
        {
            Span<byte> scrap = stackalloc byte[2048];
            while (TryTake(scrap, out _))
            {
            }
        }

        public int Receive(PacketMemory memory, Span<ReceivedPacket> packets)
        {
            var filled = 0;
            while (filled < packets.Length && _in.Count != 0 && memory.TryRent(out var slot))
            {
                _in.TryRead(memory.Span(slot), out var length);
                packets[filled++] = new ReceivedPacket(slot, length, Client);
            }

            return filled;
        }

        public int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends)
        {
            foreach (ref readonly var send in sends)
            {
                var octets = memory.Slice(send.Offset, send.Length);
                for (; !octets.IsEmpty; octets = octets[Math.Min(send.PacketSize, octets.Length)..])
                {
                    _out.Write(octets[..Math.Min(send.PacketSize, octets.Length)]);
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

        private sealed class Wire
        {
            private readonly byte[][] _slots = [.. Enumerable.Range(0, Capacity).Select(_ => new byte[2048])];
            private readonly int[] _lengths = new int[Capacity];
            private int _first;

            public int Count { get; private set; }

            public void Write(ReadOnlySpan<byte> datagram)
            {
                ArgumentOutOfRangeException.ThrowIfEqual(Count, Capacity);
                var slot = (_first + Count++) % Capacity;
                datagram.CopyTo(_slots[slot]);
                _lengths[slot] = datagram.Length;
            }

            public bool TryRead(Span<byte> destination, out int length)
            {
                if (Count == 0)
                {
                    length = 0;
                    return false;
                }

                length = _lengths[_first];
                _slots[_first].AsSpan(0, length).CopyTo(destination);
                _first = (_first + 1) % Capacity;
                Count--;
                return true;
            }
        }
    }
}
