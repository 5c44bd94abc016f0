using System.Runtime.CompilerServices;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Io;

namespace Nexus.MediaNode.Tracks.Rings;

/// <summary>
/// All that a loop has with the other loops of its node: the rings to them and from them, the sinks by which its tracks go there, and
/// the tracks that come from there. Opened and closed by the control side. Loop's thread.
/// </summary>
internal sealed class LoopRings(PacketMemory memory, LoopRooms rooms, FanOut fanOut, DropCounters drops, LoopCounters counters, Faults faults)
{
    /// <summary>Messages of one loop that are taken in a turn: a flood of them must not starve the loop's own clients.</summary>
    private const int MostAtOnce = 512;

    /// <summary>How soon it is tried again to say what a ring was too full for.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan ExpireInterval = TimeSpan.FromSeconds(1);

    private readonly List<RingPeer> _peers = [];
    private readonly Dictionary<int, RingSink> _sinks = [];
    private readonly Dictionary<int, RingTrack> _tracks = [];
    private readonly Dictionary<string, RingPublisher> _publishers = [];
    private Instant _nextExpiry = Instant.Zero;

    /// <summary>When there is something to do though nothing comes.</summary>
    public Instant NextTimeout { get; private set; } = Instant.Never;

    /// <summary>The rings to and from another loop.</summary>
    public void Connect(int loop, LoopRing outgoing, LoopRing incoming) => _peers.Add(new RingPeer(loop, outgoing, incoming, faults));

    /// <summary>A track that comes from another loop from now on; null when there is none of that number.</summary>
    public PublishedTrack? FindTrack(int id) => _tracks.GetValueOrDefault(id)?.Track;

    /// <summary>Awaits a track of another loop; sinks may be bound to it at once.</summary>
    public void OpenTrack(RingTrackPlan plan)
    {
        if (!_publishers.TryGetValue(plan.Publisher, out var publisher))
        {
            _publishers.Add(plan.Publisher, publisher = new RingPublisher());
        }

        publisher.Tracks++;
        _tracks.Add(plan.Id, new RingTrack(plan, PeerOf(plan.From), publisher, rooms.EnterTrack(plan.Room), fanOut, memory, drops));
    }

    /// <summary>Nothing more is to come of it. Nothing happens when it has ended by itself.</summary>
    public void CloseTrack(int id)
    {
        if (!_tracks.Remove(id, out var track))
        {
            return;
        }

        PeerOf(track.Plan.From).Forget(track);
        track.Track.Close();
        rooms.LeaveTrack(track.Plan.Room);
        if (--_publishers[track.Plan.Publisher].Tracks == 0)
        {
            _publishers.Remove(track.Plan.Publisher);
        }
    }

    /// <summary>Has a track of this loop go to another one, until either ends it.</summary>
    public void Attach(int id, PublishedTrack track, int toLoop)
    {
        var sink = new RingSink(id, PeerOf(toLoop), memory, drops, counters);
        _sinks.Add(id, sink);
        sink.Begin(track);
    }

    public void Detach(int id)
    {
        if (_sinks.Remove(id, out var sink))
        {
            sink.Detach();
        }
    }

    /// <summary>Takes what the other loops have sent. True when more waits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Receive(Instant now)
    {
        var more = false;
        foreach (var peer in _peers)
        {
            more |= Receive(now, peer);
        }

        if (now >= _nextExpiry && _tracks.Count != 0)
        {
            _nextExpiry = now + ExpireInterval;
            Expire(now);
        }

        return more;
    }

    /// <summary>Lets held packets go that are too old for a repeat.</summary>
    public void Expire(Instant now)
    {
        foreach (var track in _tracks.Values)
        {
            foreach (var stream in track.Track.Streams)
            {
                stream.Expire(now);
            }
        }
    }

    /// <summary>The end of the turn: tells the other loops what is to be told.</summary>
    public void Flush(Instant now)
    {
        if (_peers.Count == 0)
        {
            return;
        }

        var isOwing = false;
        foreach (var peer in _peers)
        {
            peer.Flush();
            isOwing |= peer.IsOwing;
        }

        NextTimeout = isOwing ? now + RetryInterval : _tracks.Count != 0 ? _nextExpiry : Instant.Never;
    }

    private bool Receive(Instant now, RingPeer peer)
    {
        for (var taken = 0; peer.Incoming.TryPeek(out var cell); taken++)
        {
            if (taken == MostAtOnce || !TryTakeGuarded(now, peer.Incoming, cell))
            {
                return taken == MostAtOnce;
            }

            peer.Incoming.Release();
        }

        return false;
    }

    /// <summary>False when there is no memory for it now. A fault costs the message.</summary>
    private bool TryTakeGuarded(Instant now, LoopRing ring, int cell)
    {
        try
        {
            return TryTake(now, ring, cell);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            faults.Count(FaultPlace.Receive, e);
            drops.Count(DropReason.InternalError);
            return true;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryTake(Instant now, LoopRing ring, int cell)
    {
        ref readonly var message = ref ring[cell];
        if (message.Kind == RingMessageKind.Wish)
        {
            _sinks.GetValueOrDefault(message.Track)?.Handle(now, message);
        }
        else if (!_tracks.TryGetValue(message.Track, out var track))
        {
            return true; // closed here meanwhile
        }
        else if (message.Kind == RingMessageKind.Packet)
        {
            return track.TryTake(now, message.Info, ring.Octets(cell, message.Info.Length));
        }
        else if (message.Kind == RingMessageKind.End)
        {
            CloseTrack(message.Track);
        }
        else
        {
            track.Handle(now, message, ring.Octets(cell, message.Kind == RingMessageKind.Encoding ? message.Length : 0));
        }

        return true;
    }

    private RingPeer PeerOf(int loop) => _peers.Find(p => p.Loop == loop)
        ?? throw new InvalidOperationException($"Loop {loop} is not connected yet.");
}
