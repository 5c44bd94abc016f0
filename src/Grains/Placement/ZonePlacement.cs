using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Nexus.Grains.Placement;

/// <summary>
/// Places a grain by its key: the first segment is the zone, and only silos of a region that the zone allows are taken;
/// none there means the call fails. With <see cref="ZonePlacementAttribute.PreferRegion"/> the second segment names the
/// region to prefer within that (grains that belong beside a media node).
/// </summary>
public class ZonePlacement : PlacementStrategy
{
    /// <summary>Whether the second segment of the key names a region to prefer.</summary>
    public virtual bool PreferRegion => false;
}

/// <summary>
/// <see cref="ZonePlacement"/> beside a media node. A type of its own: Orleans makes the strategy anew from its type's name,
/// state of an attribute's instance does not reach the director.
/// </summary>
public sealed class NodeZonePlacement : ZonePlacement
{
    public override bool PreferRegion => true;
}

/// <summary>Marks a grain class for <see cref="ZonePlacement"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ZonePlacementAttribute(bool preferRegion = false)
    : PlacementAttribute(preferRegion ? new NodeZonePlacement() : new ZonePlacement())
{
    public bool PreferRegion => preferRegion;
}

/// <summary>Registers zone placement.</summary>
public static class ZonePlacementExtensions
{
    /// <summary>Registers both strategies and the map they go by; every silo needs it.</summary>
    public static ISiloBuilder AddZonePlacement(this ISiloBuilder silo, ZoneMap zones) => silo
        .ConfigureServices(services => services.AddSingleton(zones).AddSingleton<ZoneGuard>())
        .AddPlacementDirector<ZonePlacement, ZonePlacementDirector>()
        .AddPlacementDirector<NodeZonePlacement, ZonePlacementDirector>();
}

/// <summary>Names of silo metadata.</summary>
public static class SiloMetadataKeys
{
    public const string Region = "region";
}

/// <summary>Which regions each residency zone allows. The zone <c>any</c> allows every region; a zone that is not listed allows none.</summary>
public sealed class ZoneMap(IReadOnlyDictionary<string, IReadOnlyCollection<string>> zones)
{
    public static readonly ZoneMap Open = new(new Dictionary<string, IReadOnlyCollection<string>>());

    /// <summary>Empty for the zone <c>any</c>, and for one that is not listed.</summary>
    public ImmutableArray<string> RegionsOf(string zone) => zones.TryGetValue(zone, out IReadOnlyCollection<string>? regions) ? [.. regions] : [];

    public bool Allows(string zone, string? region) =>
        zone == Keys.AnyZone || (region is not null && zones.TryGetValue(zone, out IReadOnlyCollection<string>? regions) && regions.Contains(region));
}

/// <summary>Whether what is of a zone may be on this silo: for grains that hold what is of several, as a node's grain does.</summary>
public sealed class ZoneGuard(ZoneMap zones, ISiloMetadataCache metadata, ILocalSiloDetails silo)
{
    /// <param name="key">Any grain's.</param>
    public bool MayHold(string key) =>
        zones.Allows(Keys.Zone(key), metadata.GetSiloMetadata(silo.SiloAddress).Metadata.GetValueOrDefault(SiloMetadataKeys.Region));
}

/// <summary>The choice itself, apart from the engine.</summary>
public static class ZoneChoice
{
    /// <summary>
    /// The candidates that may hold the grain, best first group only. Empty when none may. A candidate without a known
    /// region (its metadata has not arrived yet) never counts for a pinned zone.
    /// </summary>
    public static IReadOnlyList<T> Among<T>(IEnumerable<(T Silo, string? Region)> candidates, string key, bool preferRegion, ZoneMap zones)
    {
        string zone = Keys.Zone(key);
        (T Silo, string? Region)[] allowed = [.. candidates.Where(c => zones.Allows(zone, c.Region))];
        if (preferRegion)
        {
            string region = NodeKey.Parse(key).Region;
            (T, string?)[] near = [.. allowed.Where(c => c.Region == region)];
            allowed = near.Length > 0 ? near : allowed;
        }

        return [.. allowed.Select(c => c.Silo)];
    }
}

/// <summary>
/// Carries <see cref="ZoneChoice"/> out. Among those that may hold the grain it is the silo that asks, because a grain belongs where its
/// callers are (a room where its first joiner came in, a node's grain where its link ends); when that one may not, another by a stable
/// hash of the key.
/// </summary>
public sealed class ZonePlacementDirector(ISiloMetadataCache metadata, ZoneMap zones) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        string key = target.GrainIdentity.Key.ToString();
        bool preferRegion = strategy is ZonePlacement { PreferRegion: true };
        IReadOnlyList<SiloAddress> silos = ZoneChoice.Among(
            context.GetCompatibleSilos(target).OrderBy(s => s).Select(s => (s, Region(s))), key, preferRegion, zones);
        return silos.Contains(context.LocalSilo) ? Task.FromResult(context.LocalSilo)
            : silos.Count > 0 ? Task.FromResult(silos[(int)((uint)target.GrainIdentity.GetUniformHashCode() % (uint)silos.Count)])
            : throw new OrleansException(
                $"no silo may hold grain '{key}': none of a region that zone '{Keys.Zone(key)}' allows is in the cluster");
    }

    private string? Region(SiloAddress silo) =>
        metadata.GetSiloMetadata(silo).Metadata.TryGetValue(SiloMetadataKeys.Region, out string? region) ? region : null;
}
