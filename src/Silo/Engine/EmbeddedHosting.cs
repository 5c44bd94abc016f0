#if !ORLEANS_ENGINE
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nexus.Embedded;

namespace Nexus.Silo.Engine;

/// <summary>The one-process engine: all regions are logical silos of one cluster in memory.</summary>
public static partial class GrainEngine
{
    private static Task<IGrainEngine> StartCoreAsync(
        GrainEngineOptions options, ILoggerFactory loggerFactory, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var cluster = new EmbeddedCluster(timeProvider, loggerFactory);
        foreach (var region in options.Regions)
        {
            cancellationToken.ThrowIfCancellationRequested();
            cluster.StartSilo($"silo-{region}", silo =>
            {
                silo.Services.AddSingleton(loggerFactory);
                foreach (var storage in options.Storages)
                {
                    _ = options.DataFolder is { } folder
                        ? silo.AddJsonFileGrainStorage(storage, folder)
                        : silo.AddMemoryGrainStorage(storage);
                }

                ConfigureCommon(silo, region, options);
            });
        }

        return Task.FromResult<IGrainEngine>(new Running(cluster));
    }

    private sealed class Running(EmbeddedCluster cluster) : IGrainEngine
    {
        string IGrainEngine.Name => Name;

        public IClusterClient Client => cluster.Client;

        public ValueTask DisposeAsync() => cluster.DisposeAsync();
    }
}
#endif
