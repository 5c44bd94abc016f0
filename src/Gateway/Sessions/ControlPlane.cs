using System.Collections.Immutable;
using Nexus.Contracts;

namespace Nexus.Gateway.Sessions;

/// <summary>Names of the outside world to grains. The one place in the gateway that builds grain keys.</summary>
public interface IControlPlane
{
    IRoomGrain Room(TenantOptions tenant, string room);

    IParticipantGrain Participant(TenantOptions tenant, string room, string identity);

    ITenantGrain Tenant(TenantOptions tenant);

    IInviteBookGrain Invites(TenantOptions tenant);

    IMediaNodeGrain Node(NodeView node);

    /// <summary>The way to ask the node itself.</summary>
    NodeLine Line(string region, string id);

    Task<ImmutableArray<NodeView>> Nodes();

    string RoomKey(TenantOptions tenant, string room);

    /// <summary>A reference that grains can call. Keep the observer alive: Orleans holds it weakly.</summary>
    IGatewayObserver Refer(IGatewayObserver observer);
}

/// <summary>The grains of the cluster.</summary>
public sealed class ControlPlane(IGrainFactory grains) : IControlPlane
{
    public IRoomGrain Room(TenantOptions tenant, string room) => grains.GetGrain<IRoomGrain>(RoomKey(tenant, room));

    public IParticipantGrain Participant(TenantOptions tenant, string room, string identity) =>
        grains.GetGrain<IParticipantGrain>(Keys.Participant(RoomKey(tenant, room), identity));

    public ITenantGrain Tenant(TenantOptions tenant) => grains.GetGrain<ITenantGrain>(Keys.Tenant(tenant.Zone, tenant.Name));

    public IInviteBookGrain Invites(TenantOptions tenant) => grains.GetGrain<IInviteBookGrain>(Keys.Tenant(tenant.Zone, tenant.Name));

    public IMediaNodeGrain Node(NodeView node) => grains.GetGrain<IMediaNodeGrain>(Keys.MediaNode(node.Region, node.Id));

    public NodeLine Line(string region, string id) => new(grains.GetGrain<IMediaNodeGrain>(Keys.MediaNode(region, id)));

    public Task<ImmutableArray<NodeView>> Nodes() => grains.GetGrain<INodeDirectoryGrain>(Keys.NodeDirectory).List();

    public IGatewayObserver Refer(IGatewayObserver observer) => grains.CreateObjectReference<IGatewayObserver>(observer);

    public string RoomKey(TenantOptions tenant, string room) => Keys.Room(tenant.Zone, tenant.Name, room);
}
