using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Admin;

/// <summary>What concerns the installation, not one tenant.</summary>
internal sealed class OperatorEndpoints(IControlPlane control, TenantDirectory tenants)
{
    public async Task<IResult> Nodes()
    {
        RegionAnswers<ImmutableArray<NodeView>> nodes = await control.Nodes();
        return Results.Json(new NodesJson([.. nodes.Heard.SelectMany(r => r.Answer).OrderBy(n => n.Id, StringComparer.Ordinal).Select(NodeJson.Of)])
        {
            UnheardRegions = SilentRegionJson.Of(nodes.Silent),
        });
    }

    /// <summary>Has a node take no new sessions, and its rooms go to others; or takes that back.</summary>
    public async Task<IResult> Drain(Caller caller, string id, bool on)
    {
        RegionAnswers<ImmutableArray<NodeView>> nodes = await control.Nodes();
        (string region, NodeView? node) = nodes.Heard.SelectMany(r => r.Answer.Select(n => (r.Region, n))).FirstOrDefault(n => n.n.Id == id);
        if (node is null)
        {
            return new ProblemResult(StatusCodes.Status404NotFound, "NODE_NOT_FOUND", "There is no such media node.");
        }

        ActResult done = await OperatorCall.By(caller.Identity, () => on ? control.Node(region, node).Drain() : control.Node(region, node).Undrain());
        return done.Error is { } error ? ProblemResult.Of(error) : on ? Results.Accepted() : Results.NoContent();
    }

    /// <summary>Relay links; none until rooms are on several nodes.</summary>
    public static IResult Links() => Results.Json(new LinksJson([]));

    public async Task<IResult> Tenants()
    {
        var list = new List<TenantJson>();
        foreach (var tenant in tenants.Tenants)
        {
            list.Add(TenantJson.Of(tenant, (await control.Rooms(tenant, new() { Limit = 0 })).Total));
        }

        return Results.Json(new TenantsJson(list));
    }
}
