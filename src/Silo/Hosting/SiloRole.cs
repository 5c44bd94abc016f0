using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Core;
using Nexus.Gateway.Adapters.LiveKit.Webhooks;
using Nexus.Gateway.Health;
using Nexus.Link;
using Nexus.Silo.Control;
using Nexus.Silo.Settings;
using Nexus.Silo.Storage;

namespace Nexus.Silo.Hosting;

/// <summary>The silo role: grains, and the links of media nodes.</summary>
internal static class SiloRole
{
    public static void AddSiloRole(this WebApplicationBuilder builder, NexusOptions options)
    {
        IServiceCollection services = builder.Services;
        services.AddSingleton(s => new WebhookDispatcher(
            options.EffectiveTenants, new SocketsHttpHandler { AllowAutoRedirect = false }, s.GetRequiredService<IMeterFactory>(), TimeProvider.System, s.GetRequiredService<ILogger<WebhookDispatcher>>()));
        if (options.EffectiveTenants.Any(t => t.Webhooks is not null))
        {
            services.AddSingleton<IRoomEvents>(s => s.GetRequiredService<WebhookDispatcher>());
        }

        if (options.DataFolder is not null)
        {
            services.AddSingleton(_ => FileGrainStorage.Open(options, 0));
        }

        IPEndPoint[] endpoints = options.Redis is null ? FreeEndpoints(options.Regions.Length) : [];
        builder.UseOrleans(silo => SiloSetup.Configure(silo, options, 0, endpoints));
        for (int i = 1; i < options.Regions.Length; i++)
        {
            int index = i;
            services.AddSingleton<IHostedService>(s => new RegionSilo(options, index, endpoints, s));
        }

        if (options.Redis is not null)
        {
            services.AddSingleton<ClusterWatch>();
            services.AddSingleton<IReadiness>(s => s.GetRequiredService<ClusterWatch>());
            services.AddHostedService(s => s.GetRequiredService<ClusterWatch>());
        }

        if (options.DataFolder is not null)
        {
            services.AddHostedService<KeptRooms>();
        }

        services.AddSingleton(s => new NodeLinkHost(
            s.GetRequiredService<IGrainFactory>(), options.EffectiveLinkSecret, new LinkTiming(), TimeProvider.System, s.GetRequiredService<ILogger<NodeLinkHost>>())
        {
            GrainsFor = s.GetRequiredService<RegionDirectory>().ForNodeOf,
        });
        if (options.ControlListen is not null)
        {
            services.AddHostedService<NodeLinkListener>();
        }
    }

    /// <summary>Without Redis nobody outside of this process may join: any free ports do, and several servers fit on one machine.</summary>
    private static IPEndPoint[] FreeEndpoints(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        Array.ForEach(listeners, listener => listener.Start());
        IPEndPoint[] endpoints = [.. listeners.Select(listener => (IPEndPoint)listener.LocalEndpoint)];
        Array.ForEach(listeners, listener => listener.Dispose());
        return endpoints;
    }
}
