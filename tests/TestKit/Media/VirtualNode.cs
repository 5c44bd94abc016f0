using System.Net;
using Nexus.Link;
using Nexus.MediaNode;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Handshakes;
using Nexus.MediaNode.Link;
using Nexus.MediaNode.Link.Metering;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Session;
using Nexus.TestKit.Diagnostics;
using Nexus.TestKit.Net;

namespace Nexus.TestKit.Media;

/// <summary>
/// A whole media node on virtual time: loops on emulated ports, one unless said otherwise, the handshake worker, the control core,
/// driven by hand. Peers that are made here share its network.
/// </summary>
public sealed class VirtualNode : IDisposable
{
    private readonly OpenSslDtlsEngine _engine;
    private readonly NodeMeter _meter;
    private readonly HandshakeWorker _handshakes;
    private readonly List<TestPeer> _peers = [];
    private readonly World _world;
    private long _nextId;
    private long _epoch;

    /// <param name="wrap">Puts something around the engine of the node's handshakes.</param>
    /// <param name="change">Of several loops: with <see cref="LoopOptions.MostSessions"/> 0 a room's viewers are spread from the first on.</param>
    /// <param name="beside">A node whose network and time are this one's too: whichever of them runs, all do.</param>
    /// <param name="firstRetransmit">Of DTLS; OpenSSL's timer runs on real time, so that where handshakes lose packets it is to be short.</param>
    public VirtualNode(
        int seed = 1,
        Func<IDtlsEngine, IDtlsEngine>? wrap = null,
        ReceiverLimits limits = default,
        Func<LoopOptions, LoopOptions>? change = null,
        VirtualNode? beside = null,
        TimeSpan? firstRetransmit = null)
    {
        _world = beside?._world ?? new World(seed);
        _world.Nodes.Add(this);
        _engine = new(DtlsCertificate.Create(DateTimeOffset.UtcNow), firstRetransmit: firstRetransmit);
        var address = $"10.0.0.{_world.Nodes.Count}";
        _handshakes = new HandshakeWorker(wrap?.Invoke(_engine) ?? _engine, Faults);
        var options = new LoopOptions { Loops = 1, Tcp = false, PacketSlots = 8192, Limits = limits };
        options = change?.Invoke(options) ?? options;
        Ports = [.. Enumerable.Range(0, options.Loops).Select(i => Network.Open($"{address}:{7882 + i}"))];
        Loops = [.. Ports.Select((port, i) => new ForwardingLoop(i, port, null, options, _handshakes.CreatePort(), new NtpClock(1_700_000_000_000_000_000), Faults))];
        _meter = new NodeMeter(Id);
        Core = new NodeCore(
            new NodeOptions { NodeId = Id, PublicAddresses = [IPAddress.Parse(address)], Loops = options },
            Loops,
            _engine.Certificate.Fingerprint,
            () => 0,
            new NodeDiagnostics(Faults, Log, _meter),
            Send)
        {
            RelayTold = actual => Relays[actual.Id] = actual,
        };
        _meter.Observe(new NodeSources(Loops, _handshakes, _ => 0, Core, Faults));
    }

    /// <summary>Nobody else's: meters of all nodes of the process are heard together.</summary>
    public string Id { get; } = $"ND_{Guid.NewGuid():N}";

    public Faults Faults { get; } = new();

    public RecordingLog Log { get; } = new();

    public VirtualClock Clock => _world.Clock;

    public NetworkEmulator Network => _world.Network;

    /// <summary>Links to other nodes, as they were told last.</summary>
    public Dictionary<string, RelayActual> Relays { get; } = [];

    public IReadOnlyList<EmulatedUdpPort> Ports { get; }

    public IReadOnlyList<ForwardingLoop> Loops { get; }

    /// <summary>The first loop's.</summary>
    public EmulatedUdpPort Port => Ports[0];

    /// <summary>The first, which is that of the first room.</summary>
    public ForwardingLoop Loop => Loops[0];

