using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;
using Nexus.Silo.Settings;
using Nexus.Silo.Storage;

namespace Nexus.Silo.Hosting;

/// <summary>
/// The way to the grains of a gateway without a silo: an Orleans client of its region's cluster, which finds the silos in Redis. It has a
/// host of its own, as the silos of further regions have (<see cref="RegionSilo"/>), so that the process serves its health while no silo
/// is there yet.
/// </summary>
internal sealed partial class ClusterClient : IHostedService, IReadiness, IAsyncDisposable
{
    /// <summary>Silos that start together with this process may take a moment; who waits longer serves meanwhile, and is not ready.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(500);

    private readonly NexusOptions _options;
    private readonly HostFailure _failure;
    private readonly GatewayState _gateway;
    private readonly ILogger<ClusterClient> _log;
    private readonly IHost _host;
    private readonly CancellationTokenSource _stopping = new();
    private Task _connecting = Task.CompletedTask;
    private volatile bool _isConnected;
    private bool _isSaid;
    private int _isDisposed;

    public ClusterClient(NexusOptions options, HostFailure failure, GatewayState gateway, ILogger<ClusterClient> log, IServiceProvider process)
    {
        (_options, _failure, _gateway, _log) = (options, failure, gateway, log);
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "nexus" });
        builder.Services.AddLogging();
        builder.Share<ILoggerFactory>(process);
        builder.Share<IMeterFactory>(process);
        builder.Share<RedisConnection>(process);
        builder.UseOrleansClient(Configure);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        _host = builder.Build();
    }

    /// <exception cref="SiloUnavailableException">No silo has answered yet: until then nobody knows which grains there are.</exception>
    public IGrainFactory Grains => Problem is { } problem ? throw new SiloUnavailableException(problem.Message) : _host.Services.GetRequiredService<IClusterClient>();

    /// <summary>Returns when a silo has answered, or after some seconds; then it goes on trying.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _gateway.Refuse(Problem);
        _connecting = Connect();
        return Task.WhenAny(_connecting, Task.Delay(Patience, cancellationToken));
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _connecting.WaitAsync(cancellationToken);
        if (_isConnected)
        {
            await _host.StopAsync(cancellationToken);
        }
    }

    public ValueTask<Problem?> Check() => new(Problem);

    private Problem? Problem => _isConnected
        ? null
        : new Problem("NO_SILO", $"No silo of cluster '{_options.Cluster}' answers: start one with the same redis and cluster, or look whether its client-port can be reached from here.");

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0) // it is registered under several names
        {
            await _stopping.CancelAsync();
            await _connecting;
            _host.Dispose();
            _stopping.Dispose();
        }
    }

    private async Task Connect()
    {
        try
        {
            await _host.StartAsync(_stopping.Token);
            _isConnected = true;
            _gateway.Refuse(null);
            LogConnected(_options.Cluster);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // the process stops
        }
        catch (Exception e)
        {
            _failure.Fail($"the cluster's client cannot start: {e.Message}", e);
        }
    }

    private void Configure(IClientBuilder client)
    {
        client.UseRedis(_options.Redis!);
        client.ConfigureOurs(_options, _options.ClusterOf(_options.Regions[0]), ClusterTiming.Response);
        client.UseConnectionRetryFilter(Retry);
        client.AddGatewayCountChangedHandler((_, silos) =>
        {
            if (silos.NumberOfConnectedGateways < silos.PreviousNumberOfConnectedGateways)
            {
                _gateway.NoteLoss();
            }
        });
    }

    private async Task<bool> Retry(Exception cause, CancellationToken cancellation)
    {
        if (!_isSaid)
        {
            _isSaid = true;
            LogAlone(_options.Cluster, cause.Message);
        }

        await Task.Delay(Again, cancellation);
        return true;
    }

    [LoggerMessage(1014, LogLevel.Information, "connected to the silos of cluster {Cluster}")]
    private partial void LogConnected(string cluster);

    [LoggerMessage(1013, LogLevel.Warning, "no silo of cluster {Cluster} answers yet: {Reason}")]
    private partial void LogAlone(string cluster, string reason);
}
