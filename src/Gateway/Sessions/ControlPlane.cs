using System.Collections.Concurrent;
using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;

namespace Nexus.Gateway.Sessions;

/// <summary>
/// Names of the outside world to grains, in whichever region these are. The one place in the gateway that builds grain keys, and that
/// knows of regions.
/// </summary>
public interface IControlPlane
{
    /// <summary>The region of this gateway.</summary>
    string Region { get; }

    /// <summary>The room where it is; where it would be opened from here, when it is nowhere. At most one call to another region.</summary>
    /// <exception cref="RegionAwayException">The region that knows where it is cannot be reached.</exception>
    /// <exception cref="OrleansException">No silo answers.</exception>
    /// <exception cref="TimeoutException">No silo answers in time.</exception>
    ValueTask<RoomSite> Locate(TenantOptions tenant, string room);

    /// <summary>Where to try to open a room, best first; a room that is open elsewhere says so. Empty when the tenant may be in none of the regions.</summary>
    /// <param name="wished">The region that is wished for.</param>
    ImmutableArray<RoomSite> Candidates(TenantOptions tenant, string room, string wished);

    /// <summary>The room as it would be in that region.</summary>
    RoomSite At(string region, TenantOptions tenant, string room);

    /// <summary>Clients of this process are in the room: it is there until <see cref="Leave"/>.</summary>
    void Serve(RoomSite site);

    /// <summary>None of them is any more.</summary>
    void Leave(RoomSite site);

    /// <summary>A page of the tenant's rooms, wherever they are.</summary>
    Task<RoomList> Rooms(TenantOptions tenant, RoomQuery query);

    IInviteBookGrain Invites(TenantOptions tenant);

    /// <param name="region">Of the cluster that the node is linked to.</param>
    IMediaNodeGrain Node(string region, NodeView node);

    /// <summary>The media nodes of all regions, lost ones too.</summary>
    Task<RegionAnswers<ImmutableArray<NodeView>>> Nodes();

    /// <summary>Those of one region.</summary>
    /// <exception cref="OrleansException">No silo answers.</exception>
    /// <exception cref="TimeoutException">No silo answers in time.</exception>
    Task<ImmutableArray<NodeView>> Nodes(string region);

    /// <summary>This process is there, and serves its clients whose rooms are in that region.</summary>
    /// <exception cref="OrleansException">No silo answers.</exception>
    /// <exception cref="TimeoutException">No silo answers in time.</exception>
    Task RenewGateway(string region, SessionHolder gateway);

    /// <summary>This process stops. As <see cref="RenewGateway"/>.</summary>
    Task LeaveGateway(string region, string gateway);

    /// <summary>What names this process to the grains of a region. Keep the observer alive: Orleans holds it weakly.</summary>
    SessionHolder Refer(string region, string gateway, IGatewayObserver observer);

    string RoomKey(TenantOptions tenant, string room);
}

/// <summary>The grains of all regions.</summary>
public sealed class ControlPlane(IRegions regions, TimeProvider clock) : IControlPlane
{
    /// <summary>Each goes to another silo by chance: one that is frozen keeps nobody waiting for what all know.</summary>
    private const int Tries = 3;

    /// <summary>For each region that is asked for a list: one that does not answer is part of the answer, and must not hold it up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// So long a gateway may be unheard of in another region before its clients there count as gone: a cut between regions ends no call.
    /// Clients that are gone for good are missed by their media node long before.
    /// </summary>
    private static readonly TimeSpan LeaseAbroad = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, string> _served = new(StringComparer.Ordinal);

    public string Region => regions.Own;

    public async ValueTask<RoomSite> Locate(TenantOptions tenant, string room)
    {
        ImmutableArray<string> allowed = Allowed(tenant);
        if (allowed.Length <= 1)
        {
            return At(allowed.IsEmpty ? regions.Own : allowed[0], tenant, room);
        }

        string key = RoomKey(tenant, room);
        if (_served.TryGetValue(key, out string? served))
        {
            return At(served, tenant, room);
        }

        string nearest = RegionChoice.Order(allowed, null, regions.Own)[0];
        if (nearest == regions.Own && await At(nearest, tenant, room).Room.Summarize() is not null)
        {
            return At(nearest, tenant, room);
        }

        return At(await regions.Of(RegionChoice.Keeper(key, allowed), tenant.Name).GetGrain<IRoomHomeGrain>(key).Find() ?? nearest, tenant, room);
    }

