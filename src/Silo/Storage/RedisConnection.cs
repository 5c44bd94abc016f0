using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Nexus.Grains;
using Nexus.Silo.Settings;
using StackExchange.Redis;

namespace Nexus.Silo.Storage;

/// <summary>The process's one connection to Redis, for membership and state of all its silos, and to find those of others. Made before them, so that an absent Redis is named.</summary>
internal sealed class RedisConnection(NexusOptions options) : IHostedService, IAsyncDisposable
{
    /// <summary>A Redis that starts together with this process may take a moment.</summary>
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(5);

    private ConnectionMultiplexer? _connection;

    public IConnectionMultiplexer Multiplexer => _connection ?? throw new InvalidOperationException("Redis is connected when the host starts.");

    /// <exception cref="SettingsException">It does not answer.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        long began = TimeProvider.System.GetTimestamp();
        ConfigurationOptions redis = options.Redis!.Clone();
        redis.AbortOnConnectFail = true;
        while (_connection is null)
        {
            try
            {
                _connection = await ConnectionMultiplexer.ConnectAsync(redis).WaitAsync(cancellationToken);
                await _connection.GetDatabase().PingAsync();
            }
            catch (Exception e) when (e is RedisException or RedisTimeoutException)
            {
                await (_connection?.DisposeAsync() ?? default);
                _connection = null;
                if (TimeProvider.System.GetElapsedTime(began) > ConnectWithin)
                {
                    throw new SettingsException($"redis: {options.Redis.ToString(includePassword: false)} does not answer: start it, or mend the address or password ({e.Message})");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => _connection?.DisposeAsync() ?? default;
}

internal static class RedisCluster
{
    /// <summary>Membership and storage over the process's connection.</summary>
    public static void UseRedis(this ISiloBuilder silo, ConfigurationOptions redis)
    {
        silo.UseRedisClustering(o => o.ConfigurationOptions = redis);
        silo.Services.AddOptions<Orleans.Clustering.Redis.RedisClusteringOptions>().Configure<RedisConnection>((o, connection) =>
            o.CreateMultiplexer = _ => Task.FromResult((connection.Multiplexer, true)));
        silo.AddRedisGrainStorage(StorageNames.Rooms, storage => storage.Configure<RedisConnection>((o, connection) =>
        {
            o.ConfigurationOptions = redis;
            o.CreateMultiplexer = _ => Task.FromResult((connection.Multiplexer, true));
            o.GrainStorageSerializer = new RecordJson();
            o.DeleteStateOnClear = true; // else each room that ever was leaves an empty record
        }));
    }

    /// <summary>Finds the silos over the process's connection.</summary>
    public static void UseRedis(this IClientBuilder client, ConfigurationOptions redis)
    {
        client.UseRedisClustering(o => o.ConfigurationOptions = redis);
        client.Services.AddOptions<Orleans.Clustering.Redis.RedisClusteringOptions>().Configure<RedisConnection>((o, connection) =>
            o.CreateMultiplexer = _ => Task.FromResult((connection.Multiplexer, true)));
    }
}
