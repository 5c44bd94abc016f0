using Microsoft.Extensions.DependencyInjection;
using Nexus.Grains.Filters;
using Nexus.Grains.Placement;

namespace Nexus.Grains;

/// <summary>How a silo takes the grains in.</summary>
public static class GrainHosting
{
    /// <summary>Adds placement, filters and metrics. A <see cref="TimeProvider"/> must be registered.</summary>
    /// <param name="zones">The same on every silo of the cluster.</param>
    public static ISiloBuilder AddNexusGrains(this ISiloBuilder silo, ZoneMap zones)
    {
        silo.Services.AddMetrics();
        silo.Services.AddSingleton<GrainMeter>();
        return silo.AddZonePlacement(zones)
            .AddIncomingGrainCallFilter<GrainFaults>()
            .AddIncomingGrainCallFilter<OperatorCalls>();
    }
}
