using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Gateway.Health;
using Nexus.Grains.Filters;
using Nexus.Silo.Settings;
using Orleans.Configuration;

namespace Nexus.Silo.Hosting;

/// <summary>The regions of this process and its peers.</summary>
internal static class RegionHosting
{
    public static void AddRegions(this IServiceCollection services, NexusOptions options)
    {
        string own = options.Regions[0];
        foreach (PeerOptions peer in options.Peers)
        {
            services.AddSingleton(s => new PeerClient(
                options, peer, SiloSetup.WordOf(options, own), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<PeerClient>>(), s));
        }

        for (int i = 0; i < options.Peers.Length; i++)
        {
            int index = i; // one registration each: a factory is asked once for each of them
            services.AddSingleton<IHostedService>(s => s.GetServices<PeerClient>().ElementAt(index));
            services.AddSingleton<IReadinessNote>(s => s.GetServices<PeerClient>().ElementAt(index));
        }

        services.AddSingleton(s =>
        {
            var directory = new RegionDirectory(options, s.GetServices<PeerClient>());
            directory.Add(own, options.Roles.HasFlag(Roles.Silo) ? s.GetRequiredService<IGrainFactory> : () => s.GetRequiredService<ClusterClient>().Grains);
            return directory;
        });
        services.AddSingleton(s => s.GetRequiredService<RegionDirectory>().SeenFrom(own));
    }

    /// <summary>What all our Orleans clients have in common.</summary>
    public static void ConfigureOurs(this IClientBuilder client, NexusOptions options, string cluster, TimeSpan response)
    {
        client.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (cluster, cluster));
        client.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = response);
        client.Configure<ConnectionOptions>(o => o.OpenConnectionTimeout = ClusterTiming.Connect);
        client.Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = ClusterTiming.SiloList);
        client.AddActivityPropagation();
        client.AddOutgoingGrainCallFilter<LostCalls>();
        if (options.ClusterTls is { } files)
        {
            client.UseTls(new ClusterTls(files).Apply);
        }
    }
}
