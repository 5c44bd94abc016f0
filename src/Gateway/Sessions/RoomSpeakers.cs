using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>Who speaks in a room, and who no longer does.</summary>
/// <param name="Speakers">All who speak now, the dominant speaker first.</param>
/// <param name="Ended">Participant sids that were among the speakers before.</param>
public sealed record SpeakerNews(ImmutableArray<SpeakerLevel> Speakers, ImmutableArray<string> Ended);

/// <summary>Joins what the nodes of a room say of who speaks there. Not thread-safe.</summary>
public sealed class RoomSpeakers
{
    private readonly Dictionary<string, ImmutableArray<SpeakerLevel>> _byNode = new(StringComparer.Ordinal);

    public ImmutableArray<SpeakerLevel> Current { get; private set; } = [];

    /// <summary>All who speak on that node.</summary>
    public void Set(string node, ImmutableArray<SpeakerLevel> speakers)
    {
        if (speakers.IsEmpty)
        {
            _byNode.Remove(node);
        }
        else
        {
            _byNode[node] = speakers;
        }
    }

    /// <summary>
    /// Joins anew; null when nothing changed. Only those in the roster count, each on its own node: hidden ones are not told of, and
    /// who moved or left is not heard where it was.
    /// </summary>
    public SpeakerNews? Join(IReadOnlyDictionary<string, ParticipantView> roster)
    {
        if (_byNode.Count == 0 && Current.IsEmpty)
        {
            return null;
        }

        // Ranks of different nodes are not comparable but for the first: by rank, and within by level.
        ImmutableArray<SpeakerLevel> joined =
        [
            .. _byNode
                .SelectMany(n => n.Value
                    .Where(s => roster.TryGetValue(s.ParticipantSid, out ParticipantView? p) && p.Node == n.Key)
                    .Select((s, rank) => (Speaker: s, Rank: rank)))
                .OrderBy(s => s.Rank).ThenByDescending(s => s.Speaker.Level)
                .Select(s => s.Speaker),
        ];
        if (joined.SequenceEqual(Current))
        {
            return null;
        }

        ImmutableArray<string> ended = [.. Current.Select(s => s.ParticipantSid).Except(joined.Select(s => s.ParticipantSid))];
        Current = joined;
        return new(joined, ended);
    }
}
