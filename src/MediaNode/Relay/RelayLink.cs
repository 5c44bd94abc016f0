using System.Collections.Immutable;
using System.Security.Cryptography;
using Nexus.Link;
using Nexus.MediaNode.Data;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Session;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Relay;

/// <summary>
/// One end of a link to another node, for all rooms: a connection as to a client (<see cref="MediaSession"/>: ICE, DTLS, SRTP, repeats,
/// congestion), and what the ends tell each other over its data channel. What came over a link is offered to none. When it is over, so
/// is all that it brought; who dials anew tells all again. Loop's thread.
/// </summary>
internal sealed class RelayLink : IDataSink
{
    /// <summary>What both ends must speak.</summary>
    private const int Version = 1;

    /// <summary>How often what changes all the time is told, while somebody goes by it.</summary>
    public static readonly TimeSpan LayersInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Longer than between two checks: while media flows, reports on it come all the time.</summary>
    private static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(3);

    private const int MostTracks = short.MaxValue;

    private readonly LoopContext _loop;
    private readonly RelayLinks _links;
    private readonly RelayOutbox _control;
    private readonly Dictionary<uint, RelaySink> _sinks = [];
    private readonly Dictionary<uint, RelaySource> _sources = [];
    private readonly List<RelaySink> _markedSinks = [];
    private readonly List<RelaySource> _markedSources = [];
    private readonly Stack<short> _freeIndexes = new();
    private short _indexes;
    private uint _lastId;
    private bool _isGreeted;
    private Instant _nextLook = Instant.Never;
    private bool _wasDead;

    public RelayLink(Instant now, LoopContext loop, RelayPlan plan, RelayLinks links)
    {
        (_loop, _links, Plan) = (loop, links, plan);
        Peer = links.PeerOf(plan.Id);
        Session = new MediaSession(loop, plan.ToSessionPlan(), now) { DataSink = this };
        _control = new RelayOutbox(Session, RelayChannels.Control);
        RoomData = new RelayData(this, new RelayOutbox(Session, RelayChannels.Reliable), _links);
    }

    public RelayPlan Plan { get; }

    public MediaSession Session { get; }

    /// <summary>As data routers see it.</summary>
    public IDataPeer Peer { get; }

    /// <summary>Messages of rooms.</summary>
    public RelayData RoomData { get; }

    /// <summary>When there is something to do though nothing comes.</summary>
    public Instant NextTimeout => _nextLook;

    /// <summary>The session has its place: says hello as soon as there is a way.</summary>
    public void Start(Instant now)
    {
        RelayChannels.Open(now, Session);
        var writer = Begin(RelayMessage.Hello);
        writer.Octet(Version);
        writer.Text(Plan.Node);
        writer.Int64(Plan.Generation);
        _control.Send(now, writer.Written);
    }

    /// <summary>Offers a track to the other end, until either ends it.</summary>
    /// <param name="offered">Without SSRCs: they are the link's to choose.</param>
    public uint Offer(PublishedTrack track, RelayedTrack offered)
    {
        var id = ++_lastId;
        var sink = new RelaySink(
            id, offered with { Ssrcs = NewSsrcs(offered.Rids.Length), RtxSsrcs = NewSsrcs(offered.Rids.Length) }, this);
        _sinks.Add(id, sink);
        sink.Begin(track);
        return id;
    }

    public void Withdraw(uint id) => _sinks.GetValueOrDefault(id)?.Detach();

    public void Mark(RelaySink sink)
    {
        if (!sink.IsMarked)
        {
            sink.IsMarked = true;
            _markedSinks.Add(sink);
        }
    }

    public void Mark(RelaySource source)
    {
        if (!source.IsMarked)
        {
            source.IsMarked = true;
            _markedSources.Add(source);
        }
    }

