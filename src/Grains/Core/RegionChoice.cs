using System.Collections.Immutable;

namespace Nexus.Core;

/// <summary>Which regions come into question, and in which order.</summary>
public static class RegionChoice
{
    /// <summary>Where what is of a tenant may be.</summary>
    /// <param name="residency">The regions of its zone; empty means every region.</param>
    public static ImmutableArray<string> Allowed(ImmutableArray<string> all, ImmutableArray<string> residency) =>
        residency.IsDefaultOrEmpty ? all : [.. all.Where(residency.Contains)];

    /// <summary>
    /// The region that keeps something of that key, by rendezvous: the same for all who know the same regions, in whatever order, and
    /// when one is added, it takes its share and nothing else changes.
    /// </summary>
    /// <param name="regions">At least one.</param>
    public static string Keeper(string key, ImmutableArray<string> regions) =>
        regions.Length == 1 ? regions[0] : regions.MaxBy(region => (Weight(region, key), region))!;

    /// <summary>Where a room that is nowhere yet is to be opened: where it is wished for, else here, else anywhere else it may be.</summary>
    /// <param name="allowed">As <see cref="Allowed"/>.</param>
    public static ImmutableArray<string> Order(ImmutableArray<string> allowed, string? wished, string own) =>
        [.. allowed.OrderBy(region => region == wished ? 0 : region == own ? 1 : 2).ThenBy(region => region, StringComparer.Ordinal)];

    /// <summary>The same in every process and version.</summary>
    private static ulong Weight(string region, string key)
    {
        ulong hash = 14695981039346656037; // FNV-1a
        foreach (char c in region)
        {
            hash = unchecked((hash ^ c) * 1099511628211);
        }

        hash = unchecked((hash ^ 0) * 1099511628211);
        foreach (char c in key)
        {
            hash = unchecked((hash ^ c) * 1099511628211);
        }

        // its upper bits hardly know the last characters: mixed as MurmurHash3 ends
        hash = unchecked((hash ^ (hash >> 33)) * 0xff51afd7ed558ccd);
        hash = unchecked((hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53);
        return hash ^ (hash >> 33);
    }
}
