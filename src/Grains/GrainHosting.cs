using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Nexus.Contracts;
using Nexus.Grains.Filters;
using Nexus.Grains.Gateways;
using Nexus.Grains.Nodes;
using Nexus.Grains.Placement;

namespace Nexus.Grains;

/// <summary>How a silo takes the grains in.</summary>
public static class GrainHosting
{
    /// <summary>
    /// Adds placement, filters, metrics and the lists of nodes and gateways. Grains and their timers go by the clock of <see cref="TimeProviderNames.Grains"/>:
    /// the system's, unless another is registered under that key.
    /// </summary>
    /// <param name="zones">The same on every silo of the cluster.</param>
    public static ISiloBuilder AddNexusGrains(this ISiloBuilder silo, ZoneMap zones)
    {
        silo.Services.AddMetrics();
        silo.Services.AddSingleton<GrainMeter>();
        silo.Services.AddSingleton<NodeNewsClient>();
        silo.Services.AddSingleton<NodeList>();
        silo.Services.AddGrainService<NodeNews>();
        silo.Services.AddSingleton<GatewayNewsClient>();
        silo.Services.AddSingleton<GatewayList>();
        silo.Services.AddGrainService<GatewayNews>();
        silo.Services.TryAddSingleton<IRegions>(s => new LoneRegion("", s.GetRequiredService<IGrainFactory>)); // where nobody says that there are several
        silo.Services.TryAddSingleton(new RegionWord("", [], ImmutableDictionary<string, string>.Empty));
        return silo.AddZonePlacement(zones)
            .AddIncomingGrainCallFilter<GrainFaults>()
            .AddIncomingGrainCallFilter<OperatorCalls>()
            .AddOutgoingGrainCallFilter<LostCalls>();
    }
}
