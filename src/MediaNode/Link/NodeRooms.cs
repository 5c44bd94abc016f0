using Nexus.Link;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Link;

/// <summary>The rooms of a node: which loop each lives on, who is in it, and what is published there. Control thread only.</summary>
internal sealed class NodeRooms(IReadOnlyList<LoopLink> loops)
{
    private readonly Dictionary<string, RoomModel> _rooms = [];
    private long _trackOrder;

    public int Count => _rooms.Count;

    /// <summary>The room of that key; one that is new lives on the loop with the fewest sessions.</summary>
    public RoomModel Get(string key)
    {
        if (!_rooms.TryGetValue(key, out var room))
        {
            _rooms[key] = room = new RoomModel(key, loops.MinBy(l => l.Sessions)!);
        }

        return room;
    }

    /// <summary>The room of that key on that loop, where a new one is made; null when the room lives on another.</summary>
    public RoomModel? Get(string key, LoopLink loop)
    {
        if (!_rooms.TryGetValue(key, out var room))
        {
            _rooms[key] = room = new RoomModel(key, loop);
        }

        return room.Loop == loop ? room : null;
    }

    /// <summary>The session is in another room of the same loop from now on; its connection stays as it is. True when the room that it left lost tracks.</summary>
    public bool Move(NodeSession session, RoomModel from, RoomModel to)
    {
        from.Sessions.Remove(session.Id);
        var hadTracks = from.RemoveTracks(session.Id);
        ForgetIfEmpty(from);
        to.Sessions.Add(session.Id, session);
        session.Room = to;
        return hadTracks;
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

    public static void Enter(NodeSession session, RoomModel room)
    {
        if (session.Room is null)
        {
            session.Room = room;
            session.State = SessionState.New;
            session.EndReason = null;
            room.Sessions.Add(session.Id, session);
            room.Loop.Sessions++;
        }
    }

    /// <summary>The session is no longer in the room, nor are its tracks. A room without sessions is forgotten. True when there were tracks.</summary>
    public bool Leave(NodeSession session, RoomModel room)
    {
        session.Room = null;
        room.Sessions.Remove(session.Id);
        room.Loop.Sessions--;
        var hadTracks = room.RemoveTracks(session.Id);
        ForgetIfEmpty(room);
        return hadTracks;
    }

    /// <summary>What the session publishes becomes, or ceases to be, a track of the room. False when the room's tracks stay as they are.</summary>
    public bool UpdateTracks(NodeSession session, RoomModel room)
    {
        var before = room.Tracks.Where(t => t.Session == session.Id).Select(t => (t.Sid, t.Codec, t.Audience)).ToList();
        var tracks = new List<RoomTrack>();
        foreach (var plan in session.Published.Values.Where(p => NodeReporter.MayPublish(session, p)))
        {
            var codec = session.Negotiated!.Media.First(m => m.Mid == plan.Mid).Codecs[0];
            var muted = NodeReporter.IsMuted(session, plan);
            if ((room.Find(plan.Sid)?.Muted ?? false) != muted)
            {
                room.Loop.Post(new MuteTrack(session.Id, plan.Sid, muted));
            }

            tracks.Add(new RoomTrack(plan.Sid, session.Id, session.Desired!.Identity, plan.Kind, codec, ++_trackOrder, muted, session.Desired.ParticipantSid)
            {
                Audience = session.Desired.Audience,
            });
        }

        room.SetTracks(session.Id, session.State == SessionState.Closed ? [] : tracks);
        return !before.SequenceEqual(room.Tracks.Where(t => t.Session == session.Id).Select(t => (t.Sid, t.Codec, t.Audience)));
    }
}
