using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Silo.Hosting;

namespace Nexus.Silo.Tests.Rig;

/// <summary>Two regions, each a process with a Redis of its own, that know of each other no more than their client ports.</summary>
internal sealed class TestRegions : IAsyncDisposable
{
    private readonly string _name = $"c{Guid.NewGuid():N}";
    private readonly Dictionary<string, (RedisServer Redis, int Silo, int Clients)> _places = [];
    private readonly Dictionary<string, TestHost> _hosts = [];

    private TestRegions()
    {
        foreach (string region in (string[])["eu", "us"])
        {
            _places[region] = (new RedisServer(), TestHost.FreePort(), TestHost.FreePort());
        }
    }

    public TestHost Eu => _hosts["eu"];

    public TestHost Us => _hosts["us"];

    /// <summary>Both started, and heard of by each other.</summary>
    public static async Task<TestRegions> StartAsync(Func<string, string[]>? more = null)
    {
        var regions = new TestRegions();
        foreach ((string region, var place) in regions._places)
        {
            await place.Redis.InitializeAsync();
            await regions.StartAsync(region, more?.Invoke(region) ?? []);
        }

        foreach (TestHost host in regions._hosts.Values)
        {
            await Until(() => Task.FromResult(host.Services.GetServices<PeerClient>().Single().HasAnswered));
        }

        return regions;
    }

    public async Task StartAsync(string region, params string[] more)
    {
        (RedisServer redis, int silo, int clients) = _places[region];
        string peer = region == "eu" ? "us" : "eu";
        _hosts[region] = await TestHost.StartAsync([
            "--region", region, "--redis", $"{redis.Address}", "--cluster", _name, "--silo", $"127.0.0.1:{silo}", "--client-port", $"{clients}",
            "--peers", $"{peer}=127.0.0.1:{_places[peer].Clients}", .. more]);
    }

    public async Task StopAsync(string region)
    {
        _hosts.Remove(region, out TestHost? host);
        await host!.StopAsync();
        await host.DisposeAsync();
    }

    /// <summary>A room's name, of the development tenant, of which that region knows where it is.</summary>
    public static string RoomKeptIn(string region, string name = "r") => Enumerable.Range(0, 100).Select(i => $"{name}-{i}")
        .First(room => RegionChoice.Keeper(Keys.Room(Keys.AnyZone, "dev", room), ["eu", "us"]) == region);

    public static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        while (!await condition())
        {
            await Task.Delay(50, patience.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string region in _hosts.Keys.ToList())
        {
            await StopAsync(region);
        }

        foreach ((_, var place) in _places)
        {
            await place.Redis.DisposeAsync();
        }
    }
}
