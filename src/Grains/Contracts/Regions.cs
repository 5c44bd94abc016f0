using System.Collections.Immutable;
using Orleans.Concurrency;

namespace Nexus.Contracts;

/// <summary>The regions that work together, as one process sees them. Each is an Orleans cluster of its own. Thread-safe.</summary>
public interface IRegions
{
    /// <summary>The region of this silo, or of this gateway.</summary>
    string Own { get; }

    /// <summary>All there are, by name; the same in each process of each region.</summary>
    ImmutableArray<string> All { get; }

    /// <summary>The grains of a region's cluster; of one's own for a region that is none of <see cref="All"/>, as media nodes may name one.</summary>
    /// <param name="tenant">Whose grains are asked for; null for those that are nobody's.</param>
    /// <exception cref="RegionAwayException">Nobody there answers now, or the tenant is configured differently there.</exception>
    IGrainFactory Of(string region, string? tenant = null);

    /// <summary>Since when nobody of that region has answered; null while somebody does.</summary>
    DateTimeOffset? AwaySince(string region);
}

/// <summary>A region cannot be reached from here, so that what is there cannot be asked. A call would only end in a time-out.</summary>
public sealed class RegionAwayException(string region, string message) : OrleansException(message)
{
    public string Region => region;

    /// <param name="since">Null: it has not been heard of since this process started.</param>
    public static RegionAwayException Of(string region, DateTimeOffset? since) => new(
        region, $"region '{region}' cannot be reached from here {(since is { } at ? $"since {at:yyyy-MM-ddTHH:mm:ssZ}" : "yet")}: look at its silos, and at the addresses of peers");
}

/// <summary>Where everything is one cluster.</summary>
public sealed class LoneRegion(string own, Func<IGrainFactory> grains) : IRegions
{
    public string Own => own;

    public ImmutableArray<string> All { get; } = [own];

    public IGrainFactory Of(string region, string? tenant) => grains();

    public DateTimeOffset? AwaySince(string region) => null;
}

/// <summary>
/// The entry of one room in the index that says in which region each room is. Key: that of the room. It is kept in the region that
/// a hash of the key picks: of a pinned tenant, within its zone.
/// </summary>
public interface IRoomHomeGrain : IGrainWithStringKey
{
    /// <summary>Null when the room is nowhere.</summary>
    [ReadOnly, ResponseTimeout("00:00:03")]
    Task<string?> Find();

    /// <summary>From a room that is about to open: it is in that region, unless it is in another already. In storage before this returns.</summary>
    /// <returns>Where it is.</returns>
    [ResponseTimeout("00:00:03")]
    Task<string> Settle(string region);

    /// <summary>From a room that has closed: it is nowhere, unless it is in another region by now.</summary>
    [ResponseTimeout("00:00:03")]
    Task Release(string region);
}
