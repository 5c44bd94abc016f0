using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Nexus.Gateway.Http;

namespace Nexus.Gateway.Health;

/// <summary>One reason why a process may not take new sessions. All that are registered are asked.</summary>
public interface IReadiness
{
    /// <summary>Null when this is no reason; what is wrong and how to mend it otherwise.</summary>
    ValueTask<Problem?> Check();
}

/// <summary>Something that an operator ought to see to, and that keeps the process from nothing: told by <c>/readyz</c> below its first line.</summary>
public interface IReadinessNote
{
    /// <summary>Null when there is nothing.</summary>
    string? Note { get; }
}

/// <summary>What every process serves, whatever its roles.</summary>
public static class HealthHosting
{
    public static IServiceCollection AddNexusHealth(this IServiceCollection services)
    {
        services.AddMetrics();
        services.TryAddSingleton<MetricsExporter>();
        return services;
    }

    /// <summary>Maps <c>/healthz</c>, <c>/readyz</c> and <c>/metrics</c>.</summary>
    public static void MapHealth(this WebApplication app)
    {
        var exporter = app.Services.GetRequiredService<MetricsExporter>(); // now: it counts from here on
        var group = app.MapGroup("").WithTags("Health");
        group.MapGet("healthz", () => Results.Text("ok\n")).WithSummary("200 while the process is alive.");
        group.MapGet("readyz", Ready).WithSummary("200 while new sessions are taken, 503 with the reason otherwise.")
            .Produces(200).Produces<Problem>(503);
        group.MapGet("metrics", () => Results.Text(exporter.Export(), "text/plain; version=0.0.4; charset=utf-8"))
            .WithSummary("Metrics of this process in Prometheus' text format.");
    }

    private static async Task<IResult> Ready(IEnumerable<IReadiness> reasons, IEnumerable<IReadinessNote> notes)
    {
        foreach (IReadiness reason in reasons)
        {
            if (await reason.Check() is { } problem)
            {
                return Results.Json(problem, statusCode: StatusCodes.Status503ServiceUnavailable);
            }
        }

        return Results.Text(string.Concat(notes.Select(n => n.Note).OfType<string>().Prepend("ready").Select(line => $"{line}\n")));
    }
}
