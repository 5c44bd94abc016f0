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
    private readonly Queue<Departure> _departed = new();
    private string? _metadata;
    private bool? _locked;
    private long _told;

    /// <summary>Departures that are kept for clients that missed them.</summary>
    public const int MostDeparted = 256;

    /// <summary>The latest departures, oldest first.</summary>
    public IReadOnlyCollection<Departure> Departed => _departed;

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
            _left[participant.Sid] = new(participant.Sid, participant.Identity, reason ?? Link.ReasonCodes.ClientLeft);
            _departed.Enqueue(_left[participant.Sid]);
            if (_departed.Count > MostDeparted)
            {
                _departed.Dequeue();
            }
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
