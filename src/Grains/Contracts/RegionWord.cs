using System.Collections.Immutable;
using Orleans.Concurrency;

namespace Nexus.Contracts;

/// <summary>Any silo of a region, for those of others. Key: any number; calls for another one go to another silo, by chance.</summary>
public interface IRegionGrain : IGrainWithIntegerKey
{
    [ReadOnly, ResponseTimeout("00:00:01")]
    Task<RegionWord> Greet();
}

/// <summary>What a region says of itself, that its peers must have the same.</summary>
/// <param name="Regions">All that it knows, itself included, by name.</param>
/// <param name="Tenants">A digest of what is configured for each, by name. Never a secret.</param>
[GenerateSerializer, Immutable, Alias("nexus.RegionWord")]
public sealed record RegionWord(
    [property: Id(0)] string Region, [property: Id(1)] ImmutableArray<string> Regions, [property: Id(2)] ImmutableDictionary<string, string> Tenants)
{
    /// <summary>Tenants that are not the same on both sides, or on one only.</summary>
    public IEnumerable<string> UnequalTenants(RegionWord other) =>
        Tenants.Keys.Union(other.Tenants.Keys).Where(t => Tenants.GetValueOrDefault(t) != other.Tenants.GetValueOrDefault(t)).Order(StringComparer.Ordinal);

    /// <summary>What differs, in words; empty when nothing does.</summary>
    public string Differences(RegionWord other)
    {
        string[] tenants = [.. UnequalTenants(other)];
        return string.Join("; ", new[]
        {
            Regions.SequenceEqual(other.Regions) ? null : $"it knows regions {string.Join(", ", other.Regions)}, this one {string.Join(", ", Regions)}: rooms may be opened twice",
            tenants.Length == 0 ? null : $"tenants {string.Join(", ", tenants)}: nothing of theirs goes between the two",
        }.OfType<string>());
    }
}
