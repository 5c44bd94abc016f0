using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <param name="Score">The mean opinion score that the node expects, 1 to 4.4; null while it says nothing.</param>
public readonly record struct ParticipantQuality(string ParticipantSid, QualityLabel Quality, double? Score = null);

/// <summary>
/// How the participants of a room are connected: as their clients report and as their nodes measure, of which the worse counts.
/// Thread-safe.
/// </summary>
public sealed class RoomQuality
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Connection> _connections = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);

    /// <summary>From a client, about once a second; one that falls silent is lost.</summary>
    public void Report(string participantSid, QualityLabel label, DateTimeOffset now) =>
        Set(participantSid, c => c with { Client = label, ReportedAt = now });

    /// <summary>From a node, on change.</summary>
    public void Measure(ParticipantConnection measured) =>
        Set(measured.ParticipantSid, c => c with { Node = measured.Quality, Score = measured.Score });

    /// <summary>No node tells of it any more.</summary>
    public void Unmeasure(string participantSid) => Set(participantSid, c => c with { Node = null, Score = null });

    public void Forget(string participantSid)
    {
        lock (_gate)
        {
            _connections.Remove(participantSid);
            _changed.Remove(participantSid);
        }
    }

    /// <summary>Null when nothing was told of the participant.</summary>
    public ParticipantQuality? Find(string participantSid)
    {
        lock (_gate)
        {
            return _connections.ContainsKey(participantSid) ? Of(participantSid) : null;
        }
    }

    /// <summary>What was told so far.</summary>
    public ImmutableArray<ParticipantQuality> All(Func<string, bool> isKnown)
    {
        lock (_gate)
        {
            return [.. _connections.Keys.Where(isKnown).Select(Of).OfType<ParticipantQuality>()];
        }
    }

    /// <summary>What changed since it was asked for last; those who fell silent are lost.</summary>
    /// <param name="isKnown">Whether clients know the participant; what changed of others waits until they do.</param>
    public ImmutableArray<ParticipantQuality> TakeChanges(DateTimeOffset now, Func<string, bool> isKnown)
    {
        lock (_gate)
        {
            foreach (string silent in _connections.Where(c => c.Value.IsSilent(now)).Select(c => c.Key).ToList())
            {
                Set(silent, c => c with { Client = QualityLabel.Lost });
            }

            ImmutableArray<ParticipantQuality> changes = [.. _changed.Where(isKnown).Select(Of).OfType<ParticipantQuality>()];
            _changed.RemoveWhere(sid => isKnown(sid));
            return changes;
        }
    }

    private ParticipantQuality? Of(string participantSid) =>
        _connections[participantSid] is { Label: { } label } known ? new(participantSid, label, known.Score) : null;

    private void Set(string participantSid, Func<Connection, Connection> change)
    {
        lock (_gate)
        {
            Connection before = _connections.GetValueOrDefault(participantSid);
            Connection after = _connections[participantSid] = change(before);
            if (after.Label != before.Label)
            {
                _changed.Add(participantSid);
            }
        }
    }

    private readonly record struct Connection(QualityLabel? Client, DateTimeOffset ReportedAt, QualityLabel? Node, double? Score)
    {
        public bool IsSilent(DateTimeOffset now) => Client is not (null or QualityLabel.Lost) && ReportedAt < now - Silence;

        public QualityLabel? Label => (Client, Node) switch
        {
            ({ } client, { } node) => client > node ? client : node,
            _ => Client ?? Node,
        };
    }
}
