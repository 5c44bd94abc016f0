using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Tracks.Rings;

namespace Nexus.MediaNode.Link;

/// <summary>A track on its way from its publisher's loop to another one, as long as somebody there is to get it.</summary>
internal sealed class LoopWay(int id, string publisher, string mid, string sid, LoopLink from, LoopLink to)
{
    public int Id => id;

    public string Publisher => publisher;

    public string Mid => mid;

    public string Sid => sid;

    public LoopLink From => from;

    public LoopLink To => to;

    /// <summary>Sections that carry it.</summary>
    public int Users { get; set; }
}

/// <summary>
/// Opens a way for a track to another loop when the first section there is to carry it, and closes it behind the last. Loops are
/// connected when the first way leads from one to the other. Control thread only.
/// </summary>
/// <param name="sessions">All of the node.</param>
internal sealed class LoopWays(IReadOnlyDictionary<string, NodeSession> sessions)
{
    private readonly Dictionary<(string Publisher, string Mid, string Sid, LoopLink To), LoopWay> _open = [];
    private readonly HashSet<(LoopLink, LoopLink)> _connected = [];
    private int _lastId;

    /// <summary>Ways that are open.</summary>
    public int Count => _open.Count;

    /// <summary>The number of the way by which a track comes to a section's loop; null where its publisher is on that loop.</summary>
    public int? Take(NodeSession viewer, string section, RoomTrack track, string publisherMid)
    {
        var publisher = sessions[track.Publisher];
        var before = viewer.Ways.GetValueOrDefault(section);
        LoopWay? way = null;
        if (publisher.Loop != viewer.Loop)
        {
            var key = (publisher.Id, publisherMid, track.Sid, viewer.Loop!);
            if (!_open.TryGetValue(key, out way))
            {
                _open.Add(key, way = Open(publisher, publisherMid, track, viewer));
            }

            way.Users++;
            viewer.Ways[section] = way;
        }
        else
        {
            viewer.Ways.Remove(section);
        }

        Leave(before);
        return way?.Id;
    }

    /// <summary>The section carries nothing any more.</summary>
    public void Release(NodeSession viewer, string section)
    {
        if (viewer.Ways.Remove(section, out var way))
        {
            Leave(way);
        }
    }

    /// <summary>The session is over.</summary>
    public void Release(NodeSession viewer)
    {
        foreach (var section in viewer.Ways.Keys.ToArray())
        {
            Release(viewer, section);
        }
    }

    private LoopWay Open(NodeSession publisher, string mid, RoomTrack track, NodeSession viewer)
    {
        var way = new LoopWay(++_lastId, publisher.Id, mid, track.Sid, publisher.Loop!, viewer.Loop!);
        Connect(way.From, way.To);

        // A link to another node has neither a name nor a room of its own.
        var (identity, room) = (publisher.Desired?.Identity ?? track.Identity, publisher.Room?.Key ?? viewer.Room!.Key);
        var plan = new RingTrackPlan(way.Id, way.From.Loop.Index, publisher.Id, identity, room, publisher.Published[mid]);
        way.To.Post(new OpenRingTrack(plan) { Completed = () => Send(way) });
        return way;
    }

    /// <summary>The other loop awaits it: what is said first is what nobody would say again.</summary>
    private static void Send(LoopWay way)
    {
        if (way.Users != 0)
        {
            way.From.Post(new SendToLoop(way.Id, way.Publisher, way.Mid, way.To.Loop.Index));
        }
    }

    private void Connect(LoopLink one, LoopLink other)
    {
        if (_connected.Add((one, other)))
        {
            _connected.Add((other, one));
            var (here, there) = ConnectLoop.Between(one.Loop, other.Loop);
            one.Post(here);
            other.Post(there);
        }
    }

    private void Leave(LoopWay? way)
    {
        if (way is not null && --way.Users == 0)
        {
            _open.Remove((way.Publisher, way.Mid, way.Sid, way.To));
            way.From.Post(new StopSendingToLoop(way.Id));
            way.To.Post(new CloseRingTrack(way.Id));
        }
    }
}
