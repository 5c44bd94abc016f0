using Nexus.Contracts;

namespace Nexus.Gateway.Sessions;

/// <summary>A room, in a region: where it is, or would be. All that is of a room is in one cluster.</summary>
public sealed class RoomSite(string region, TenantOptions tenant, string room, Func<IGrainFactory> grains)
{
    public string Region => region;

    public string Key { get; } = Keys.Room(tenant.Zone, tenant.Name, room);

    /// <summary>Its name.</summary>
    public string Name => room;

    public IRoomGrain Room => grains().GetGrain<IRoomGrain>(Key);

    public IParticipantGrain Participant(string identity) => grains().GetGrain<IParticipantGrain>(Keys.Participant(Key, identity));

    /// <summary>The way to ask a node that the room is on.</summary>
    /// <param name="nodeRegion">As the node names it.</param>
    public NodeLine Line(string nodeRegion, string id) => new(grains().GetGrain<IMediaNodeGrain>(Keys.MediaNode(nodeRegion, id)));

    /// <summary>Another room of the tenant, in the same region.</summary>
    public RoomSite Beside(string other) => new(region, tenant, other, grains);
}
