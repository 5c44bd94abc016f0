using System.Collections.Immutable;
using System.Net;
using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Relay;

namespace Nexus.MediaNode.Link;

/// <summary>A link to another node as it is to be, whole. Immutable.</summary>
/// <param name="Id">Of the pair of nodes, the same at both ends.</param>
/// <param name="Generation">Rises when it is to be dialled anew; a lower one changes nothing.</param>
/// <param name="Dials">This end speaks first; the other waits.</param>
public sealed record RelayDesired(string Id, long Generation, bool Dials)
{
    /// <summary>What the other end says of itself (<see cref="RelayActual.Local"/> there); null until it is known.</summary>
    public string? Remote { get; init; }

    /// <summary>Keys of the rooms that are on both nodes.</summary>
    public ImmutableArray<string> Rooms { get; init; } = [];
}

/// <summary>A link to another node as it is. Immutable.</summary>
/// <param name="Local">What the other end is to be told of this one; opaque.</param>
/// <param name="State"><see cref="SessionState.Closed"/> for good: to be dialled in a new generation. <see cref="SessionState.Disconnected"/>:
/// nothing has come for 30 s; it comes back with its network, where both nodes still live.</param>
public sealed record RelayActual(string Id, long Generation, string Local, SessionState State, string? Reason);

/// <summary>
/// The links of a node to others: opens them, offers what is published here in the rooms that are there too, and makes what they bring
/// tracks of those rooms. What came over a link is offered to none. Control thread only.
/// </summary>
/// <param name="sessions">All of the node: a link stands among them as the publisher of what it brings.</param>
/// <param name="rebind">Decides anew what the sessions of a room get.</param>
/// <param name="demanded">What is wanted of a room's tracks elsewhere has changed.</param>
internal sealed partial class NodeRelays(
    NodeOptions options,
    DtlsFingerprint certificate,
    IReadOnlyList<LoopLink> loops,
    Dictionary<string, NodeSession> sessions,
    NodeRooms rooms,
    LoopWays ways,
    Action<RoomModel> rebind,
    Action<RoomModel> demanded)
{
    private readonly Dictionary<string, NodeRelay> _relays = [];

    /// <summary>Told of each change of a link.</summary>
    public Action<RelayActual>? Told { get; set; }

    /// <summary>Brings a link to what is desired.</summary>
    /// <exception cref="FormatException"><see cref="RelayDesired.Remote"/> is none of a node's.</exception>
    public RelayActual Apply(RelayDesired desired)
    {
        var relay = _relays.GetValueOrDefault(desired.Id);
        if (relay is not null && desired.Generation < relay.Generation)
        {
            return relay.Actual;
        }

        if (relay is null || desired.Generation > relay.Generation)
        {
            End(relay);
            _relays[desired.Id] = relay = Create(desired);
        }

        if (desired.Remote is { } text && !relay.IsOpen)
        {
            var remote = RelayEndpoint.TryParse(text, out var parsed)
                ? parsed
                : throw new FormatException($"'{text}' is not what a node says of its end of a link: pass on RelayActual.Local of the other end as it is.");
            relay.IsOpen = true;
            sessions[relay.Session.Id] = relay.Session;
            relay.Loop.Post(new OpenRelay(new RelayPlan(relay.Session.Id, options.NodeId, desired.Generation, relay.Local, remote, desired.Dials)));
        }

        SetRooms(relay, relay is { IsOpen: true, IsOver: false } ? desired.Rooms : []);
        return relay.Actual;
    }

    /// <summary>The pair of nodes has nothing in common any more.</summary>
    public void Close(string id)
    {
        if (_relays.Remove(id, out var relay))
        {
            End(relay);
        }
    }

    /// <summary>True when it was a link's.</summary>
    public bool TryHandle(SessionStateChanged changed)
    {
        if (_relays.Values.FirstOrDefault(r => r.Session.Id == changed.Id) is not { } relay)
        {
            return false;
        }

        var reason = changed.State is SessionState.Closed or SessionState.Disconnected ? ReasonCodes.LinkDown : null;
        relay.Actual = relay.Actual with { State = changed.State, Reason = reason };
        if (changed.State == SessionState.Closed)
        {
            Clear(relay);
        }

        Told?.Invoke(relay.Actual);
        return true;
    }

    public void Handle(RelayNews news)
    {
        if (_relays.Values.FirstOrDefault(r => r.Session.Id == news.Link) is not { IsOver: false } relay)
        {
            return; // of an older generation
        }

        switch (news)
        {
            case RelayTrackCame came:
                relay.Came[came.Mid] = came;
                relay.Session.Published[came.Mid] = came.Track.ToPublishPlan(0, 0) with { Mid = came.Mid };
                Show(relay, came.Track.Room);
                break;
            case RelayTrackEnded ended when relay.Came.Remove(ended.Mid, out var gone):
                relay.Session.Published.Remove(ended.Mid);
                Show(relay, gone.Track.Room);
                break;
            case RelayWanted wanted:
                relay.Demands[(wanted.Track.Room, wanted.Track.Sid, wanted.Track.Codec.Kind)] = (LayerDemand)wanted.Demand;
                if (rooms.Find(wanted.Track.Room) is { } room)
                {
                    demanded(room);
                }

                break;
            case RelayHeldUp held when sessions.GetValueOrDefault(held.Session) is { Loop: { } loop }:
                loop.Loop.DataPeer.Pause(held.Session, held.Until);
                break;
            default:
                break;
        }
    }

    /// <summary>What other nodes want of a room's tracks.</summary>
    public IEnumerable<((string Sid, CodecKind Codec) Track, LayerDemand Demand)> DemandsOf(RoomModel room) => _relays.Values
        .SelectMany(r => r.Demands)
        .Where(d => d.Key.Room == room.Key)
        .Select(d => ((d.Key.Sid, d.Key.Codec), d.Value));

    /// <summary>The room has come to be here: tracks of it may have come before.</summary>
    public void HandleRoom(RoomModel room)
    {
        foreach (var relay in _relays.Values.Where(r => !r.IsOver))
        {
            if (relay.Rooms.Contains(room.Key))
            {
                room.Links.Add(relay.Link);
            }

            ShowIn(relay, room);
        }
    }

    /// <summary>Its tracks have changed: offers what is new, and takes back what is gone.</summary>
    public void HandleTracks(RoomModel room)
    {
        foreach (var link in room.Links.ToArray())
        {
            Offer(link.Relay, room);
        }
    }

    private NodeRelay Create(RelayDesired desired)
    {
        var loop = loops.MinBy(l => l.Sessions)!;
        var local = IceCredentials.Create();
        var addresses = options.PublicAddresses.Select(a => new IPEndPoint(a, loop.Loop.LocalEndPoint.Port));
        var endpoint = new RelayEndpoint([.. addresses], local.Ufrag, local.Password, certificate);
        return new NodeRelay(desired, loop, local, endpoint);
    }

    private void End(NodeRelay? relay)
    {
        if (relay is { IsOver: false })
        {
            Clear(relay);
        }
    }

    /// <summary>The link is over, and with it all that it brought and took.</summary>
    private void Clear(NodeRelay relay)
    {
        relay.IsOver = true;
        SetRooms(relay, []);
        var shown = relay.Came.Values.Select(c => c.Track.Room).Distinct().ToArray();
        relay.Came.Clear();
        relay.Demands.Clear();
        relay.Loop.Post(new CloseRelay(relay.Session.Id));
        foreach (var room in shown)
        {
            Show(relay, room);
        }

        sessions.Remove(relay.Session.Id);
    }
}