    public NodeCore Core { get; }

    /// <summary>Loops whose turns do not come, as if their threads stood still.</summary>
    public HashSet<ForwardingLoop> Stalled { get; } = [];

    /// <summary>The loop that a session lives on.</summary>
    public ForwardingLoop LoopOf(string session) => Loops.Single(l => l.Sessions.Find(session) is not null);

    /// <summary>Packets that were dropped for a reason, on any loop.</summary>
    public long Dropped(DropReason reason) => Loops.Sum(l => l.Drops[reason]);

    /// <summary>What the way from the node to a peer is like, whichever of its loops the peer is on.</summary>
    public void SetPath(TransportTuple peer, LinkConditions conditions)
    {
        foreach (var port in Ports)
        {
            Network.SetPath(port.Address, peer, conditions);
        }
    }

    /// <summary>Everything that the node told the control side.</summary>
    public List<LinkMessage> Sent { get; } = [];

    /// <summary>Sees what the node is about to tell, and may throw.</summary>
    public Action<LinkMessage> Sending { get; set; } = _ => { };

    /// <summary>All that were made here.</summary>
    public IReadOnlyList<TestPeer> Peers => _peers;

    public TestPeer Peer(string name)
    {
        var peer = new TestPeer(Network.Open($"10.0.{_world.NextHost / 200}.{_world.NextHost++ % 200}:5000"), _engine, name);
        _peers.Add(peer);
        return peer;
    }

    /// <summary>Sends a command and runs until it is answered.</summary>
    public T Ask<T>(Func<long, LinkMessage> command)
        where T : LinkMessage
    {
        var seen = Sent.Count;
        Core.Handle(Clock.Now, command(++_nextId));
        for (var i = 0; i < 20; i++)
        {
            Turn();
            if (Sent.Skip(seen).OfType<T>().FirstOrDefault() is { } reply)
            {
                return reply;
            }
        }

        throw new TimeoutException($"no {typeof(T).Name}");
    }

    public SessionApplied Apply(string session, SessionDesired desired, long seq = 1, bool mustExist = false)
    {
        _epoch = _epoch == 0 ? Ask<NodeClaimed>(id => new ClaimNode(id)).Claim.Epoch : _epoch;
        return Ask<SessionReply>(id => new Nexus.Link.ApplySession(id, session, _epoch, seq, mustExist, desired)).Result;
    }

    /// <summary>Joins a peer to the room with an offer of these sections.</summary>
    public SessionApplied Join(TestPeer peer, SessionLeg leg, IReadOnlyList<TestSection> sections, Func<SessionDesired, SessionDesired>? change = null, bool rtx = true)
    {
        var desired = Desired(peer.Name, leg) with { Offer = new SdpOffer(1, peer.Offer(sections, rtx)) };
        var applied = Apply(peer.Name, change is null ? desired : change(desired));
        if (applied.Answer is { } answer)
        {
            peer.Accept(Clock.Now, answer.Sdp);
        }

        return applied;
    }

    public static SessionDesired Desired(string name, SessionLeg leg) => new()
    {
        ParticipantKey = $"any/t/room/{name}",
        RoomKey = "any/t/room",
        Identity = name,
        ParticipantSid = $"PA_{name}",
        Leg = leg,
        CanPublish = leg != SessionLeg.Play,
        CanSubscribe = leg != SessionLeg.Publish,
        Subscribe = new SubscribeRule { Auto = leg != SessionLeg.Publish },
    };

    /// <summary>All sessions of a room, page by page.</summary>
    public List<SessionInspection> Inspect(string room = "any/t/room", InspectionParts parts = InspectionParts.Subscriptions | InspectionParts.Wishes)
    {
        var sessions = new List<SessionInspection>();
        string? cursor = null;
        do
        {
            var page = Ask<RoomInspected>(id => new InspectRoom(id, new RoomQuestion { RoomKey = room, Parts = parts, Cursor = cursor })).Inspection;
            sessions.AddRange(page.Sessions);
            cursor = page.Next;
        }
        while (cursor is not null);
        return sessions;
    }

