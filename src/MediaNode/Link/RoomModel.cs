using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Link;

/// <summary>A published track as the control side of a node knows it.</summary>
/// <param name="Session">The one in this room.</param>
/// <param name="Formats">In which it is to be had, each of another codec: who receives it gets the first that it can decode.</param>
/// <param name="Order">Publication order within the room.</param>
internal sealed record RoomTrack(
    string Sid, string Session, string Identity, MediaKind Kind, ImmutableArray<TrackFormat> Formats, long Order, bool Muted = false, string ParticipantSid = "")
{
    /// <summary>The session on the loop that sends it: not <see cref="Session"/> where that is a forward.</summary>
    public string Publisher { get; init; } = Session;

    /// <summary>As its publisher calls it, of one that came from another node.</summary>
    public string? Source { get; init; }

    /// <summary>Who may receive it.</summary>
    public Audience Audience { get; init; } = Audience.All;

    public IEnumerable<RtpCodec> Codecs => Formats.Select(f => f.Codec);

    /// <summary>The format in which a receiver of these gets it; null when it can decode none.</summary>
    public TrackFormat? FormatFor(IReadOnlyList<RtpCodec> receivers) => Formats.FirstOrDefault(f => CodecMatch.Best(receivers, f.Codec) is not null);

    public bool Admits(SessionDesired subscriber) => Audience.Admits(subscriber.Identity, subscriber.ParticipantSid, Sid);
}

/// <summary>A track that a section plays, and the format in which it does.</summary>
internal sealed record BoundTrack(RoomTrack Track, TrackFormat Format)
{
    public string Sid => Track.Sid;
}

/// <summary>One room on this node: its sessions, on which loops they are, and its tracks in publication order.</summary>
/// <param name="home">Where its sessions go as long as that loop is not loaded.</param>
internal sealed class RoomModel(string key, LoopLink home)
{
    private readonly List<RoomTrack> _tracks = [];
    private readonly Dictionary<LoopLink, int> _loops = [];
    private readonly Dictionary<string, (LoopLink Loop, int Sessions)> _people = [];

    public string Key => key;

    public LoopLink Home => home;

    /// <summary>Where there are clients of it.</summary>
    public IReadOnlyCollection<LoopLink> Loops => _loops.Keys;

    /// <summary>Loops that were told that it is on others too; <see cref="RoomSpans"/>'s own.</summary>
    public HashSet<LoopLink> Spanned { get; } = [];

    /// <summary>Links to other nodes that the room is on too.</summary>
    public List<RoomLink> Links { get; } = [];

    /// <summary>Its tracks have changed.</summary>
    public Action<RoomModel>? TracksChanged { get; init; }

    /// <summary>Participants with a connection.</summary>
    public int PeopleCount => _people.Count;

    public Dictionary<string, NodeSession> Sessions { get; } = [];

    public IReadOnlyList<RoomTrack> Tracks => _tracks;

    /// <summary>When <see cref="TrackDemands"/> may look at it again.</summary>
    public Instant NextDemand { get; set; } = Instant.Zero;

    /// <summary>Where a participant has a session already: all of one's are together. Null of one who is new.</summary>
    public LoopLink? LoopOf(string participantSid) => _people.TryGetValue(participantSid, out var known) ? known.Loop : null;

    /// <summary>A session with a connection of its own.</summary>
    public void Count(string participantSid, LoopLink loop)
    {
        _loops[loop] = _loops.GetValueOrDefault(loop) + 1;
        _people[participantSid] = (loop, _people.GetValueOrDefault(participantSid).Sessions + 1);
    }

    public void Discount(string participantSid, LoopLink loop)
    {
        if (--_loops[loop] == 0)
        {
            _loops.Remove(loop);
        }

        var (known, sessions) = _people[participantSid];
        if (sessions == 1)
        {
            _people.Remove(participantSid);
        }
        else
        {
            _people[participantSid] = (known, sessions - 1);
        }
    }

    public RoomTrack? Find(string sid) => _tracks.Find(t => t.Sid == sid);

    /// <summary>Removes the tracks of one session; false when it has none.</summary>
    public bool RemoveTracks(string session)
    {
        var any = _tracks.RemoveAll(t => t.Session == session) != 0;
        if (any)
        {
            TracksChanged?.Invoke(this);
        }

        return any;
    }

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
        TracksChanged?.Invoke(this);
    }
}
