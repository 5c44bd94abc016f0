using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

public readonly record struct ParticipantQuality(string ParticipantSid, QualityLabel Quality);

/// <summary>How the participants of a room are connected, as their clients' reports say. Thread-safe.</summary>
public sealed class RoomQuality
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (QualityLabel Label, DateTimeOffset At)> _labels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, QualityLabel> _changed = new(StringComparer.Ordinal);

    public void Report(string participantSid, QualityLabel label, DateTimeOffset now)
    {
        lock (_gate)
        {
            Set(participantSid, label, now);
        }
    }

    public void Forget(string participantSid)
    {
        lock (_gate)
        {
            _labels.Remove(participantSid);
            _changed.Remove(participantSid);
        }
    }

    /// <summary>What changed since it was asked for last; those who fell silent are lost.</summary>
    public ImmutableArray<ParticipantQuality> TakeChanges(DateTimeOffset now)
    {
        lock (_gate)
        {
            foreach (string silent in _labels.Where(l => l.Value.At < now - Silence && l.Value.Label != QualityLabel.Lost).Select(l => l.Key).ToList())
            {
                Set(silent, QualityLabel.Lost, now);
            }

            ImmutableArray<ParticipantQuality> changes = [.. _changed.Select(c => new ParticipantQuality(c.Key, c.Value))];
            _changed.Clear();
            return changes;
        }
    }

    private void Set(string participantSid, QualityLabel label, DateTimeOffset now)
    {
        if (!_labels.TryGetValue(participantSid, out var known) || known.Label != label)
        {
            _changed[participantSid] = label;
        }

        _labels[participantSid] = (label, now);
    }
}
