using System.Runtime.CompilerServices;
using Nexus.MediaNode.Collections;
using Nexus.MediaNode.Data;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Handshakes;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Relay;
using Nexus.MediaNode.Session;
using Nexus.MediaNode.Tracks.Rings;

namespace Nexus.MediaNode.Engine;

/// <summary>
/// The heart of a media node: one thread's world of one UDP port, its sessions, their timers and packet memory. A turn is a list
/// of steps over whatever has queued up meanwhile; batches come from backlog, never from waiting. Nothing in here waits, locks
/// or allocates per packet. <see cref="LoopThread"/> drives it in production, tests drive it on virtual time.
/// </summary>
/// <remarks>
/// Everything but <see cref="TryPost"/>, <see cref="TryReadEvent"/>, <see cref="Wake"/> and the counters belongs to the thread that runs
/// the turns. A track that is wanted on another loop of the node has one more sink here, from which a ring leads there
/// (<see cref="LoopRings"/>).
/// </remarks>
public sealed partial class ForwardingLoop : IDisposable
{
    private readonly IUdpPort _udp;
    private readonly ITcpPort? _tcp;
    private readonly LoopContext _context;
    private readonly ReceivedPacket[] _received;
    private readonly BoundedRing<LoopCommand> _commands;
    private readonly BoundedRing<LoopEvent> _events;
    private readonly PacketRouter _router;
    private readonly DeadlineHeap _deadlines = new();

    /// <param name="faults">The node's: shared by all its threads.</param>
    public ForwardingLoop(int index, IUdpPort udp, ITcpPort? tcp, LoopOptions options, HandshakePort handshakes, NtpClock ntp, Faults faults)
    {
        Index = index;
        RingMessages = options.RingMessages;
        _udp = udp;
        _tcp = tcp;
        _context = new LoopContext(
            new PacketMemory(options.PacketSlots), new EgressBuffer(udp, tcp) { Faults = faults }, handshakes, ntp, faults, tcp) { Limits = options.Limits };
        handshakes.Wake = udp.Wake;
        _received = new ReceivedPacket[options.ReceiveBatch];
        _commands = new BoundedRing<LoopCommand>(options.CommandQueue);
        _events = new BoundedRing<LoopEvent>(4 * options.CommandQueue);
        DataPeer = new LoopDataPeer(this);
        DataSink = Data = new DataRouter(DataPeer, Drops, Counters);
        Relays = new RelayLinks(_context, id => new RelayDataPeer(this, id));
        _router = new PacketRouter(_context, new SourceRateLimiter(options.UnauthenticatedPerSecond));
    }

    public int Index { get; }

    public LoopCounters Counters => _context.Counters;

    public DropCounters Drops => _context.Drops;

    public EgressBuffer Egress => _context.Egress;

    /// <summary>Where clients reach it.</summary>
    public System.Net.IPEndPoint LocalEndPoint => _udp.LocalEndPoint;

    /// <summary>The control side waits on this for events: set by the loop at the end of a turn that made any. Set before the first turn.</summary>
    public Action? EventsWaiting { get; set; }

    /// <summary>Where data channels lead: from participant to participant, unless set otherwise before the first turn.</summary>
    public IDataSink? DataSink
    {
        get => _context.DataSink;
        set => _context.DataSink = value;
    }

    /// <summary>When <see cref="RunTurn"/> has something to do even if nothing arrives.</summary>
    public Instant NextTimeout => Instant.Min(_deadlines.Earliest, Instant.Min(Rings.NextTimeout, Relays.NextTimeout));

    /// <summary>Commands that wait for it. Any thread.</summary>
    public int CommandQueueDepth => _commands.Count;

    /// <summary>Events that wait for the control side. Any thread.</summary>
    public int EventQueueDepth => _events.Count;

    /// <summary>Sessions that live on it. Any thread.</summary>
    public int SessionCount => Sessions.Count;

    /// <summary>The share of its core that it was busy, as <see cref="LoopThread"/> measured it last, 0 to 1; 0 where nothing measures. Any thread.</summary>
    public double Load
    {
        get => Volatile.Read(ref _load);
        internal set => Volatile.Write(ref _load, value);
    }

    private double _load;

    /// <summary>Packet buffers, and those that are free. Any thread.</summary>
    public int PacketSlots => Memory.Capacity;

    public int PacketSlotsFree => Memory.Free;

    internal LoopContext Context => _context;

    internal DataRouter Data { get; }

    internal IDataPeer DataPeer { get; }

    /// <summary>Its links to other nodes.</summary>
    internal RelayLinks Relays { get; }

    internal PacketMemory Memory => _context.Memory;

    internal SessionTable Sessions => _context.Sessions;

    internal LoopRings Rings => _context.Rings;

    /// <summary>Messages that may wait on the way from another loop.</summary>
    internal int RingMessages { get; }

    private TurnMarks Marks => _context.Marks;

    /// <summary>Any thread: queues a command and wakes the loop. False when the queue is full.</summary>
    public bool TryPost(LoopCommand command)
    {
        if (!_commands.TryWrite(command))
        {
            return false;
        }

        _udp.Wake();
        return true;
    }

