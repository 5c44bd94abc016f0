using Nexus.Contracts;
using Orleans.Concurrency;

namespace Nexus.Grains;

/// <summary>The region as the silo knows it that is asked; there is one on each.</summary>
[StatelessWorker(1)]
public sealed class RegionGrain(RegionWord own) : Grain, IRegionGrain
{
    public Task<RegionWord> Greet() => Task.FromResult(own);
}
