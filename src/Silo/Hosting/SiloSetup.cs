using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Grains;
using Nexus.Grains.Placement;
using Nexus.Silo.Settings;
using Nexus.Silo.Storage;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Nexus.Silo.Hosting;

/// <summary>What every silo of the process is made of.</summary>
internal static class SiloSetup
{
    /// <param name="index">Which of the process's regions it serves.</param>
    /// <param name="endpoints">Of all silos of the process where there is no Redis: each is a cluster of its own.</param>
    public static void Configure(ISiloBuilder silo, NexusOptions options, int index, IPEndPoint[] endpoints)
    {
        string region = options.Regions[index];
        silo.Configure<SiloOptions>(o => o.SiloName = $"silo-{region}");
        silo.UseSiloMetadata(new Dictionary<string, string> { [SiloMetadataKeys.Region] = region });
        silo.Services.AddSingleton(WordOf(options, region));
        silo.AddNexusGrains(Zones(options));
        silo.Services.AddSingleton<IFatalErrorHandler, SiloFailure>();
        silo.AddActivityPropagation();
        if (options.Redis is null)
        {
            silo.Services.AddKeyedSingleton<TimeProvider>(TimeProviderNames.Membership, new LoneSiloTime());
        }

        if (options.Redis is null)
        {
            silo.UseLocalhostClustering(endpoints[index].Port, gatewayPort: 0, endpoints[index], options.ClusterOf(region), options.ClusterOf(region));
        }
        else
        {
            Join(silo, options, index);
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

    /// <summary>One silo of a cluster of several processes.</summary>
    private static void Join(ISiloBuilder silo, NexusOptions options, int index)
    {
        string cluster = options.ClusterOf(options.Regions[index]);
        silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (cluster, cluster));
        IPEndPoint listen = options.EffectiveSilo;
        silo.Configure<SiloOptions>(o => o.SiloName = $"silo-{new IPEndPoint(options.EffectiveAdvertise, listen.Port + index)}"); // two of one name are taken for one that has moved
        silo.Configure<EndpointOptions>(o =>
        {
            o.AdvertisedIPAddress = options.EffectiveAdvertise;
            (o.SiloPort, o.GatewayPort) = (listen.Port + index, options.EffectiveClientPort + index);
            o.SiloListeningEndpoint = new IPEndPoint(listen.Address, o.SiloPort);
            o.GatewayListeningEndpoint = new IPEndPoint(listen.Address, o.GatewayPort);
        });
        silo.UseRedis(options.Redis!);
        silo.Configure<ClusterMembershipOptions>(o => (o.ProbeTimeout, o.MinProbeTimeout, o.MaxProbeTimeout) = (ClusterTiming.Probe, ClusterTiming.Probe, ClusterTiming.LongestProbe));
        silo.Configure<SiloMessagingOptions>(o => o.ResponseTimeout = ClusterTiming.Response);
        silo.Configure<ConnectionOptions>(o => o.OpenConnectionTimeout = ClusterTiming.Connect);
        if (options.ClusterTls is { } files)
        {
            silo.UseTls(new ClusterTls(files).Apply);
        }

#pragma warning disable ORLEANSEXP003 // experimental by its word; what it takes the place of destroys grains on healthy silos whenever one goes
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        silo.Configure<GrainDirectoryOptions>(o => o.RangeLeaseDuration = TimeSpan.Zero); // two owners for a moment do no harm: epochs tell them apart
    }

    /// <summary>What the region says of itself to its peers.</summary>
    public static RegionWord WordOf(NexusOptions options, string region) => new(
        region, options.AllRegions, options.EffectiveTenants.ToImmutableDictionary(t => t.Name, t => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(t)))));

    private static ZoneMap Zones(NexusOptions options) => new(options.EffectiveTenants
        .Where(t => t.Residency is not null)
        .GroupBy(t => t.Residency!.Zone)
        .ToDictionary(g => g.Key, g => (IReadOnlyCollection<string>)g.SelectMany(t => t.Residency!.Regions).ToHashSet()));
}
