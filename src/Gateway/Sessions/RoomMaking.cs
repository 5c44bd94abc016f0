using Nexus.Contracts;

namespace Nexus.Gateway.Sessions;

/// <summary>Rooms that are made before anybody joins them.</summary>
public static class RoomMaking
{
    /// <summary>Makes the room, or changes the one that is there, wherever it is. As <see cref="IRoomGrain.Create"/>.</summary>
    public static async Task<RoomResult> Create(this IControlPlane control, TenantOptions tenant, string room, RoomPolicy policy, TenantRules rules)
    {
        var search = new RoomSearch(control, tenant, room, control.Region);
        while (search.Next() is { } site)
        {
            try
            {
                RoomResult made = await site.Room.Create(policy, rules);
                if (search.IsDone(made.Error, made.Home))
                {
                    return made;
                }
            }
            catch (RegionAwayException away)
            {
                search.Away(away);
            }
        }

        return new(search.Refusal, null);
    }
}
