using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Speakers;

namespace Nexus.MediaNode.Link;

/// <summary>
/// The rooms that somebody listens to: tells who speaks there, and how people are connected. Costs nothing while there are none.
/// Control thread only.
/// </summary>
internal sealed class ListenedRooms(IReadOnlyList<LoopLink> loops, NodeRooms rooms, Action<LinkMessage> send)
{
    private readonly Dictionary<string, Listened> _listened = [];
    private readonly TakeLevels?[] _taken = new TakeLevels?[loops.Count];
    private readonly Dictionary<string, VoiceReading> _readings = [];
    private readonly Dictionary<string, VoiceReading> _heard = [];
    private int _underWay;

    public Instant NextTimeout { get; private set; } = Instant.Never;

    public void Handle(Instant now, ListenRoom message)
    {
        if (!message.On)
        {
            _listened.Remove(message.Room);
        }
        else if (_listened.TryGetValue(message.Room, out var known))
        {
            Tell(message.Room, known);
            TellConnections(message.Room, known, all: true);
        }
        else
        {
            _listened.Add(message.Room, new Listened());
            TellConnections(message.Room, _listened[message.Room], all: true);
        }

        NextTimeout = _listened.Count == 0 ? Instant.Never : Instant.Min(NextTimeout, now + ActiveSpeakers.Window);
    }

    /// <summary>Another link: who listens will say so again.</summary>
    public void Forget()
    {
        _listened.Clear();
        NextTimeout = Instant.Never;
    }

    /// <summary>Ends a window: asks the loops what was heard, and then decides.</summary>
    public void HandleTimeout(Instant now)
    {
        if (now < NextTimeout)
        {
            return;
        }

        NextTimeout = now + ActiveSpeakers.Window;
        if (_underWay != 0)
        {
            return; // a loop is behind: the window becomes longer
        }

        _underWay = loops.Count;
        for (var i = 0; i < loops.Count; i++)
        {
            loops[i].Post(_taken[i] ??= new TakeLevels { Completed = HandleTaken });
        }
    }

    /// <summary>The sessions' snapshots are fresh.</summary>
    public void HandleSnapshot()
    {
        foreach (var (key, room) in _listened)
        {
            TellConnections(key, room, all: false);
        }
    }

    private void HandleTaken()
    {
        if (--_underWay != 0)
        {
            return;
        }

        _readings.Clear();
        foreach (var (track, reading) in _taken.SelectMany(t => t!.Heard))
        {
            _readings[track] = reading;
        }

        foreach (var (key, room) in _listened)
        {
            if (room.Speakers.Step(HeardIn(key)))
            {
                Tell(key, room);
            }
        }
    }

    /// <summary>Everyone in a room who could be heard, with the loudest of its tracks.</summary>
    private Dictionary<string, VoiceReading> HeardIn(string key)
    {
        _heard.Clear();
        foreach (var track in rooms.Find(key)?.Tracks ?? [])
        {
            if (track.Kind == MediaKind.Audio && !track.Muted)
            {
                var reading = _readings.GetValueOrDefault(track.Sid, VoiceReading.Silence);
                _heard[track.ParticipantSid] = _heard.TryGetValue(track.ParticipantSid, out var other)
                    ? VoiceReading.Louder(reading, other)
                    : reading;
            }
        }

        return _heard;
    }

    private void Tell(string key, Listened room) => send(new RoomLevels(key, room.Speakers.Speakers));

    private void TellConnections(string key, Listened room, bool all)
    {
        var connections = (rooms.Find(key)?.Sessions.Values ?? Enumerable.Empty<NodeSession>())
            .Where(s => s is { Exists: true, Publisher.Snapshot: not null } && s.State is SessionState.Connected or SessionState.Disconnected)
            .GroupBy(s => s.Desired!.ParticipantSid)
            .Select(legs => legs.Select(s => s.Publisher.Connection).MaxBy(c => c.Label)!.Of(legs.Key))
            .ToDictionary(c => c.ParticipantSid);
        foreach (var gone in room.Told.Keys.Where(sid => !connections.ContainsKey(sid)).ToList())
        {
            room.Told.Remove(gone);
        }

        ParticipantConnection[] news = [.. connections.Values.Where(c => all || !room.Told.TryGetValue(c.ParticipantSid, out var told) || told != c.Quality)];
        foreach (var connection in news)
        {
            room.Told[connection.ParticipantSid] = connection.Quality;
        }

        foreach (var part in news.Chunk(MostConnections))
        {
            send(new RoomConnections(key, [.. part]));
        }
    }

    /// <summary>In one message: 500 are about 50 KB.</summary>
    private const int MostConnections = 500;

    private sealed class Listened
    {
        public ActiveSpeakers Speakers { get; } = new();

        /// <summary>The labels that were told, by participant sid.</summary>
        public Dictionary<string, QualityLabel> Told { get; } = [];
    }
}