    /// <summary>The control side's thread only.</summary>
    public bool TryReadEvent(out LoopEvent @event) => _events.TryRead(out @event);

    /// <summary>Any thread: ends the loop's sleep.</summary>
    public void Wake() => _udp.Wake();

    /// <summary>Sleeps until something arrives, somebody wakes it, or the time is over. The turns' thread only.</summary>
    public void Wait(TimeSpan timeout) => _udp.Wait(timeout);

    /// <summary>
    /// Does everything that can be done now. True when more may wait: run again before sleeping.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool RunTurn(Instant now)
    {
        Counters.Turns++;
        Relays.Begin(now);
        var more = ReceivePackets(now);
        more |= Rings.Receive(now);
        _context.Handshakes.Deliver(now);
        ForgetClosedConnections(now);
        Counters.PacketsForwarded += _context.FanOut.Run(now);
        RunTimers(now);
        RunCommands(now);
        Relays.Flush(now);
        SettleSessions(now);
        GiveUpSessions(now);
        Rings.Flush(now);
        Egress.Flush();
        ReportChanges();
        return more || _commands.Count != 0;
    }

    public void Dispose()
    {
        foreach (var session in Sessions.All.ToArray())
        {
            session.Close();
        }

        Egress.Flush(); // what they say at the end
        Egress.Dispose();
        _tcp?.Dispose();
        _udp.Dispose();
        Memory.Dispose();
    }

    /// <summary>Makes a session by its plan. When that meets a fault the session is there all the same, to be removed.</summary>
    /// <param name="handedOver">What another loop's session of the client sent until now; null for a new one.</param>
    internal void Open(Instant now, SessionPlan plan, SendingState? handedOver = null)
    {
        var session = new MediaSession(_context, plan, now);
        Sessions.Add(session);
        if (handedOver is not null)
        {
            session.TakeOver(now, handedOver);
        }

        session.Apply(now, plan);
    }

    internal void Remove(MediaSession session)
    {
        session.Close();
        Sessions.Remove(session);
        _deadlines.Remove(session.Slot);
        Marks.Touched.Remove(session);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool ReceivePackets(Instant now)
    {
        var count = TakePackets();
        Counters.PacketsReceived += count;
        for (var i = 0; i < count; i++)
        {
            ref readonly var packet = ref _received[i];
            Counters.BytesReceived += packet.Length;
            var reason = RouteGuarded(now, packet);
            if (reason != DropReason.None)
            {
                Drops.Count(reason);
            }

            Memory.Release(packet.Slot);
        }

        if (Memory.Free < _received.Length)
        {
            MakeRoom(now);
        }

        return count == _received.Length;
    }

    /// <summary>Packet memory runs out: what is held for repeats gives way, oldest first.</summary>
    private void MakeRoom(Instant now)
    {
        for (var ahead = 500; ahead <= 1000 && Memory.Free < Memory.Capacity / 8; ahead += 250)
        {
            ForEachSession(now, FaultPlace.Settle, now.AddMilliseconds(ahead), static (session, at) => session.ExpireHistory(at));
            Rings.Expire(now.AddMilliseconds(ahead));
        }
    }

    private void ForgetClosedConnections(Instant now)
    {
        while (_tcp is not null && _tcp.TryTakeClosed(out var tuple))
        {
            if (Sessions.Find(tuple) is { } session)
            {
                Forget(now, session, tuple);
            }
        }
    }

    private void RunTimers(Instant now)
    {
        while (_deadlines.TryPopDue(now, out var slot))
        {
            Counters.TimersFired++;
            if (Sessions.Find(slot) is { } session)
            {
                HandleTimeout(now, session);
                Marks.Touch(session);
            }
        }
    }

    private void RunCommands(Instant now)
    {
        // A flood of commands must not starve packets: the rest comes next turn.
        for (var i = 0; i < 64 && _events.Count < _events.Capacity / 2 && _commands.TryRead(out var command); i++)
        {
            Counters.CommandsExecuted++;
            Execute(now, command);
            if (command.Completed is not null || command.Fault is not null)
            {
                _events.TryWrite(new CommandCompleted(command));
                EventsWaiting?.Invoke();
            }
        }
    }

    private void SettleSessions(Instant now)
    {
        for (var next = 0; next < Marks.Touched.Count;)
        {
            SettleFrom(now, ref next);
        }

        Marks.Touched.Clear();
    }

    private void ReportChanges()
    {
        while (Relays.TryPeekNews(out var news) && _events.TryWrite(new RelayReported(news)))
        {
            Relays.TakeNews();
            EventsWaiting?.Invoke();
        }

        var changed = Marks.Changed;
        if (changed.Count == 0)
        {
            return;
        }

        // When the control side is behind, the rest waits: only the latest state of a session matters.
        var told = 0;
        while (told < changed.Count && _events.TryWrite(new SessionStateChanged(changed[told].Id, changed[told].State, changed[told].EndReason)))
        {
            changed[told++].IsChanged = false;
        }

        changed.RemoveRange(0, told);
        EventsWaiting?.Invoke();
    }
}
