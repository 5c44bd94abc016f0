namespace Nexus.Silo.Tests.Rig;

/// <summary>Hosts of single roles that are one cluster over a Redis.</summary>
internal sealed class TestCluster(RedisServer redis) : IAsyncDisposable
{
    private readonly List<TestHost> _hosts = [];

    public string Name { get; } = $"c{Guid.NewGuid():N}";

    /// <summary>Where its silos take media nodes.</summary>
    public List<string> Controls { get; } = [];

    public Task<TestHost> StartSiloAsync(params string[] more)
    {
        string control = $"127.0.0.1:{TestHost.FreePort()}";
        Controls.Add(control);
        return StartAsync(["--roles", "silo", "--log-level", "information", .. Joins(), "--silo", $"127.0.0.1:{TestHost.FreePort()}", "--client-port", $"{TestHost.FreePort()}", "--control-listen", control, .. more]);
    }

    public Task<TestHost> StartGatewayAsync(params string[] more) => StartAsync(["--roles", "gateway", .. Joins(), .. more]);

    /// <summary>A node that may be linked to any of the silos there are now.</summary>
    public Task<TestHost> StartMediaAsync(params string[] more) => StartAsync(["--roles", "media", "--control", string.Join(',', Controls), .. more]);

    /// <summary>A gateway and a media node, in one process without a silo.</summary>
    public Task<TestHost> StartGatewayWithMediaAsync() => StartAsync(["--roles", "gateway,media", .. Joins(), "--control", string.Join(',', Controls)]);

    /// <summary>In order, as on SIGTERM.</summary>
    public async Task StopAsync(TestHost host)
    {
        _hosts.Remove(host);
        await host.StopAsync();
        await host.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestHost host in Enumerable.Reverse(_hosts).ToList())
        {
            await StopAsync(host);
        }
    }

    private string[] Joins() => ["--redis", $"{redis.Address}", "--cluster", Name];

    private async Task<TestHost> StartAsync(string[] flags)
    {
        TestHost host = await TestHost.StartAsync(flags);
        _hosts.Add(host);
        return host;
    }
}
