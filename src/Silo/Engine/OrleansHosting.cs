#if ORLEANS_ENGINE
using System.Net;
using System.Net.Sockets;
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
        var endpoints = Endpoints(options);
        try
        {
            for (var i = 0; i < options.Regions.Count; i++)
            {
                var host = BuildHost(options, i, endpoints, loggerFactory, timeProvider);
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

    // Without Redis nobody outside of this process may join: any free ports do, and several servers fit on one machine.
    private static IPEndPoint[] Endpoints(GrainEngineOptions options)
    {
        if (options.Redis is not null)
        {
            return [.. options.Regions.Select((_, i) => new IPEndPoint(options.Address, options.SiloPort + i))];
        }

        var listeners = options.Regions.Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        var endpoints = listeners.Select(listener => (IPEndPoint)listener.LocalEndpoint).ToArray();
        listeners.ForEach(listener => listener.Dispose());
        return endpoints;
    }

    private static IHost BuildHost(
        GrainEngineOptions options, int index, IPEndPoint[] endpoints, ILoggerFactory loggerFactory, TimeProvider timeProvider)
    {
        var region = options.Regions[index];
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "nexus" });
        builder.Services.AddLogging();
        builder.Services.AddSingleton(loggerFactory);
        builder.Services.AddSingleton(timeProvider);
        builder.UseOrleans(silo =>
        {
            silo.Configure<SiloOptions>(o => o.SiloName = $"silo-{region}");
            UseCluster(silo, options, index, endpoints);
            ConfigureCommon(silo, region, options);
        });
        return builder.Build();
    }

    private static void UseCluster(ISiloBuilder silo, GrainEngineOptions options, int index, IPEndPoint[] endpoints)
    {
        if (options.Redis is { } redis)
        {
            var gatewayPort = options.GatewayPort == 0 ? 0 : options.GatewayPort + index;
            silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (options.ClusterId, options.ClusterId));
            silo.ConfigureEndpoints(options.Address, endpoints[index].Port, gatewayPort);
            UseRedis(silo, redis, options.Storages);
            return;
        }

        silo.UseLocalhostClustering(endpoints[index].Port, gatewayPort: 0, endpoints[0], options.ClusterId, options.ClusterId);
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
