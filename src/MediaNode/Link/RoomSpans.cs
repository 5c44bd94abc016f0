using Nexus.MediaNode.Data;
using Nexus.MediaNode.Engine;

namespace Nexus.MediaNode.Link;

/// <summary>
/// Has the loops of a room that is on more than one know of each other: data goes to all of them, and how many people there are in all
/// decides whether everybody is heard; and its links to other nodes, to which data goes too. Costs nothing for a room on one loop. Control thread only.
/// </summary>
internal static class RoomSpans
{
    /// <summary>Who is in the room, and on which loops, may have changed.</summary>
    public static void Tell(RoomModel room)
    {
        LoopLink[] loops = room.Loops.Count > 1 || room.Links.Count != 0 ? [.. room.Loops] : [];
        foreach (var gone in room.Spanned.Except(loops).ToArray())
        {
            room.Spanned.Remove(gone);
            gone.Post(new SetRoomSpan(room.Key, 0, []));
        }

        foreach (var loop in loops)
        {
            room.Spanned.Add(loop);
            IEnumerable<IDataPeer> others = loops.Where(l => l != loop).Select(l => l.Loop.DataPeer);
            loop.Post(new SetRoomSpan(room.Key, room.PeopleCount, [.. others, .. room.Links.Select(l => l.Peer)]));
        }

        foreach (var link in room.Links)
        {
            link.Relay.Loop.Post(new SetRelayRoom(link.Relay.Session.Id, room.Key, [.. room.Loops.Select(l => l.Loop)]));
        }
    }
}
