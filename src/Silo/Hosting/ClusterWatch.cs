using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;
using StackExchange.Redis;

namespace Nexus.Silo.Hosting;

/// <summary>
/// Looks whether this silo still stands in the membership table. Orleans writes its row once and then believes itself: when Redis comes
/// back empty, the old silos go on as a cluster that no new one can see, and one room lives twice. Who is not in the table takes no
/// new sessions; what it carries goes on until an operator restarts it.
/// </summary>
internal sealed partial class ClusterWatch(IMembershipTable table, ILocalSiloDetails silo, ILogger<ClusterWatch> log, GatewayState? gateway = null) : BackgroundService, IReadiness
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private volatile bool _isMissing;

    public ValueTask<Problem?> Check() => new(Problem);

    private Problem? Problem => _isMissing
        ? new Problem("CLUSTER_LOST", $"Redis has come back without the members of this cluster, and knows nothing of {silo.SiloAddress}: restart this process, and have Redis keep its data.")
        : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        while (await Next(timer, stoppingToken))
        {
            bool missing;
            try
            {
                missing = (await table.ReadRowAsync(silo.SiloAddress, stoppingToken)).Members.Count == 0;
            }
            catch (Exception e) when (e is RedisConnectionException or RedisTimeoutException)
            {
                LogUnreadable(e.Message); // away is not empty: those who know each other go on
                continue;
            }
            catch (Exception) when (!stoppingToken.IsCancellationRequested)
            {
                missing = true; // it answers, and has no table
            }

            if (missing && !_isMissing)
            {
                LogMissing(silo.SiloAddress);
            }

            _isMissing = missing;
            gateway?.Refuse(Problem);
        }
    }

    private static async Task<bool> Next(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false; // the process stops
        }
    }

    [LoggerMessage(1011, LogLevel.Warning, "the membership table cannot be read now: {Reason}")]
    private partial void LogUnreadable(string reason);

    [LoggerMessage(1012, LogLevel.Critical, "Redis has come back without the members of this cluster: {Silo} takes no new sessions until it is restarted, or it would be a second cluster beside those that start now")]
    private partial void LogMissing(Orleans.Runtime.SiloAddress silo);
}
