using Nexus.Contracts;

namespace Nexus.Core;

/// <summary>
/// Gathers what changes in a room until it is told, and numbers it. A participant that changed three times is told once; one
/// that came and went meanwhile only as gone. Pure.
/// </summary>
public sealed class RoomJournal(long epoch)
{
    private readonly Dictionary<string, ParticipantView> _changed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Departure> _left = new(StringComparer.Ordinal);
    private string? _metadata;
    private bool? _locked;
    private long _told;

    public Departures Departed { get; } = new();

    public long Epoch => epoch;

    /// <summary>Number of the latest change.</summary>
    public long Version { get; private set; }

    public bool HasNews => Version > _told;

    public void Changed(ParticipantView participant)
    {
        if (!participant.Hidden)
        {
            Version++;
            _left.Remove(participant.Sid);
            _changed[participant.Sid] = participant with { Subscriptions = [] };
        }
    }

    public void Left(ParticipantView participant, string? reason)
    {
        if (!participant.Hidden)
        {
            Version++;
            _changed.Remove(participant.Sid);
            _left[participant.Sid] = Departure.Of(participant, reason);
            Departed.Add(_left[participant.Sid]);
        }
    }

    public void MetadataChanged(string metadata)
    {
        Version++;
        _metadata = metadata;
    }

    public void LockChanged(bool locked)
    {
        Version++;
        _locked = locked;
    }

    /// <summary>What is new since the last delta, and forgets it; null when nothing is.</summary>
    public RoomDelta? Take()
    {
        if (!HasNews)
        {
            return null;
        }

        var delta = new RoomDelta
        {
            Epoch = epoch,
            From = _told,
            To = Version,
            Participants = [.. _changed.Values],
            Left = [.. _left.Values],
            Metadata = _metadata,
            Locked = _locked,
        };
        _told = Version;
        _changed.Clear();
        _left.Clear();
        (_metadata, _locked) = (null, null);
        return delta;
    }
}