    /// <summary>The end of the turn: tells the other end what is to be told.</summary>
    public void Flush(Instant now)
    {
        var isDue = now >= _nextLook;
        if (isDue)
        {
            Look(now);
        }

        foreach (var sink in _markedSinks)
        {
            sink.IsMarked = false;
            sink.Tell(now, isDue);
        }

        foreach (var source in _markedSources)
        {
            source.IsMarked = false;
            if (_sources.ContainsKey(source.Id))
            {
                source.Tell();
            }
        }

        _markedSinks.Clear();
        _markedSources.Clear();
        _nextLook = _nextLook == Instant.Never && HasToLook ? now + LayersInterval : _nextLook;
    }

    public void TellTrack(RelaySink sink, PublishedTrack track)
    {
        var writer = Begin(RelayMessage.Track);
        writer.UInt32(sink.Id);
        sink.Offered.Write(ref writer);
        RelayLayers.Write(ref writer, track, withheld: 0);
        _control.Send(_links.Now, writer.Written);
    }

    public void TellLayers(RelaySink sink, PublishedTrack track, uint withheld)
    {
        var writer = Begin(RelayMessage.Layers);
        writer.UInt32(sink.Id);
        RelayLayers.Write(ref writer, track, withheld);
        _control.Send(_links.Now, writer.Written);
    }

    public void TellWish(RelaySource source, in RelayWish wish)
    {
        var writer = Begin(RelayMessage.Wish);
        writer.UInt32(source.Id);
        wish.Write(ref writer);
        _control.Send(_links.Now, writer.Written);
    }

    /// <summary>A sender at the other node is to wait.</summary>
    public void TellPause(string session, TimeSpan until)
    {
        var writer = Begin(RelayMessage.Pause);
        writer.Text(session);
        writer.UInt32((uint)Math.Clamp(until.TotalMilliseconds, 0, 60_000));
        _control.Send(_links.Now, writer.Written);
    }

    /// <summary>The track has ended here, or is not to be offered any more.</summary>
    public void HandleEnded(RelaySink sink)
    {
        if (_sinks.Remove(sink.Id) && !Session.IsOver)
        {
            var writer = Begin(RelayMessage.End);
            writer.UInt32(sink.Id);
            _control.Send(_links.Now, writer.Written);
        }
    }

    public void HandleDemand(RelaySink sink) => _links.Tell(new RelayWanted(Plan.Id, sink.Offered, sink.Demand));

    public void SessionApplied(Instant now, MediaSession session)
    {
    }

    public void SessionEnded(MediaSession session)
    {
        RoomData.Close();
        foreach (var sink in _sinks.Values.ToArray())
        {
            sink.Detach();
        }

        foreach (var id in _sources.Keys.ToArray())
        {
            End(id);
        }
    }

    public void ChannelOpened(Instant now, MediaSession session, DataChannel channel)
    {
    }

    public void RoomToSend(Instant now, MediaSession session, DataChannel channel)
    {
        _control.Flush(now);
        RoomData.Flush(now);
    }

    /// <summary>Without its channels a link is of no use: it is to be dialled anew.</summary>
    public void ChannelClosed(Instant now, MediaSession session, DataChannel channel) => Fail(now);

    public void MessageReceived(Instant now, MediaSession session, DataChannel channel, ReadOnlySpan<byte> message, bool isText)
    {
        if (channel.Id != RelayChannels.Control)
        {
            if (_isGreeted && !RoomData.Take(now, message, channel.Id == RelayChannels.Reliable))
            {
                _loop.Drops.Count(DropReason.DataMalformed);
            }

            return;
        }

        if (!TryTake(now, message))
        {
            _loop.Drops.Count(DropReason.RelayMalformed);
            Fail(now);
        }
    }

    private bool HasToLook
    {
        get
        {
            if (_sources.Count != 0)
            {
                return true;
            }

            foreach (var sink in _sinks.Values)
            {
                if (sink.IsWatched)
                {
                    return true;
                }
            }

            return false;
        }
    }

