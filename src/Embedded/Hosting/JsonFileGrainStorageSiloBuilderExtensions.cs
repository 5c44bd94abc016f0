using Microsoft.Extensions.DependencyInjection;
using Nexus.Embedded;
using Orleans.Storage;

namespace Orleans.Hosting;

/// <summary>Storage in files; the embedded engine only.</summary>
public static class JsonFileGrainStorageSiloBuilderExtensions
{
    /// <summary>Keeps state under <paramref name="folder"/>, shared by all logical silos of the cluster. One process at a time.</summary>
    public static ISiloBuilder AddJsonFileGrainStorage(this ISiloBuilder builder, string name, string folder)
        => builder.ConfigureServices(services => services.AddKeyedSingleton<IGrainStorage>(
            name, (provider, _) => provider.GetRequiredService<EmbeddedCluster>().FileStorage(Path.Combine(folder, name))));
}