    public ImmutableArray<RoomSite> Candidates(TenantOptions tenant, string room, string wished)
    {
        ImmutableArray<string> allowed = Allowed(tenant);
        return regions.All.Length == 1 || tenant.Name == Keys.OwnTenant ? [At(regions.Own, tenant, room)]
            : _served.TryGetValue(RoomKey(tenant, room), out string? served) ? [At(served, tenant, room)]
            : [.. RegionChoice.Order(allowed, wished, regions.Own).Select(region => At(region, tenant, room))];
    }

    public RoomSite At(string region, TenantOptions tenant, string room) => new(region, tenant, room, () => regions.Of(region, tenant.Name));

    public void Serve(RoomSite site) => _served[site.Key] = site.Region;

    public void Leave(RoomSite site) => _served.TryRemove(new(site.Key, site.Region));

    public async Task<RoomList> Rooms(TenantOptions tenant, RoomQuery query)
    {
        string key = Keys.Tenant(tenant.Zone, tenant.Name);
        return RoomList.Of(
            query,
            await AskAll(Allowed(tenant) is { IsEmpty: false } allowed ? allowed : [regions.Own], region => regions.Of(region, tenant.Name).GetGrain<ITenantGrain>(key).Rooms(query)),
            (region, name) => At(region, tenant, name));
    }

    /// <summary>One book for a tenant, in the region that its name falls to: an invite is good at every gateway, as often as it says.</summary>
    public IInviteBookGrain Invites(TenantOptions tenant)
    {
        string key = Keys.Tenant(tenant.Zone, tenant.Name);
        ImmutableArray<string> allowed = Allowed(tenant);
        return regions.Of(allowed.IsEmpty ? regions.Own : RegionChoice.Keeper(key, allowed), tenant.Name).GetGrain<IInviteBookGrain>(key);
    }

    public IMediaNodeGrain Node(string region, NodeView node) => regions.Of(region).GetGrain<IMediaNodeGrain>(Keys.MediaNode(node.Region, node.Id));

    public Task<RegionAnswers<ImmutableArray<NodeView>>> Nodes() => AskAll(regions.All, Nodes);

    public Task<ImmutableArray<NodeView>> Nodes(string region) => AtSomeSilo(key => regions.Of(region).GetGrain<INodeListGrain>(key).List());

    public Task RenewGateway(string region, SessionHolder gateway) => AtSomeSilo(key => Done(regions.Of(region).GetGrain<IGatewayListGrain>(key).Renew(gateway)));

    public Task LeaveGateway(string region, string gateway) => AtSomeSilo(key => Done(regions.Of(region).GetGrain<IGatewayListGrain>(key).Leave(gateway)));

    public SessionHolder Refer(string region, string gateway, IGatewayObserver observer) =>
        new(gateway, regions.Of(region).CreateObjectReference<IGatewayObserver>(observer)) { Lease = region == regions.Own ? null : LeaseAbroad };

    public string RoomKey(TenantOptions tenant, string room) => Keys.Room(tenant.Zone, tenant.Name, room);

    private ImmutableArray<string> Allowed(TenantOptions tenant) =>
        tenant.Name == Keys.OwnTenant ? [regions.Own] : RegionChoice.Allowed(regions.All, tenant.Residency?.Regions ?? []);

    /// <summary>Where there is one region only, what it throws goes through: there is nothing to say without it.</summary>
    private async Task<RegionAnswers<T>> AskAll<T>(ImmutableArray<string> asked, Func<string, Task<T>> ask)
    {
        if (asked is [var only])
        {
            return new([(only, await ask(only))], []);
        }

        var heard = ImmutableArray.CreateBuilder<(string, T)>();
        var silent = ImmutableArray.CreateBuilder<SilentRegion>();
        foreach ((string region, Task<T> answer) in asked.Select(region => (region, ask: AskOne(region, ask))).ToArray())
        {
            try
            {
                heard.Add((region, await answer));
            }
            catch (Exception e) when (e is TimeoutException or OrleansException)
            {
                silent.Add(new(region, e is RegionAwayException ? regions.AwaySince(region) : clock.GetUtcNow()));
            }
        }

        return new(heard.ToImmutable(), silent.ToImmutable());
    }

    private async Task<T> AskOne<T>(string region, Func<string, Task<T>> ask) => await ask(region).WaitAsync(Patience, clock);

    private static async Task<T> AtSomeSilo<T>(Func<int, Task<T>> ask)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                return await ask(i);
            }
            catch (Exception e) when (i + 1 < Tries && e is (TimeoutException or OrleansException) and not RegionAwayException)
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
}
