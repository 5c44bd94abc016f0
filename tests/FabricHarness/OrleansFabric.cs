using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.TestingHost;

namespace Nexus.FabricHarness;

/// <summary>The harness on Orleans' in-process test cluster, with real time.</summary>
internal sealed class OrleansFabric : IFabricHarness
{
    private readonly InProcessTestCluster _cluster;
    private readonly List<(FabricSilo Silo, InProcessSiloHandle Handle)> _silos = [];
    private readonly ConcurrentDictionary<string, string> _regions;
    private readonly Queue<string> _coming;

    private OrleansFabric(FabricOptions options)
    {
        _regions = new();
        _coming = new(options.Regions);
        var builder = new InProcessTestClusterBuilder((short)options.Regions.Count);
        var shared = new SharedStorage();
        builder.ConfigureSilo((silo, siloBuilder) =>
        {
            foreach (var storage in options.Storages)
            {
                siloBuilder.Services.AddKeyedSingleton(
                    storage, (services, _) => shared.Provider(storage, services.GetRequiredService<DeepCopier>()));
            }

            siloBuilder.Configure(options, RegionOf(silo.SiloName));
        });
        if (options.ResponseTimeout is { } timeout)
        {
            builder.ConfigureClient(client => client.Configure<Orleans.Configuration.ClientMessagingOptions>(o => o.ResponseTimeout = timeout));
        }

        _cluster = builder.Build();
    }

    public string Engine => "orleans";

    public IClusterClient Client => _cluster.Client;

    public IReadOnlyList<FabricSilo> Silos => [.. _silos.Select(entry => entry.Silo)];

    public bool HasVirtualTime => false;

    public TimeProvider Time => TimeProvider.System;

    public static async Task<IFabricHarness> StartAsync(FabricOptions options)
    {
        var fabric = new OrleansFabric(options);
        await fabric._cluster.DeployAsync();
        foreach (var handle in fabric._cluster.Silos)
        {
            fabric.Add(handle);
        }

        await fabric._cluster.WaitForLivenessToStabilizeAsync();
        return fabric;
    }

    public async Task<FabricSilo> StartSiloAsync(string region)
    {
        lock (_coming)
        {
            _coming.Enqueue(region);
        }

        var handle = await _cluster.StartAdditionalSiloAsync();
        await _cluster.WaitForLivenessToStabilizeAsync();
        return Add(handle);
    }

    public async Task KillSiloAsync(FabricSilo silo)
    {
        await _cluster.KillSiloAsync(Take(silo));
        await _cluster.WaitForLivenessToStabilizeAsync(didKill: true);
    }

    public Task StopSiloAsync(FabricSilo silo) => _cluster.StopSiloAsync(Take(silo));

    public Task AdvanceAsync(TimeSpan time) => Task.Delay(time);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private FabricSilo Add(InProcessSiloHandle handle)
    {
        var silo = new FabricSilo(handle.Name, RegionOf(handle.Name), handle.SiloAddress, handle.ServiceProvider);
        _silos.Add((silo, handle));
        return silo;
    }

    private InProcessSiloHandle Take(FabricSilo silo)
    {
        var entry = _silos.Single(known => known.Silo == silo);
        _silos.Remove(entry);
        return entry.Handle;
    }

    private string RegionOf(string siloName)
    {
        lock (_coming)
        {
            return _regions.GetOrAdd(siloName, _ => _coming.Dequeue());
        }
    }
}
