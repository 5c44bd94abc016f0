using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Relay;

namespace Nexus.MediaNode.Link;

/// <content>Which tracks of which rooms go over a link, and which have come.</content>
internal sealed partial class NodeRelays
{
    private void SetRooms(NodeRelay relay, ImmutableArray<string> keys)
    {
        foreach (var gone in relay.Rooms.Where(k => !keys.Contains(k)).ToArray())
        {
            relay.Rooms.Remove(gone);
            foreach (var key in relay.Offers.Keys.Where(k => k.Room == gone).ToArray())
            {
                Withdraw(relay, key);
            }

            relay.Loop.Post(new SetRelayRoom(relay.Session.Id, gone, []));
            if (rooms.Find(gone) is { } room)
            {
                room.Links.Remove(relay.Link);
                RoomSpans.Tell(room);
                demanded(room);
            }
        }

        foreach (var key in keys.Where(relay.Rooms.Add))
        {
            if (rooms.Find(key) is { } room)
            {
                room.Links.Add(relay.Link);
                RoomSpans.Tell(room);
                Offer(relay, room);
            }
        }
    }

    private void Offer(NodeRelay relay, RoomModel room)
    {
        var wanted = new Dictionary<OfferKey, RelayedTrack>();
        foreach (var track in room.Tracks.Where(t => sessions.GetValueOrDefault(t.Publisher) is { Exists: true }))
        {
            foreach (var format in track.Formats.Where(f => f.Mid is not null))
            {
                wanted[new(room.Key, track.Publisher, format.Mid!)] = new RelayedTrack(room.Key, track.Identity, track.ParticipantSid, track.Sid, track.Kind, format.Codec)
                {
                    Audience = track.Audience,
                    Source = NodeReporter.TracksOf(sessions[track.Publisher]).FirstOrDefault(t => t.Sid == track.Sid)?.Source ?? "",
                };
            }
        }

        foreach (var (key, offered) in relay.Offers.Where(o => o.Key.Room == room.Key).ToArray())
        {
            if (!wanted.TryGetValue(key, out var track) || track != offered.Track)
            {
                Withdraw(relay, key);
            }
        }

        foreach (var (key, track) in wanted.Where(w => !relay.Offers.ContainsKey(w.Key)))
        {
            var way = ways.Take(relay.Session, key.ToString(), room.Tracks.First(t => t.Sid == track.Sid), key.Mid);
            var offer = new OfferTrack(relay.Session.Id, key.Publisher, key.Mid, way, track);
            relay.Offers.Add(key, (track, offer));
            relay.Loop.Post(offer);
        }
    }

    private void Withdraw(NodeRelay relay, OfferKey key)
    {
        if (relay.Offers.Remove(key, out var offered))
        {
            relay.Loop.Post(offered.Command.Withdraw());
            ways.Release(relay.Session, key.ToString());
            relay.Demands.Remove((key.Room, offered.Track.Sid, offered.Track.Codec.Kind));
        }
    }

    private void Show(NodeRelay relay, string key)
    {
        if (rooms.Find(key) is { } room)
        {
            ShowIn(relay, room);
            rebind(room);
        }
    }

    /// <summary>Makes what a link has brought for a room its tracks.</summary>
    private void ShowIn(NodeRelay relay, RoomModel room)
    {
        var tracks = relay.Came.Values.Where(c => c.Track.Room == room.Key).GroupBy(c => c.Track.Sid).Select(formats =>
        {
            var first = formats.First();
            return new RoomTrack(
                first.Track.Sid,
                relay.Session.Id,
                first.Track.Identity,
                first.Track.Kind,
                [.. formats.Select(f => new TrackFormat(f.Track.Codec, f.Mid))],
                rooms.NextOrder(),
                first.Muted,
                first.Track.ParticipantSid)
            {
                Audience = first.Track.Audience,
                Source = first.Track.Source,
            };
        });
        room.SetTracks(relay.Session.Id, [.. tracks]);
    }
}

/// <summary>A link as a room knows it.</summary>
/// <param name="Peer">As the data routers of its loops see it.</param>
internal sealed record RoomLink(NodeRelay Relay, RelayDataPeer Peer);

/// <summary>What a track is known by that goes over a link, in one of its codecs.</summary>
internal sealed record OfferKey(string Room, string Publisher, string Mid);

/// <summary>What the control side knows of a link in one generation.</summary>
internal sealed class NodeRelay
{
    public NodeRelay(RelayDesired desired, LoopLink loop, IceCredentials local, RelayEndpoint endpoint)
    {
        Generation = desired.Generation;
        Loop = loop;
        Local = local;
        Session = new NodeSession($"{desired.Id}#{desired.Generation}") { Loop = loop };
        Link = new RoomLink(this, new RelayDataPeer(loop.Loop, Session.Id));
        Actual = new RelayActual(desired.Id, desired.Generation, endpoint.ToString(), SessionState.New, null);
    }

    public long Generation { get; }

    public LoopLink Loop { get; }

    public IceCredentials Local { get; }

    /// <summary>As publisher of what it brings, and as receiver of what comes to its loop over rings.</summary>
    public NodeSession Session { get; }

    public RoomLink Link { get; }

    public RelayActual Actual { get; set; }

    public bool IsOpen { get; set; }

    public bool IsOver { get; set; }

    /// <summary>Keys of rooms that are at the other end too.</summary>
    public HashSet<string> Rooms { get; } = [];

    public Dictionary<OfferKey, (RelayedTrack Track, OfferTrack Command)> Offers { get; } = [];

    /// <summary>What the other end has offered, by section of the link's session.</summary>
    public Dictionary<string, RelayTrackCame> Came { get; } = [];

    /// <summary>What the other end wants.</summary>
    public Dictionary<(string Room, string Sid, CodecKind Codec), LayerDemand> Demands { get; } = [];
}
