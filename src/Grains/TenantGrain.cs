using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Grains.Placement;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>The index of a tenant's rooms. Rooms announce themselves, so it is whole again soon after a loss.</summary>
[ZonePlacement]
public sealed class TenantGrain : Grain, ITenantGrain
{
    private readonly SortedSet<string> _rooms = new(StringComparer.Ordinal);

    public Task<ActResult> OpenRoom(string room, TenantRules rules)
    {
        if (rules.MaxRooms > 0 && _rooms.Count >= rules.MaxRooms && !_rooms.Contains(room))
        {
            return Task.FromResult(ActResult.Refused(
                ReasonCodes.QuotaRooms, $"this tenant may have {rules.MaxRooms} rooms at once and has them: close one, or raise quotas.maxRooms"));
        }

        _rooms.Add(room);
        return Task.FromResult(ActResult.Done);
    }

    public Task CloseRoom(string room)
    {
        _rooms.Remove(room);
        return Task.CompletedTask;
    }

    public Task<RoomNames> Rooms(string after, int limit)
    {
        if (_rooms.Count == 0)
        {
            DeactivateOnIdle(); // asking for the rooms of a tenant that has none leaves no grain behind
        }

        ImmutableArray<string> page = [.. _rooms.SkipWhile(r => string.CompareOrdinal(r, after) <= 0).Take(limit)];
        return Task.FromResult(new RoomNames(_rooms.Count, page, page.Length > 0 && page.Length == limit ? page[^1] : null));
    }
}
