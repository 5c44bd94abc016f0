using Microsoft.AspNetCore.Http;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Admin;

/// <summary>What concerns the installation, not one tenant: an operator's key is needed.</summary>
internal sealed class OperatorEndpoints(IControlPlane control, TenantDirectory tenants)
{
    public async Task<IResult> Nodes(Caller caller) =>
        Refusal(caller) ?? Results.Json(new NodesJson([.. (await control.Nodes()).OrderBy(n => n.Id, StringComparer.Ordinal).Select(NodeJson.Of)]));

    /// <summary>Has a node take no new sessions.</summary>
    public async Task<IResult> Drain(Caller caller, string id)
    {
        if (Refusal(caller) is { } refusal)
        {
            return refusal;
        }

        if ((await control.Nodes()).FirstOrDefault(n => n.Id == id) is not { } node)
        {
            return new ProblemResult(StatusCodes.Status404NotFound, "NODE_NOT_FOUND", "There is no such media node.");
        }

        return (await OperatorCall.By(caller.Identity, () => control.Node(node).Drain())).Error is { } error ? ProblemResult.Of(error) : Results.Accepted();
    }

    /// <summary>Relay links; none until rooms are on several nodes.</summary>
    public static IResult Links(Caller caller) => Refusal(caller) ?? Results.Json(new LinksJson([]));

    public async Task<IResult> Tenants(Caller caller)
    {
        if (Refusal(caller) is { } refusal)
        {
            return refusal;
        }

        var list = new List<TenantJson>();
        foreach (var tenant in tenants.Tenants)
        {
            list.Add(TenantJson.Of(tenant, (await control.Tenant(tenant).Rooms("", limit: 0)).Total));
        }

        return Results.Json(new TenantsJson(list));
    }

    private static ProblemResult? Refusal(Caller caller) => caller.MayOperate
        ? null
        : RequestAuth.Forbidden("Nodes, links and tenants need a token with roomAdmin or roomList, signed by a key that is marked operator.");
}