    /// <summary>A session of the room that <see cref="Desired"/> names, as it is now; its offer is the one that was told last.</summary>
    public SessionActual ReportOf(string session) => Inspect().Single(s => s.Session == session).Actual with
    {
        Offer = Sent.OfType<SessionChanged>().LastOrDefault(c => c.Report.Session == session)?.Report.Actual.Offer,
    };

    /// <summary>Everything that can happen now.</summary>
    public void Turn()
    {
        for (var i = 0; i < 4; i++)
        {
            Network.Deliver();
            foreach (var node in _world.Nodes)
            {
                node.TurnOnce();
            }
        }

        foreach (var core in _world.Nodes.Select(n => n.Core).Where(c => c.NextTimeout <= Clock.Now))
        {
            core.HandleTimeout(Clock.Now);
        }
    }

    /// <summary>Lets time pass, from event to event.</summary>
    public void Run(TimeSpan duration)
    {
        var end = Clock.Now + duration;
        Turn();
        while (Clock.Now < end)
        {
            var next = Network.NextDelivery;
            foreach (var node in _world.Nodes)
            {
                next = Instant.Min(next, node.NextTimeout);
            }

            // At least a fifth of a millisecond per step: OpenSSL's own timer runs on real time and may claim to be due for long.
            var least = Clock.Now + TimeSpan.FromMicroseconds(200);
            Clock.AdvanceTo(Instant.Min(end, next > least ? next : least));
            Turn();
        }
    }

    /// <summary>Lets time pass until something holds; fails after <paramref name="limit"/>.</summary>
    public void RunUntil(Func<bool> holds, TimeSpan? limit = null)
    {
        var end = Clock.Now + (limit ?? TimeSpan.FromSeconds(10));
        while (!holds())
        {
            if (Clock.Now >= end)
            {
                throw new TimeoutException("what was waited for did not happen");
            }

            Run(TimeSpan.FromMilliseconds(5));
        }
    }

    /// <summary>As if its process were killed: nothing is said.</summary>
    public void Kill()
    {
        _world.Nodes.Remove(this);
        foreach (var port in Ports)
        {
            Network.Close(port);
        }
    }

    public void Dispose()
    {
        _world.Nodes.Remove(this);
        foreach (var peer in _peers)
        {
            peer.Dispose();
        }

        _meter.Dispose();
        foreach (var loop in Loops)
        {
            loop.Dispose();
        }

        foreach (var port in Ports)
        {
            Network.Close(port);
        }

        _handshakes.Dispose();
        _engine.Dispose();
    }

    private Instant NextTimeout
    {
        get
        {
            var next = Instant.Min(_handshakes.NextTimeout, Core.NextTimeout);
            foreach (var loop in Loops.Except(Stalled))
            {
                next = Instant.Min(next, loop.NextTimeout);
            }

            foreach (var peer in _peers)
            {
                next = Instant.Min(next, peer.NextTimeout);
            }

            return next;
        }
    }

    private void TurnOnce()
    {
        foreach (var loop in Loops)
        {
            while (!Stalled.Contains(loop) && loop.RunTurn(Clock.Now))
            {
            }
        }

        _handshakes.RunOnce(Clock.Now);
        foreach (var peer in _peers)
        {
            peer.Run(Clock.Now);
        }

        Core.HandleEvents(Clock.Now);
    }

    /// <summary>What nodes beside each other share.</summary>
    private sealed class World
    {
        public World(int seed) => Network = new NetworkEmulator(Clock, seed);

        public VirtualClock Clock { get; } = new();

        public NetworkEmulator Network { get; }

        public List<VirtualNode> Nodes { get; } = [];

        public int NextHost { get; set; } = 10;
    }

    private void Send(LinkMessage message)
    {
        Sending(message);
        Sent.Add(message);
    }
}
