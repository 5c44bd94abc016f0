using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>Who is in a room. The newest version of each participant wins, whatever the order they arrive in.</summary>
public sealed class Roster
{
    private readonly Dictionary<string, ParticipantView> _byIdentity = new(StringComparer.Ordinal);

    public int Count => _byIdentity.Count;

    /// <summary>How many publish something.</summary>
    public int Publishers => _byIdentity.Values.Count(p => !p.Tracks.IsEmpty);

    /// <summary>In order of joining.</summary>
    public ImmutableArray<ParticipantView> All =>
        [.. _byIdentity.Values.OrderBy(p => p.JoinedAt).ThenBy(p => p.Identity, StringComparer.Ordinal)];

    /// <summary>Takes a joiner in. Someone who is there already (a further leg, or a return) never meets the limit.</summary>
    /// <param name="maxParticipants">0 means no limit.</param>
    public LinkError? Admit(ParticipantView participant, int maxParticipants)
    {
        if (maxParticipants > 0 && _byIdentity.Count >= maxParticipants && !_byIdentity.ContainsKey(participant.Identity))
        {
            return new LinkError(ReasonCodes.RoomFull, $"the room holds {maxParticipants} participants and is full: wait for someone to leave, or raise maxParticipants");
        }

        Update(participant);
        return null;
    }

    /// <summary>Takes a newer state; Disconnected removes. False when it changed nothing.</summary>
    public bool Update(ParticipantView participant)
    {
        bool known = _byIdentity.TryGetValue(participant.Identity, out ParticipantView? old);
        if (known && !IsNewer(participant, old!))
        {
            return false;
        }

        if (participant.State != ParticipantState.Disconnected)
        {
            _byIdentity[participant.Identity] = participant;
            return true;
        }

        return known && _byIdentity.Remove(participant.Identity);
    }

    public ParticipantView? Find(string identity) => _byIdentity.GetValueOrDefault(identity);

    /// <summary>Those who are seen by others, in order of identity, from the one after <paramref name="after"/> on; and whether there are more.</summary>
    public (ImmutableArray<ParticipantView> Page, bool HasMore) Page(string after) => RosterPages.First(
        _byIdentity.Values.Where(p => !p.Hidden && string.CompareOrdinal(p.Identity, after) > 0).OrderBy(p => p.Identity, StringComparer.Ordinal));

    /// <summary>People in order of identity, hidden ones too.</summary>
    public RosterPage Page(RosterQuery query)
    {
        IEnumerable<ParticipantView> asked = query.Identity is { } one ? Find(one) is { } found ? [found] : [] : _byIdentity.Values;
        ImmutableArray<ParticipantView> page =
        [
            .. asked.Where(p => string.CompareOrdinal(p.Identity, query.After) > 0 && (!query.PublishersOnly || !p.Tracks.IsEmpty) && IsFound(p, query.Search))
                .OrderBy(p => p.Identity, StringComparer.Ordinal).Take(query.Limit),
        ];
        return new(page, page.Length > 0 && page.Length == query.Limit ? page[^1].Identity : null);
    }

    private static bool IsFound(ParticipantView participant, string search) =>
        participant.Identity.Contains(search, StringComparison.OrdinalIgnoreCase) || participant.Name.Contains(search, StringComparison.OrdinalIgnoreCase);

    public void Clear() => _byIdentity.Clear();

    /// <summary>A new sid is a new stay; its end is only taken from that stay itself.</summary>
    private static bool IsNewer(ParticipantView candidate, ParticipantView old) =>
        candidate.Sid == old.Sid
            ? candidate.Version > old.Version
            : candidate.State != ParticipantState.Disconnected && candidate.JoinedAt >= old.JoinedAt;
}
