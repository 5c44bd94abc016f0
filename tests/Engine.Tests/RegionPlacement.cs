using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Nexus.Engine.Tests;

/// <summary>Places by the first segment of the key, as the product's zone placement does.</summary>
public sealed class RegionPlacementStrategy : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
public sealed class RegionPlacementAttribute() : PlacementAttribute(new RegionPlacementStrategy());

public sealed class RegionPlacementDirector(ISiloMetadataCache metadata) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var region = target.GrainIdentity.Key.ToString()!.Split('/')[0];
        foreach (var silo in context.GetCompatibleSilos(target))
        {
            if (metadata.GetSiloMetadata(silo).Metadata.TryGetValue("region", out var value) && value == region)
            {
                return Task.FromResult(silo);
            }
        }

        throw new OrleansException($"No silo in region {region}.");
    }
}

public interface IPinnedGrain : IGrainWithStringKey
{
    [Alias("Where")]
    Task<string> Where();

    [Alias("Count")]
    Task<int> Count();

    [Alias("WaitFor")]
    Task WaitFor(string gate);

    [Alias("CallOther")]
    Task<string> CallOther(string key);
}

[RegionPlacement]
public sealed class PinnedGrain(ILocalSiloDetails silo, Probe probe) : Grain, IPinnedGrain
{
    private int _count;

    public Task<string> Where() => Task.FromResult(silo.SiloAddress.ToString());

    public Task<int> Count() => Task.FromResult(++_count);

    public async Task WaitFor(string gate)
    {
        probe.Open($"{gate} reached");
        await probe.Gate(gate);
        probe.Log.Enqueue($"{gate} passed");
    }

    public Task<string> CallOther(string key) => GrainFactory.GetGrain<IPinnedGrain>(key).Where();
}
