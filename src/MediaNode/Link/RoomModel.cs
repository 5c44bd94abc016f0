using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Link;

/// <summary>A published track as the control side of a node knows it.</summary>
/// <param name="Order">Publication order within the room.</param>
internal sealed record RoomTrack(
    string Sid, string Session, string Identity, MediaKind Kind, RtpCodec Codec, long Order, bool Muted = false, string ParticipantSid = "")
{
    /// <summary>Who may receive it.</summary>
    public Audience Audience { get; init; } = Audience.All;

    public bool Admits(SessionDesired subscriber) => Audience.Admits(subscriber.Identity, subscriber.ParticipantSid, Sid);
}

/// <summary>One room on this node: which loop it lives on, its sessions, and its tracks in publication order.</summary>
internal sealed class RoomModel(string key, LoopLink loop)
{
    private readonly List<RoomTrack> _tracks = [];

    public string Key => key;

    public LoopLink Loop => loop;

    public Dictionary<string, NodeSession> Sessions { get; } = [];

    public IReadOnlyList<RoomTrack> Tracks => _tracks;

    /// <summary>When <see cref="TrackDemands"/> may look at it again.</summary>
    public Instant NextDemand { get; set; } = Instant.Zero;

    public RoomTrack? Find(string sid) => _tracks.Find(t => t.Sid == sid);

    /// <summary>Removes the tracks of one session; false when it has none.</summary>
    public bool RemoveTracks(string session) => _tracks.RemoveAll(t => t.Session == session) != 0;

    /// <summary>Brings the tracks of one session to what it publishes now; those that stay keep their order.</summary>
    public void SetTracks(string session, IReadOnlyList<RoomTrack> tracks)
    {
        _tracks.RemoveAll(t => t.Session == session && tracks.All(n => n.Sid != t.Sid));
        foreach (var track in tracks)
        {
            var place = _tracks.FindIndex(t => t.Sid == track.Sid);
            if (place >= 0)
            {
                _tracks[place] = track with { Order = _tracks[place].Order };
            }
            else
            {
                _tracks.Add(track);
            }
        }

        _tracks.Sort((a, b) => a.Order.CompareTo(b.Order));
    }
}
