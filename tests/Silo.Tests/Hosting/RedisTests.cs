using System.Net;
using System.Text;
using Nexus.Silo.Settings;
using Nexus.Silo.Tests.Rig;
using StackExchange.Redis;

namespace Nexus.Silo.Tests.Hosting;

/// <summary>Several processes over a real Redis.</summary>
public sealed class RedisTests : IClassFixture<RedisServer>
{
    private readonly RedisServer _redis;
    private readonly string _cluster = $"c{Guid.NewGuid():N}";

    public RedisTests(RedisServer redis) => _redis = redis;

    [Fact]
    public async Task An_orderly_stop_leaves_the_membership_row_dead_and_costs_the_others_no_join()
    {
        await using TestHost stays = await StartAsync("eu");
        await using TestHost goes = await StartAsync("eu");
        await Until(async () => (await stays.Api("nodes")).GetProperty("nodes").GetArrayLength() == 2);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(HttpStatusCode.Created, (await goes.Publish($"before-{i}", "ada")).Status);
        }

        await goes.StopAsync();
        string[] rows = [.. (await _redis.Database.HashGetAllAsync($"{_cluster}-eu/members/{_cluster}-eu")).Select(e => Encoding.UTF8.GetString((byte[])e.Value!))];
        Assert.Single(rows, row => row.Contains("Dead") || row.Contains("\"Status\":6"));
        for (int i = 0; i < 40; i++)
        {
            (HttpStatusCode status, string body) = await stays.Publish($"after-{i}", "bob");
            Assert.True(status == HttpStatusCode.Created, $"{i}: {status} {body}");
        }
    }

    [Fact]
    public async Task A_Redis_that_does_not_answer_is_named()
    {
        var refused = await Assert.ThrowsAsync<SettingsException>(() => TestHost.StartAsync("--redis", $"127.0.0.1:{TestHost.FreePort()},connectTimeout=500", "--silo", $"127.0.0.1:{TestHost.FreePort()}"));
        Assert.StartsWith("redis: ", refused.Message);
    }

    [Fact]
    public async Task Redis_that_comes_back_empty_makes_the_process_unready_by_name()
    {
        await using var redis = new OwnRedis();
        await redis.Server.InitializeAsync();
        TestHost host = await TestHost.StartAsync("--redis", $"{redis.Server.Address}", "--silo", $"127.0.0.1:{TestHost.FreePort()}"); // not stopped: a silo tries for two minutes to tell the table that is gone
        Assert.Equal(HttpStatusCode.OK, (await host.Get("/readyz")).Status);
        await redis.Server.Empty();
        await Until(async () => (await host.Get("/readyz")).Body.Contains("CLUSTER_LOST"));
        (HttpStatusCode status, string body) = await host.Publish("new", "ada");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("CLUSTER_LOST", body);
    }

    [Fact]
    public async Task A_silo_address_that_another_process_has_is_refused_by_name()
    {
        string silo = $"127.0.0.1:{TestHost.FreePort()}";
        await using TestHost first = await TestHost.StartAsync("--redis", $"{_redis.Address}", "--cluster", _cluster, "--silo", silo);
        var refused = await Assert.ThrowsAsync<SettingsException>(() => TestHost.StartAsync("--redis", $"{_redis.Address}", "--cluster", _cluster, "--silo", silo));
        Assert.Contains(silo, refused.Message);
        Assert.Equal(HttpStatusCode.Created, (await first.Publish("r", "ada")).Status);
    }

    [Fact]
    public async Task Clusters_of_different_names_share_a_Redis_and_nothing_else()
    {
        await using TestHost one = await StartAsync("eu");
        await using TestHost other = await TestHost.StartAsync("--redis", $"{_redis.Address}", "--cluster", _cluster + "x", "--silo", $"127.0.0.1:{TestHost.FreePort()}");
        Assert.Equal(HttpStatusCode.Created, (await one.Publish("r", "ada")).Status);
        Assert.Empty((await other.Api("rooms")).GetProperty("rooms").EnumerateArray());
        Assert.Single((await other.Api("nodes")).GetProperty("nodes").EnumerateArray());
    }

    [Fact]
    public async Task The_record_of_a_closed_room_is_gone()
    {
        await using TestHost host = await StartAsync("eu");
        Assert.Equal(HttpStatusCode.Created, (await host.Publish("r", "ada")).Status);
        Assert.Single(Records());
        using HttpRequestMessage close = new(HttpMethod.Delete, "/api/v1/rooms/r") { Headers = { Authorization = new("Bearer", TestHost.AdminToken) } };
        Assert.Equal(HttpStatusCode.NoContent, (await host.Http.SendAsync(close)).StatusCode);
        Assert.Empty(Records());

        IEnumerable<RedisKey> Records() => _redis.Database.Multiplexer.GetServer(_redis.Address).Keys(pattern: $"{_cluster}-eu/state/*").ToList();
    }

    private Task<TestHost> StartAsync(string region) =>
        TestHost.StartAsync("--redis", $"{_redis.Address}", "--cluster", _cluster, "--region", region, "--silo", $"127.0.0.1:{TestHost.FreePort()}");

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>One that no other test looks at.</summary>
    private sealed class OwnRedis : IAsyncDisposable
    {
        public RedisServer Server { get; } = new();

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }
}
