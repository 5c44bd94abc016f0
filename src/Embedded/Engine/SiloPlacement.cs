using Microsoft.Extensions.DependencyInjection;
using Nexus.Embedded.Calls;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Nexus.Embedded;

/// <summary>Chooses the silo of a new activation: by the director of the class's strategy, else by a hash of the id.</summary>
internal static class SiloPlacement
{
    /// <exception cref="OrleansException">No silo may be used.</exception>
    public static async Task<EmbeddedSilo> ChooseAsync(EmbeddedCluster cluster, Activation activation, EmbeddedSilo? from)
    {
        var silos = cluster.Silos;
        if (silos.Count == 0)
        {
            throw new SiloUnavailableException($"No silo is running to take {activation.GrainId}.");
        }

        if (activation.Class.Strategy is not { } strategyType)
        {
            return silos[(int)(activation.GrainId.GetUniformHashCode() % (uint)silos.Count)];
        }

        var placing = from ?? silos[0];
        var director = placing.Services.GetKeyedService<IPlacementDirector>(strategyType);
        var strategy = placing.Services.GetKeyedService<PlacementStrategy>(strategyType.Name);
        if (director is null || strategy is null)
        {
            throw new OrleansException($"No placement director is registered for {strategyType}.");
        }

        var target = new PlacementTarget(activation.GrainId, [], GrainInterface.Of(activation.Class.PrimaryInterface).Name, 0);
        var address = await director.OnAddActivation(strategy, target, new Context(cluster, placing));
        return cluster.Silos.FirstOrDefault(silo => silo.SiloAddress.Equals(address))
            ?? throw new OrleansException($"The placement director chose {address} for {activation.GrainId}, which is not alive.");
    }

    private sealed class Context(EmbeddedCluster cluster, EmbeddedSilo placing) : IPlacementContext
    {
        public SiloAddress LocalSilo => placing.SiloAddress;

        public SiloStatus LocalSiloStatus => placing.IsAlive ? SiloStatus.Active : SiloStatus.Dead;

        public SiloAddress[] GetCompatibleSilos(PlacementTarget target) => [.. cluster.Silos.Select(silo => silo.SiloAddress)];
    }
}
