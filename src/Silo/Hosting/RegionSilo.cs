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

    public Task StartAsync(CancellationToken cancellationToken)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "nexus" });
        builder.Services.AddLogging();
        builder.Share<ILoggerFactory>(process);
        builder.Share<TimeProvider>(process);
        builder.Share<HostFailure>(process);
        builder.Share<System.Diagnostics.Metrics.IMeterFactory>(process);
        if (options.DataFolder is not null)
        {
            builder.Share<FileGrainStorage>(process);
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
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        _host = builder.Build();
        return _host.StartAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _host?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public void Dispose() => _host?.Dispose();
}
