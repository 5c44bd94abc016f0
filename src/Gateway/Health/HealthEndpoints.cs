using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nexus.Contracts;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Health;

internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").WithTags("Health");
        group.MapGet("healthz", () => Results.Text("ok\n")).WithSummary("200 while the process is alive.");
        group.MapGet("readyz", Ready).WithSummary("200 while new sessions are taken, 503 while draining or without a media node.")
            .Produces(200).Produces<Problem>(503);
        group.MapGet("metrics", async (IEnumerable<IMetricsSource> sources) =>
        {
            var metrics = new MetricsText();
            foreach (var source in sources)
            {
                try
                {
                    await source.Write(metrics);
                }
                catch (Exception e) when (e is TimeoutException or OrleansException)
                {
                    // a scrape tells what it can while silos are away; the gap itself is what an alert sees
                }
            }

            return Results.Text(metrics.ToString(), "text/plain; version=0.0.4; charset=utf-8");
        }).WithSummary("Metrics in Prometheus' text format.");
    }

    private static async Task<IResult> Ready(GatewayState state, IControlPlane control)
    {
        if (state.IsDraining)
        {
            return new ProblemResult(StatusCodes.Status503ServiceUnavailable, ReasonCodes.ServerShutdown, "The process is draining.");
        }

        return (await control.Nodes()).Any(n => n.State == NodeState.Ready)
            ? Results.Text("ready\n")
            : new ProblemResult(StatusCodes.Status503ServiceUnavailable, ReasonCodes.NoNode, "No media node is ready.");
    }
}
