using Microsoft.Extensions.DependencyInjection;
using Nexus.Grains.Filters;
using Nexus.Grains.Placement;

namespace Nexus.Grains;

/// <summary>How a silo takes the grains in.</summary>
public static class GrainHosting
{
    /// <summary>
    /// Adds placement, filters and metrics. Grains and their timers go by the clock of <see cref="TimeProviderNames.Grains"/>:
    /// the system's, unless another is registered under that key.
    /// </summary>
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
