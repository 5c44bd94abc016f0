using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Core;
using Nexus.Silo.Settings;
using Nexus.Silo.Storage;

namespace Nexus.Silo.Hosting;

/// <summary>
/// The silo of a further region in the same process (<c>--regions</c>). Orleans has one silo per container, so it has a host of its
/// own, which lives and ends as a part of the process's.
/// </summary>
internal sealed class RegionSilo(NexusOptions options, int index, IPEndPoint[] endpoints, IServiceProvider process) : IHostedService, IDisposable
{
    private IHost? _host;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "nexus" });
        builder.Services.AddLogging();
        builder.Share<ILoggerFactory>(process);
        builder.Share<TimeProvider>(process);
        builder.Share<HostFailure>(process);
        builder.Share<System.Diagnostics.Metrics.IMeterFactory>(process);
        var regions = process.GetRequiredService<RegionDirectory>();
        builder.Services.AddSingleton(regions.SeenFrom(options.Regions[index]));
        if (options.DataFolder is not null)
        {
            builder.Services.AddSingleton(_ => FileGrainStorage.Open(options, index));
        }

        if (options.Redis is not null)
        {
            builder.Share<RedisConnection>(process);
        }

        foreach (IRoomEvents listener in process.GetServices<IRoomEvents>())
        {
            builder.Services.AddSingleton(listener);
        }

        builder.UseOrleans(silo => SiloSetup.Configure(silo, options, index, endpoints));
        if (options.DataFolder is not null)
        {
            builder.Services.AddHostedService<KeptRooms>();
        }

        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        _host = builder.Build();
        await _host.StartAsync(cancellationToken);
        regions.Add(options.Regions[index], _host.Services.GetRequiredService<IGrainFactory>);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _host?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public void Dispose() => _host?.Dispose();
}
