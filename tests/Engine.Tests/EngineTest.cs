using Microsoft.Extensions.DependencyInjection;
using Nexus.FabricHarness;

namespace Nexus.Engine.Tests;

/// <summary>A cluster per test class instance: xunit makes one for each test.</summary>
public abstract class EngineTest : IAsyncLifetime
{
    protected Probe Probe { get; } = new();

    protected IFabricHarness Fabric { get; private set; } = null!;

    protected virtual FabricOptions Options => new();

    public async Task InitializeAsync() => Fabric = await Nexus.FabricHarness.Fabric.StartAsync(Options with
    {
        ConfigureSilo = (_, silo) => silo
            .AddPlacementDirector<RegionPlacementStrategy, RegionPlacementDirector>()
            .ConfigureServices(services => services.AddSingleton(Probe)),
    });

    public async Task DisposeAsync() => await Fabric.DisposeAsync();

    protected T Grain<T>(string key) where T : IGrainWithStringKey => Fabric.Client.GetGrain<T>(key);
}
