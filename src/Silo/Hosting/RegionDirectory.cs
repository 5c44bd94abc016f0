using System.Collections.Concurrent;
using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Hosting;

/// <summary>The clusters that this process reaches: those of its own regions, and those of its peers. Thread-safe.</summary>
internal sealed class RegionDirectory
{
    private readonly NexusOptions _options;
    private readonly ImmutableDictionary<string, PeerClient> _peers;
    private readonly ConcurrentDictionary<string, Func<IGrainFactory>> _own = new(StringComparer.Ordinal);

    public RegionDirectory(NexusOptions options, IEnumerable<PeerClient> peers)
    {
        (_options, _peers) = (options, peers.ToImmutableDictionary(p => p.Region));
        All = options.AllRegions;
    }

    /// <inheritdoc cref="IRegions.All"/>
    public ImmutableArray<string> All { get; }

    /// <summary>A cluster of this process, or of which it is a client.</summary>
    /// <param name="grains">Asked each time: a client that has not found its cluster yet throws.</param>
    public void Add(string region, Func<IGrainFactory> grains) => _own[region] = grains;

    /// <summary>As one of this process's regions sees them.</summary>
    public IRegions SeenFrom(string own) => new View(this, own);

    /// <summary>The grains of this process that hold a media node's: those of its region, else of the first. Null for a node of a peer's.</summary>
    public IGrainFactory? ForNodeOf(string region) => _peers.ContainsKey(region) ? null : Local(region) ?? Local(_options.Regions[0]);

    private IGrainFactory? Local(string region) => _own.TryGetValue(region, out Func<IGrainFactory>? grains) ? grains() : null;

    private sealed class View(RegionDirectory directory, string own) : IRegions
    {
        public string Own => own;

        public ImmutableArray<string> All => directory.All;

        public IGrainFactory Of(string region, string? tenant) =>
            directory._peers.TryGetValue(region, out PeerClient? peer) ? peer.Grains(tenant)
            : directory.Local(region) ?? (All.Contains(region) ? throw RegionAwayException.Of(region, null) : directory.Local(own)!);

        public DateTimeOffset? AwaySince(string region) => directory._peers.GetValueOrDefault(region)?.AwaySince;
    }
}
