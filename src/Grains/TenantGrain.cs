using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Placement;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>The index of a tenant's rooms. Rooms announce themselves, so it is whole again soon after a loss.</summary>
[ZonePlacement]
public sealed class TenantGrain : Grain, ITenantGrain
{
    private readonly RoomIndex _rooms = new();

    public Task<ActResult> OpenRoom(RoomHeadline room, TenantRules rules)
    {
        if (rules.MaxRooms > 0 && _rooms.Count >= rules.MaxRooms && !_rooms.Contains(room.Name))
        {
            return Task.FromResult(ActResult.Refused(
                ReasonCodes.QuotaRooms, $"this tenant may have {rules.MaxRooms} rooms at once and has them: close one, or raise quotas.maxRooms"));
        }

        _rooms.Put(room);
        return Task.FromResult(ActResult.Done);
    }

    public Task UpdateRoom(RoomHeadline room)
    {
        _rooms.Put(room);
        return Task.CompletedTask;
    }

    public Task CloseRoom(string room)
    {
        _rooms.Remove(room);
        return Task.CompletedTask;
    }

    public Task<RoomNames> Rooms(RoomQuery query)
    {
        if (_rooms.Count == 0)
        {
            DeactivateOnIdle(); // asking for the rooms of a tenant that has none leaves no grain behind
        }

        return Task.FromResult(_rooms.Find(query));
    }
}
