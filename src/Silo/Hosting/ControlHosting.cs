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
using Nexus.Grains;
using Nexus.Grains.Placement;
using Nexus.Link;
using Nexus.Silo.Control;
using Nexus.Silo.Settings;
using Nexus.Silo.Storage;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Nexus.Silo.Hosting;

/// <summary>The control role: silos with the grains, and the links of media nodes.</summary>
internal static class ControlHosting
{
    public static void AddControl(this WebApplicationBuilder builder, NexusOptions options)
    {
        IServiceCollection services = builder.Services;
        services.AddSingleton(s => new WebhookDispatcher(
            options.EffectiveTenants, new SocketsHttpHandler { AllowAutoRedirect = false }, s.GetRequiredService<IMeterFactory>(), TimeProvider.System, s.GetRequiredService<ILogger<WebhookDispatcher>>()));
        if (options.EffectiveTenants.Any(t => t.Webhooks is not null))
        {
            services.AddSingleton<IRoomEvents>(s => s.GetRequiredService<WebhookDispatcher>());
        }

        if (options.DataFolder is { } folder)
        {
            services.AddSingleton(_ => OpenFolder(folder));
        }

        if (options.Redis is not null)
        {
            services.AddSingleton<RedisConnection>();
            services.AddHostedService(s => s.GetRequiredService<RedisConnection>());
        }

        IPEndPoint[] endpoints = Endpoints(options);
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
            s.GetRequiredService<IGrainFactory>(), options.EffectiveLinkSecret, new LinkTiming(), TimeProvider.System, s.GetRequiredService<ILogger<NodeLinkHost>>()));
        if (options.ControlListen is not null)
        {
            services.AddHostedService<NodeLinkListener>();
        }
    }

    private static FileGrainStorage OpenFolder(string folder)
    {
        try
        {
            return new FileGrainStorage(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"data: {folder} cannot be used: {e.Message}");
        }
    }

    // Without Redis nobody outside of this process may join: any free ports do, and several servers fit on one machine.
    private static IPEndPoint[] Endpoints(NexusOptions options)
    {
        if (options.Redis is not null)
        {
            return [.. options.Regions.Select((_, i) => new IPEndPoint(options.EffectiveSilo.Address, options.EffectiveSilo.Port + i))];
        }

        TcpListener[] listeners = [.. options.Regions.Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        Array.ForEach(listeners, listener => listener.Start());
        IPEndPoint[] endpoints = [.. listeners.Select(listener => (IPEndPoint)listener.LocalEndpoint)];
        Array.ForEach(listeners, listener => listener.Dispose());
        return endpoints;
    }
}

/// <summary>What every silo of the process is made of.</summary>
internal static class SiloSetup
{
    /// <param name="index">Which of the process's regions it serves.</param>
    /// <param name="endpoints">Of all silos of the process; without Redis the first one holds membership.</param>
    public static void Configure(ISiloBuilder silo, NexusOptions options, int index, IPEndPoint[] endpoints)
    {
        string region = options.Regions[index];
        silo.Configure<SiloOptions>(o => o.SiloName = $"silo-{region}");
        silo.UseSiloMetadata(new Dictionary<string, string> { [SiloMetadataKeys.Region] = region });
        silo.AddNexusGrains(Zones(options));
        silo.Services.AddSingleton<IFatalErrorHandler, SiloFailure>();
        silo.AddActivityPropagation();
        if (options.Redis is null && options.Regions.Length == 1)
        {
            silo.Services.AddKeyedSingleton<TimeProvider>(TimeProviderNames.Membership, new LoneSiloTime());
        }

        if (options.Redis is null)
        {
            silo.UseLocalhostClustering(endpoints[index].Port, gatewayPort: 0, endpoints[0], options.Cluster, options.Cluster);
        }
        else
        {
            silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (options.Cluster, options.Cluster));
            silo.ConfigureEndpoints(endpoints[index].Address, endpoints[index].Port, gatewayPort: 0);
            silo.UseRedis(options.Redis);

            // a silo that died is known after three seconds instead of fifteen; one cluster is one region, so that no probe crosses an ocean
            silo.Configure<ClusterMembershipOptions>(o => o.ProbeTimeout = TimeSpan.FromSeconds(1));
#pragma warning disable ORLEANSEXP003 // experimental by its word; what it takes the place of destroys grains on healthy silos whenever one goes
            silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
            silo.Configure<GrainDirectoryOptions>(o => o.RangeLeaseDuration = TimeSpan.Zero); // two owners for a moment do no harm: epochs tell them apart
        }

        if (options.DataFolder is not null)
        {
            silo.Services.AddKeyedSingleton<Orleans.Storage.IGrainStorage>(StorageNames.Rooms, (s, _) => s.GetRequiredService<FileGrainStorage>());
        }
        else if (options.Redis is null)
        {
            silo.AddMemoryGrainStorage(StorageNames.Rooms);
        }

        if (options.Dashboard && index == 0)
        {
            silo.AddDashboard();
        }
    }

    private static ZoneMap Zones(NexusOptions options) => new(options.EffectiveTenants
        .Where(t => t.Residency is not null)
        .GroupBy(t => t.Residency!.Zone)
        .ToDictionary(g => g.Key, g => (IReadOnlyCollection<string>)g.SelectMany(t => t.Residency!.Regions).ToHashSet()));
}
