#if ORLEANS_ENGINE
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Nexus.Silo.Engine;

/// <summary>Orleans: each region is a silo in a host of its own; without Redis the first one holds membership.</summary>
public static partial class GrainEngine
{
    private static async Task<IGrainEngine> StartCoreAsync(
        GrainEngineOptions options, ILoggerFactory loggerFactory, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var running = new Running();
        try
        {
            for (var i = 0; i < options.Regions.Count; i++)
            {
                var host = BuildHost(options, i, loggerFactory, timeProvider);
                running.Hosts.Add(host);
                await host.StartAsync(cancellationToken);
            }
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }

        return running;
    }

    private static IHost BuildHost(GrainEngineOptions options, int index, ILoggerFactory loggerFactory, TimeProvider timeProvider)
    {
        var region = options.Regions[index];
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "nexus" });
        builder.Services.AddLogging();
        builder.Services.AddSingleton(loggerFactory);
        builder.Services.AddSingleton(timeProvider);
        builder.UseOrleans(silo =>
        {
            silo.Configure<SiloOptions>(o => o.SiloName = $"silo-{region}");
            UseCluster(silo, options, index);
            ConfigureCommon(silo, region, options);
        });
        return builder.Build();
    }

    private static void UseCluster(ISiloBuilder silo, GrainEngineOptions options, int index)
    {
        var (siloPort, gatewayPort) = (options.SiloPort + index, options.GatewayPort == 0 ? 0 : options.GatewayPort + index);
        if (options.Redis is { } redis)
        {
            silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (options.ClusterId, options.ClusterId));
            silo.ConfigureEndpoints(options.Address, siloPort, gatewayPort);
            UseRedis(silo, redis, options.Storages);
            return;
        }

        var primary = index == 0 ? null : new IPEndPoint(IPAddress.Loopback, options.SiloPort);
        silo.UseLocalhostClustering(siloPort, gatewayPort, primary, options.ClusterId, options.ClusterId);
        foreach (var storage in options.Storages)
        {
            silo.AddMemoryGrainStorage(storage);
        }
    }

    private static void UseRedis(ISiloBuilder silo, string redis, IEnumerable<string> storages)
    {
#if ORLEANS_REDIS
        silo.UseRedisClustering(redis);
        foreach (var storage in storages)
        {
            silo.AddRedisGrainStorage(storage, o => o.ConfigurationOptions = StackExchange.Redis.ConfigurationOptions.Parse(redis));
        }
#else
        throw new NotSupportedException("This build has no Redis: it was made with NexusRedis=false.");
#endif
    }

    private sealed class Running : IGrainEngine
    {
        string IGrainEngine.Name => Name;

        public List<IHost> Hosts { get; } = [];

        public IClusterClient Client => Hosts[0].Services.GetRequiredService<IClusterClient>();

        // The first silo holds membership when there is no Redis: it goes last.
        public async ValueTask DisposeAsync()
        {
            foreach (var host in Enumerable.Reverse(Hosts))
            {
                await host.StopAsync();
                host.Dispose();
            }
        }
    }
}
#endif