    private void Look(Instant now)
    {
        _nextLook = Instant.Never;
        var isDead = now - Session.HeardAt > DeadAfter;
        if (_wasDead && !isDead)
        {
            Session.RenewCongestion(now);
        }

        _wasDead = isDead;
        foreach (var sink in _sinks.Values)
        {
            if (sink.IsWatched)
            {
                Mark(sink);
            }
        }

        var roundTrip = Session.Transport.CheckRoundTrip is { Ticks: > 0 } checkedOne ? checkedOne : Session.Data!.Channels.Association.RoundTrip;
        foreach (var source in _sources.Values)
        {
            if (roundTrip > TimeSpan.Zero)
            {
                source.SetRoundTrip(roundTrip);
            }
        }
    }

    /// <summary>False for what no end of this version says.</summary>
    private bool TryTake(Instant now, ReadOnlySpan<byte> message)
    {
        var reader = new RelayReader(message);
        var kind = (RelayMessage)reader.Octet();
        if (kind == RelayMessage.Hello)
        {
            _isGreeted = reader.Octet() == Version && !_isGreeted;
            _links.Tell(new RelayGreeted(Plan.Id, reader.Text()));
            return _isGreeted && reader.Int64() == Plan.Generation && !reader.IsMalformed;
        }

        return _isGreeted && kind switch
        {
            RelayMessage.Track => TryOpen(now, ref reader),
            RelayMessage.End => End(reader.UInt32()),
            RelayMessage.Layers => TryLearn(now, ref reader),
            RelayMessage.Wish => TryHandleWish(now, ref reader),
            RelayMessage.Pause => RoomData.TryPause(now, ref reader),
            _ => false,
        };
    }

    private bool TryOpen(Instant now, ref RelayReader reader)
    {
        var id = reader.UInt32();
        var offered = RelayedTrack.Read(ref reader);
        if (reader.IsMalformed || offered.Rids.IsEmpty || _sources.ContainsKey(id) || _sources.Count == MostTracks)
        {
            return false;
        }

        var room = _loop.Rooms.EnterTrack(offered.Room);
        var source = new RelaySource(id, offered, room, this);
        var index = _freeIndexes.TryPop(out var free) ? free : _indexes++;
        source.Track = Session.Receiver.AddTrack(offered.ToPublishPlan(id, index), source, room);
        _sources.Add(id, source);
        source.Learn(now, ref reader);
        _links.Tell(new RelayTrackCame(Plan.Id, RelayedTrack.MidOf(id), offered, source.Track.Muted));
        return !reader.IsMalformed;
    }

    private bool TryLearn(Instant now, ref RelayReader reader)
    {
        if (_sources.GetValueOrDefault(reader.UInt32()) is { } source)
        {
            source.Learn(now, ref reader);
        }

        return !reader.IsMalformed;
    }

    private bool TryHandleWish(Instant now, ref RelayReader reader)
    {
        var id = reader.UInt32();
        var wish = RelayWish.Read(ref reader);
        if (!reader.IsMalformed)
        {
            _sinks.GetValueOrDefault(id)?.Handle(now, wish); // it may have ended meanwhile
        }

        return !reader.IsMalformed;
    }

    private bool End(uint id)
    {
        if (_sources.Remove(id, out var source))
        {
            var index = source.Track.Plan.Demux.Index;
            Session.Receiver.RemoveTrack(source.Track);
            _loop.Rooms.LeaveTrack(source.Offered.Room);
            _freeIndexes.Push(index);
            _links.Tell(new RelayTrackEnded(Plan.Id, RelayedTrack.MidOf(id)));
        }

        return true;
    }

    private void Fail(Instant now) => Session.SetState(now, SessionState.Closed, ReasonCodes.LinkDown);

    private RelayWriter Begin(RelayMessage kind)
    {
        var writer = new RelayWriter(_links.Buffer);
        writer.Octet((int)kind);
        return writer;
    }

    private static ImmutableArray<uint> NewSsrcs(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)))];
}
