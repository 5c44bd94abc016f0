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

    /// <summary>The media nodes of the cluster, lost ones too.</summary>
    /// <exception cref="OrleansException">No silo answers.</exception>
    /// <exception cref="TimeoutException">No silo answers in time.</exception>
    Task<ImmutableArray<NodeView>> Nodes();

    /// <summary>This process is there, and serves its clients.</summary>
    /// <exception cref="OrleansException">No silo answers.</exception>
    /// <exception cref="TimeoutException">No silo answers in time.</exception>
    Task RenewGateway(SessionHolder gateway);

    /// <summary>This process stops. As <see cref="RenewGateway"/>.</summary>
    Task LeaveGateway(string gateway);

    string RoomKey(TenantOptions tenant, string room);

    /// <summary>A reference that grains can call. Keep the observer alive: Orleans holds it weakly.</summary>
    IGatewayObserver Refer(IGatewayObserver observer);
}

/// <summary>The grains of the cluster.</summary>
/// <param name="grains">Asked each time: a client that has not found its cluster yet throws.</param>
public sealed class ControlPlane(Func<IGrainFactory> grains) : IControlPlane
{
    /// <summary>Each goes to another silo by chance: one that is frozen keeps nobody waiting for what all know.</summary>
    private const int Tries = 3;

    public IRoomGrain Room(TenantOptions tenant, string room) => grains().GetGrain<IRoomGrain>(RoomKey(tenant, room));

    public IParticipantGrain Participant(TenantOptions tenant, string room, string identity) =>
        grains().GetGrain<IParticipantGrain>(Keys.Participant(RoomKey(tenant, room), identity));

    public ITenantGrain Tenant(TenantOptions tenant) => grains().GetGrain<ITenantGrain>(Keys.Tenant(tenant.Zone, tenant.Name));

    public IInviteBookGrain Invites(TenantOptions tenant) => grains().GetGrain<IInviteBookGrain>(Keys.Tenant(tenant.Zone, tenant.Name));

    public IMediaNodeGrain Node(NodeView node) => grains().GetGrain<IMediaNodeGrain>(Keys.MediaNode(node.Region, node.Id));

    public NodeLine Line(string region, string id) => new(grains().GetGrain<IMediaNodeGrain>(Keys.MediaNode(region, id)));

    public Task<ImmutableArray<NodeView>> Nodes() => AtSomeSilo(key => grains().GetGrain<INodeListGrain>(key).List());

    public Task RenewGateway(SessionHolder gateway) => AtSomeSilo(key => Done(grains().GetGrain<IGatewayListGrain>(key).Renew(gateway)));

    public Task LeaveGateway(string gateway) => AtSomeSilo(key => Done(grains().GetGrain<IGatewayListGrain>(key).Leave(gateway)));

    private static async Task<T> AtSomeSilo<T>(Func<int, Task<T>> ask)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                return await ask(i);
            }
            catch (Exception e) when (i + 1 < Tries && e is (TimeoutException or OrleansException))
            {
                // another silo may answer
            }
        }
    }

    private static async Task<bool> Done(Task act)
    {
        await act;
        return true;
    }

    public IGatewayObserver Refer(IGatewayObserver observer) => grains().CreateObjectReference<IGatewayObserver>(observer);

    public string RoomKey(TenantOptions tenant, string room) => Keys.Room(tenant.Zone, tenant.Name, room);
}
