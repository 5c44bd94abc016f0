using System.Collections.Immutable;
using Nexus.Contracts;

namespace Nexus.Core;

/// <summary>
/// Gathers what changes in a room until it is told, and numbers it. A participant that changed three times is told once; one
/// that came and went meanwhile only as gone. What was told lately is kept, bounded in number and octets, for readers that lack some. Pure.
/// </summary>
public sealed class RoomJournal(long epoch)
{
    public const int MostKept = 256;

    private readonly Queue<(RoomDelta Delta, long Octets)> _kept = new();
    private long _keptOctets;
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

    /// <summary>The deltas from that version on, to what was told last; null when they are not all kept, or the version is not of this epoch.</summary>
    public ImmutableArray<RoomDelta>? Since(RoomVersion known)
    {
        ImmutableArray<RoomDelta> missed = [.. _kept.Select(k => k.Delta).Where(d => d.To > known.Version)];
        return known.Epoch != epoch || known.Version > _told ? null
            : known.Version == _told ? []
            : missed is [var first, ..] && first.From <= known.Version ? missed
            : null;
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
        Keep(delta);
        return delta;
    }

    private void Keep(RoomDelta delta)
    {
        long octets = delta.Participants.Sum(RosterPages.Octets) + delta.Left.Sum(l => l.Last is { } last ? RosterPages.Octets(last) : 0);
        _kept.Enqueue((delta, octets));
        _keptOctets += octets;
        while (_kept.Count > MostKept || _keptOctets > RosterPages.MostOctets)
        {
            _keptOctets -= _kept.Dequeue().Octets;
        }
    }
}
