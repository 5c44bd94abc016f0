using Nexus.Link;
using Nexus.MediaNode.Engine;

namespace Nexus.MediaNode.Link;

/// <summary>The rooms of a node: on which loops their sessions are, who is in them, and what is published there. Control thread only.</summary>
/// <param name="mostSessions">Of a loop, before a room's viewers go to others (<see cref="LoopChoice"/>).</param>
internal sealed class NodeRooms(IReadOnlyList<LoopLink> loops, int mostSessions = LoopChoice.MostSessions)
{
    private readonly Dictionary<string, RoomModel> _rooms = [];
    private long _trackOrder;

    /// <summary>A room has come to be here.</summary>
    public Action<RoomModel>? Opened { get; set; }

    /// <summary>The tracks of a room have changed.</summary>
    public Action<RoomModel>? TracksChanged { get; set; }

    public int Count => _rooms.Count;

    /// <summary>Of a new track.</summary>
    public long NextOrder() => ++_trackOrder;

    /// <summary>The room of that key.</summary>
    /// <param name="home">Of one that is new; the loop with the fewest sessions unless given.</param>
    public RoomModel Get(string key, LoopLink? home = null)
    {
        if (!_rooms.TryGetValue(key, out var room))
        {
            _rooms[key] = room = new RoomModel(key, home ?? loops.MinBy(l => l.Sessions)!) { TracksChanged = r => TracksChanged?.Invoke(r) };
            Opened?.Invoke(room);
        }

        return room;
    }

    /// <summary>The loop on which a new session of the room is to live.</summary>
    public LoopLink ChooseLoop(RoomModel room, SessionDesired desired) => room.LoopOf(desired.ParticipantSid)
        ?? loops[LoopChoice.Of(
            [.. loops.Select(l => new LoopLoad(l.Sessions, l.Loop.Load))], IndexOf(room.Home), desired is { CanPublish: true, Leg: not SessionLeg.Play }, mostSessions)];

    /// <summary>The session is in another room from now on; its connection stays as it is, and where it is. True when the room that it left lost tracks.</summary>
    public bool Move(NodeSession session, RoomModel from, RoomModel to)
    {
        from.Sessions.Remove(session.Id);
        Discount(session, from);
        var hadTracks = from.RemoveTracks(session.Id);
        ForgetIfEmpty(from);
        to.Sessions.Add(session.Id, session);
        session.Room = to;
        return hadTracks;
    }

    /// <summary>It is one of the room's people from now on, by its sid there: its connection is on its loop, or about to be.</summary>
    public static void CountPerson(NodeSession session, RoomModel room, string participantSid)
    {
        if (session.CountedAs is null)
        {
            session.CountedAs = participantSid;
            room.Count(participantSid, session.Loop!);
            RoomSpans.Tell(room);
        }
    }

    /// <summary>Null when nobody of it is here.</summary>
    public RoomModel? Find(string key) => _rooms.GetValueOrDefault(key);

    public void ForgetIfEmpty(RoomModel room)
    {
        if (room.Sessions.Count == 0)
        {
            _rooms.Remove(room.Key);
        }
    }

    /// <param name="session">With its loop.</param>
    public static void Enter(NodeSession session, RoomModel room)
    {
        if (session.Room is null)
        {
            session.Room = room;
            session.State = SessionState.New;
            session.EndReason = null;
            room.Sessions.Add(session.Id, session);
            session.Loop!.Sessions++;
        }
    }

    /// <summary>The session is no longer in the room, nor are its tracks. A room without sessions is forgotten. True when there were tracks.</summary>
    public bool Leave(NodeSession session, RoomModel room)
    {
        session.Room = null;
        room.Sessions.Remove(session.Id);
        Discount(session, room);
        session.Loop!.Sessions--;
        session.Loop = null;
        var hadTracks = room.RemoveTracks(session.Id);
        ForgetIfEmpty(room);
        return hadTracks;
    }

    /// <summary>
    /// What the session publishes, or its source where it is a forward, becomes, or ceases to be, a track of the room. False when the
    /// room's tracks stay as they are.
    /// </summary>
    public bool UpdateTracks(NodeSession session, RoomModel room)
    {
        var publisher = session.Publisher;
        var before = room.Tracks.Where(t => t.Session == session.Id).ToList();
        var tracks = new List<RoomTrack>();
        foreach (var (main, backup) in TrackFormats.Published(publisher).Where(p => NodeReporter.MayPublish(publisher, p.Main)))
        {
            var formats = TrackFormats.Of(publisher, main, backup);
            var muted = NodeReporter.IsMuted(publisher, main);
            var known = room.Find(main.Sid);
            if (session == publisher && ((known?.Muted ?? false) != muted || (muted && !known!.Formats.SequenceEqual(formats))))
            {
                session.Loop!.Post(new MuteTrack(session.Id, main.Sid, muted));
            }

            tracks.Add(new RoomTrack(main.Sid, session.Id, session.Desired!.Identity, main.Kind, formats, ++_trackOrder, muted, session.Desired.ParticipantSid)
            {
                Publisher = publisher.Id,
                Audience = session.Desired.Audience,
            });
        }

        room.SetTracks(session.Id, session.State == SessionState.Closed ? [] : tracks);
        var after = room.Tracks.Where(t => t.Session == session.Id).ToList();
        return before.Count != after.Count
            || before.Zip(after).Any(p => (p.First.Sid, p.First.Audience) != (p.Second.Sid, p.Second.Audience) || !p.First.Formats.SequenceEqual(p.Second.Formats));
    }

    private static void Discount(NodeSession session, RoomModel room)
    {
        if (session.CountedAs is { } sid)
        {
            session.CountedAs = null;
            room.Discount(sid, session.Loop!);
            RoomSpans.Tell(room);
        }
    }

    private int IndexOf(LoopLink loop)
    {
        for (var i = 0; i < loops.Count; i++)
        {
            if (loops[i] == loop)
            {
                return i;
            }
        }

        throw new ArgumentException("A loop of another node.", nameof(loop));
    }
}
