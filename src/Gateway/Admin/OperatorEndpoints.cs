using Microsoft.AspNetCore.Http;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Admin;

/// <summary>What concerns the installation, not one tenant.</summary>
internal sealed class OperatorEndpoints(IControlPlane control, TenantDirectory tenants)
{
    public async Task<IResult> Nodes() =>
        Results.Json(new NodesJson([.. (await control.Nodes()).OrderBy(n => n.Id, StringComparer.Ordinal).Select(NodeJson.Of)]));

    /// <summary>Has a node take no new sessions, and its rooms go to others; or takes that back.</summary>
    public async Task<IResult> Drain(Caller caller, string id, bool on)
    {
        if ((await control.Nodes()).FirstOrDefault(n => n.Id == id) is not { } node)
        {
            return new ProblemResult(StatusCodes.Status404NotFound, "NODE_NOT_FOUND", "There is no such media node.");
        }

        ActResult done = await OperatorCall.By(caller.Identity, () => on ? control.Node(node).Drain() : control.Node(node).Undrain());
        return done.Error is { } error ? ProblemResult.Of(error) : on ? Results.Accepted() : Results.NoContent();
    }

    /// <summary>Relay links; none until rooms are on several nodes.</summary>
    public static IResult Links() => Results.Json(new LinksJson([]));

    public async Task<IResult> Tenants()
    {
        var list = new List<TenantJson>();
        foreach (var tenant in tenants.Tenants)
        {
            list.Add(TenantJson.Of(tenant, (await control.Tenant(tenant).Rooms(new() { Limit = 0 })).Total));
        }

        return Results.Json(new TenantsJson(list));
    }
}
