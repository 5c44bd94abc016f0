using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Speakers;

namespace Nexus.MediaNode.Tracks;

/// <summary>
/// What the audio tracks of one room share on a loop: in a big room, who of them is forwarded, and everywhere who spoke last. Loop's
/// thread.
/// </summary>
internal sealed class RoomAudio
{
    /// <summary>Who spoke before so many others has the rank of those who never spoke.</summary>
    private const int MostRemembered = 64;

    private readonly AudioSelection _selection = new();
    private readonly DominantSpeaker _dominant = new();
    private readonly List<string> _spoke = [];
    private Instant _nextDecision = Instant.Zero;
    private readonly Dictionary<string, int> _people = [];
    private int _peopleInAll;

    /// <summary>Tracks that come from other loops, and are judged by this room's voices.</summary>
    public int TracksFromElsewhere { get; set; }

    /// <summary>Neither people nor tracks of it are here any more.</summary>
    public bool IsEmpty => _people.Count + TracksFromElsewhere == 0;

    /// <summary>Sessions of a participant come and go; it counts as one.</summary>
    public void Enter(string identity)
    {
        _people[identity] = _people.GetValueOrDefault(identity) + 1;
        TellPeople();
    }

    public void Leave(string identity)
    {
        if (_people.TryGetValue(identity, out var sessions) && sessions > 1)
        {
            _people[identity] = sessions - 1;
        }
        else
        {
            _people.Remove(identity);
        }

        TellPeople();
    }

    /// <summary>How many people there are over all loops, where the room is on more than one.</summary>
    public void SetPeople(int people)
    {
        _peopleInAll = people;
        TellPeople();
    }

    /// <summary>Whether a packet of a track is forwarded to anybody.</summary>
    public bool Admits(Instant now, ref AudioTicket ticket, AudioLevel? level) => _selection.Admits(now, ref ticket, level);

    /// <summary>Takes a packet's level. Decisions are made as packets come: a silent room needs none.</summary>
    public void Observe(Instant now, SpeakerActivity speaker, AudioLevel level)
    {
        _dominant.Observe(now, speaker, level);
        if (now < _nextDecision)
        {
            return;
        }

        _nextDecision = now + DominantSpeaker.Interval;
        if (_dominant.Decide(now) && _dominant.Current is { } current)
        {
            _spoke.Remove(current.Sid);
            _spoke.Insert(0, current.Sid);
            if (_spoke.Count > MostRemembered)
            {
                _spoke.RemoveAt(MostRemembered);
            }
        }
    }

    /// <summary>Place of a participant among those who spoke last, 0 who does now; <see cref="ushort.MaxValue"/> who has not.</summary>
    public ushort RankOf(string participant)
    {
        var rank = _spoke.IndexOf(participant);
        return rank < 0 ? ushort.MaxValue : (ushort)rank;
    }

    /// <summary>The track ends, or is muted.</summary>
    /// <param name="speaker">Null of a video.</param>
    public void Leave(ref AudioTicket ticket, SpeakerActivity? speaker)
    {
        _selection.Leave(ref ticket);
        if (speaker is not null)
        {
            _dominant.Leave(speaker);
        }
    }

    private void TellPeople() => _selection.SetPeople(Math.Max(_people.Count, _peopleInAll));
}
