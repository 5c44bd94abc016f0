using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>Who is in a room. The newest version of each participant wins, whatever the order they arrive in.</summary>
public sealed class Roster
{
    private readonly Dictionary<string, ParticipantView> _byIdentity = new(StringComparer.Ordinal);

    public int Count => _byIdentity.Count;

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

    public void Clear() => _byIdentity.Clear();

    /// <summary>A new sid is a new stay; its end is only taken from that stay itself.</summary>
    private static bool IsNewer(ParticipantView candidate, ParticipantView old) =>
        candidate.Sid == old.Sid
            ? candidate.Version > old.Version
            : candidate.State != ParticipantState.Disconnected && candidate.JoinedAt >= old.JoinedAt;
}
