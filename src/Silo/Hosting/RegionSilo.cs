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
        Share<ILoggerFactory>(builder);
        Share<TimeProvider>(builder);
        Share<HostFailure>(builder);
        Share<System.Diagnostics.Metrics.IMeterFactory>(builder);
        if (options.DataFolder is not null)
        {
            Share<FileGrainStorage>(builder);
        }

        if (options.Redis is not null)
        {
            Share<RedisConnection>(builder);
        }

        foreach (IRoomEvents listener in process.GetServices<IRoomEvents>())
        {
            builder.Services.AddSingleton(listener);
        }

        builder.UseOrleans(silo => SiloSetup.Configure(silo, options, index, endpoints));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>(); // signals are the process's business
        _host = builder.Build();
        return _host.StartAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _host?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public void Dispose() => _host?.Dispose();

    /// <summary>An instance of the process's, which this host does not dispose.</summary>
    private void Share<T>(HostApplicationBuilder builder) where T : class => builder.Services.AddSingleton(process.GetRequiredService<T>());

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
