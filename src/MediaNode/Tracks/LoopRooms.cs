namespace Nexus.MediaNode.Tracks;

/// <summary>What the tracks of a room share on a loop, while there is anybody or anything of it there. Loop's thread.</summary>
internal sealed class LoopRooms
{
    private readonly Dictionary<string, RoomAudio> _audio = [];

    /// <summary>A session of a participant.</summary>
    public RoomAudio Enter(string room, string identity)
    {
        var audio = Of(room);
        audio.Enter(identity);
        return audio;
    }

    public void Leave(string room, string identity)
    {
        if (_audio.TryGetValue(room, out var audio))
        {
            audio.Leave(identity);
            ForgetIfEmpty(room, audio);
        }
    }

    /// <summary>A track that comes from another loop.</summary>
    public RoomAudio EnterTrack(string room)
    {
        var audio = Of(room);
        audio.TracksFromElsewhere++;
        return audio;
    }

    public void LeaveTrack(string room)
    {
        if (_audio.TryGetValue(room, out var audio))
        {
            audio.TracksFromElsewhere--;
            ForgetIfEmpty(room, audio);
        }
    }

    /// <summary>How many people are in the room, over all loops. Nothing of a room that is not here.</summary>
    public void SetPeople(string room, int people) => _audio.GetValueOrDefault(room)?.SetPeople(people);

    private RoomAudio Of(string room)
    {
        if (!_audio.TryGetValue(room, out var audio))
        {
            _audio.Add(room, audio = new RoomAudio());
        }

        return audio;
    }

    private void ForgetIfEmpty(string room, RoomAudio audio)
    {
        if (audio.IsEmpty)
        {
            _audio.Remove(room);
        }
    }
}
