using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Nexus.Embedded;
using Orleans.Configuration;
using Orleans.Storage;

namespace Orleans.Hosting;

/// <summary>Storage in memory. All logical silos of a cluster share it, so it survives the loss of one.</summary>
public static class MemoryGrainStorageSiloBuilderExtensions
{
    private const string Default = "Default";

    public static ISiloBuilder AddMemoryGrainStorageAsDefault(this ISiloBuilder builder, Action<OptionsBuilder<MemoryGrainStorageOptions>>? configureOptions = null)
        => builder.AddMemoryGrainStorage(Default, configureOptions);

    public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name, Action<OptionsBuilder<MemoryGrainStorageOptions>>? configureOptions = null)
        => builder.ConfigureServices(services =>
        {
            configureOptions?.Invoke(services.AddOptions<MemoryGrainStorageOptions>(name));
            services.AddKeyedSingleton<IGrainStorage>(name, static (provider, key) =>
                provider.GetRequiredService<EmbeddedCluster>().MemoryStorage((string)key!));
        });
}
