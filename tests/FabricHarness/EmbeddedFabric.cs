#if !ORLEANS_ENGINE
using Nexus.Embedded;

namespace Nexus.FabricHarness;

/// <summary>The harness on the one-process engine, with manual time.</summary>
internal sealed class EmbeddedFabric : IFabricHarness
{
    private readonly FabricOptions _options;
    private readonly ManualTimeProvider _time = new();
    private readonly EmbeddedCluster _cluster;
    private readonly Dictionary<FabricSilo, EmbeddedSilo> _silos = [];

    private EmbeddedFabric(FabricOptions options)
    {
        _options = options;
        _cluster = new(_time);
    }

    public string Engine => "embedded";

    public IClusterClient Client => _cluster.Client;

    public IReadOnlyList<FabricSilo> Silos => [.. _silos.Keys];

    public bool HasVirtualTime => true;

    public TimeProvider Time => _time;

    public static async Task<IFabricHarness> StartAsync(FabricOptions options)
    {
        var fabric = new EmbeddedFabric(options);
        foreach (var region in options.Regions)
        {
            await fabric.StartSiloAsync(region);
        }

        return fabric;
    }

    public Task<FabricSilo> StartSiloAsync(string region)
    {
        var silo = _cluster.StartSilo($"{region}-{_silos.Count}", builder =>
        {
            foreach (var storage in _options.Storages)
            {
                builder.AddMemoryGrainStorage(storage);
            }

            builder.Configure(_options, region);
        });
        var started = new FabricSilo(silo.Name, region, silo.SiloAddress, silo.Services);
        _silos.Add(started, silo);
        return Task.FromResult(started);
    }

    public async Task KillSiloAsync(FabricSilo silo)
    {
        _silos.Remove(silo, out var killed);
        await _cluster.KillSiloAsync(killed!);
    }

    public async Task StopSiloAsync(FabricSilo silo)
    {
        _silos.Remove(silo, out var stopped);
        await _cluster.StopSiloAsync(stopped!);
    }

    public async Task AdvanceAsync(TimeSpan time)
    {
        _time.Advance(time);
        await _cluster.WhenQuietAsync();

        // What the grains set going outside of them gets a turn of the pool.
        await Task.Yield();
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();
}
#endif
