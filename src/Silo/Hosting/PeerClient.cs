using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Gateway.Health;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Hosting;

/// <summary>
/// The way to the cluster of another region (<c>peers</c>): an Orleans client that is told its silos, so that nothing of that region but
/// their client ports need be reached. Asks every second whether somebody is there: what needs a region that is away is refused at once,
/// instead of by a time-out, and nothing else of this process notices. Never keeps the process from starting.
/// </summary>
internal sealed partial class PeerClient : BackgroundService, IReadinessNote
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Unheard of for so long, it is away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>For a call without a deadline of its own, there and back: a join may wait for its node for 13 s.</summary>
    private static readonly TimeSpan Response = TimeSpan.FromSeconds(15);

    private readonly PeerOptions _peer;
    private readonly RegionWord _own;
    private readonly TimeProvider _clock;
    private readonly ILogger<PeerClient> _log;
    private readonly IHost _host;
    private Word? _heard;
    private bool _isAway = true;
    private bool _isStarted;
    private string _differences = "";

    public PeerClient(NexusOptions options, PeerOptions peer, RegionWord own, TimeProvider clock, ILogger<PeerClient> log, IServiceProvider process)
    {
        (_peer, _own, _clock, _log) = (peer, own, clock, log);
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "nexus" });
        builder.Services.AddLogging();
        builder.Share<ILoggerFactory>(process);
        builder.Share<IMeterFactory>(process);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.UseOrleansClient(client =>
        {
            client.UseStaticClustering([.. peer.Silos]);
            client.ConfigureOurs(options, options.ClusterOf(peer.Region), Response);
            client.UseConnectionRetryFilter(async (_, cancellation) =>
            {
                await Task.Delay(Interval, cancellation);
                return true;
            });
        });
        _host = builder.Build();
    }

    public string Region => _peer.Region;

    /// <summary>Somebody there answers.</summary>
    public bool HasAnswered => !Volatile.Read(ref _isAway);

    /// <summary>When somebody there has answered last; null while somebody does, and when nobody ever did.</summary>
    public DateTimeOffset? AwaySince => _isAway ? Volatile.Read(ref _heard)?.At : null;

    /// <summary>What the two sides have different settings for, and so do nothing of together; empty where there is nothing.</summary>
    public string Differences => Volatile.Read(ref _differences);

    public string? Note =>
        !HasAnswered ? RegionAwayException.Of(Region, AwaySince).Message
        : Differences is { Length: > 0 } differences ? $"region '{Region}' is configured differently from this one: {differences}" : null;

    /// <param name="tenant">Whose grains are asked for; null for those that are nobody's.</param>
    /// <exception cref="RegionAwayException">Nobody there answers now, or it has other settings for the tenant.</exception>
    public IGrainFactory Grains(string? tenant) =>
        Volatile.Read(ref _isAway) ? throw RegionAwayException.Of(Region, AwaySince)
        : tenant is not null && Volatile.Read(ref _heard)!.Unequal.Contains(tenant) ? throw new RegionAwayException(
            Region, $"region '{Region}' has other settings for tenant '{tenant}' than region '{_own.Region}': make them equal in all configurations")
        : _host.Services.GetRequiredService<IClusterClient>();

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (_isStarted)
        {
            await _host.StopAsync(cancellationToken);
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _host.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            LogSought(Region, string.Join(',', _peer.Silos));
            await _host.StartAsync(stoppingToken); // returns when a silo there has answered
            _isStarted = true;
            using var timer = new PeriodicTimer(Interval, _clock);
            do
            {
                await Ask();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // the process stops
        }
    }

    private async Task Ask()
    {
        try
        {
            RegionWord word = await _host.Services.GetRequiredService<IClusterClient>().GetGrain<IRegionGrain>(Random.Shared.Next(64)).Greet();
            Take(word);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or InvalidOperationException)
        {
            if (!_isAway && _clock.GetUtcNow() - _heard!.At > Patience)
            {
                Volatile.Write(ref _isAway, true);
                LogAway(Region, _heard.At, e.Message);
            }
        }
    }

    private void Take(RegionWord word)
    {
        Volatile.Write(ref _heard, new(_clock.GetUtcNow(), [.. _own.UnequalTenants(word)]));
        string differences = _own.Differences(word);
        if (differences != Differences)
        {
            Volatile.Write(ref _differences, differences);
            LogDifferent(differences.Length > 0 ? LogLevel.Error : LogLevel.Information, Region, differences.Length > 0 ? differences : "nothing any more");
        }

        if (_isAway)
        {
            Volatile.Write(ref _isAway, false);
            LogThere(Region);
        }
    }

    /// <param name="Unequal">Tenants that it has other settings for.</param>
    private sealed record Word(DateTimeOffset At, HashSet<string> Unequal);

    [LoggerMessage(1040, LogLevel.Information, "looking for region {Region} at {Silos}")]
    private partial void LogSought(string region, string silos);

    [LoggerMessage(1041, LogLevel.Information, "region {Region} is there")]
    private partial void LogThere(string region);

    [LoggerMessage(1042, LogLevel.Warning, "region {Region} is away: nobody there has answered since {Since}: {Reason}")]
    private partial void LogAway(string region, DateTimeOffset since, string reason);

    [LoggerMessage(EventId = 1043, Message = "region {Region} is configured differently from this one: {Differences}")]
    private partial void LogDifferent(LogLevel level, string region, string differences);
}
