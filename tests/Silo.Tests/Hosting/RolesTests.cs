using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Silo.Settings;
using Nexus.Silo.Tests.Rig;

namespace Nexus.Silo.Tests.Hosting;

/// <summary>Processes of one role each, which are one server together.</summary>
public sealed class RolesTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncDisposable
{
    private readonly TestCluster _cluster = new(redis);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_gateway_without_a_silo_serves_all_that_one_with_a_silo_does()
    {
        await _cluster.StartSiloAsync();
        TestHost gateway = await _cluster.StartGatewayAsync();
        TestHost media = await _cluster.StartMediaAsync();
        await Until(() => IsReady(gateway));
        Assert.Equal(HttpStatusCode.Created, (await gateway.Publish("r", "ada")).Status);
        JsonElement ada = Assert.Single((await gateway.Api("rooms/r/participants")).GetProperty("participants").EnumerateArray());
        Assert.Equal(("ada", "local"), (ada.GetProperty("identity").GetString(), ada.GetProperty("region").GetString()));
        Assert.Equal("r", Assert.Single((await gateway.Api("rooms")).GetProperty("rooms").EnumerateArray()).GetProperty("name").GetString());
        JsonElement node = Assert.Single((await gateway.Api("nodes")).GetProperty("nodes").EnumerateArray());
        Assert.Equal("ready", node.GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.Created, await gateway.Act("POST", "/api/v1/invites", """{"room":"r"}"""));
        Assert.Equal(HttpStatusCode.NoContent, await gateway.Act("DELETE", "/api/v1/rooms/r"));
        Assert.Equal(HttpStatusCode.Accepted, await gateway.Act("POST", $"/api/v1/nodes/{node.GetProperty("id").GetString()}/drain"));
        await Until(async () => (await gateway.Get("/readyz")).Body.Contains("drained"));
    }

    [Fact]
    public async Task Each_process_serves_its_health_whatever_its_role()
    {
        TestHost silo = await _cluster.StartSiloAsync();
        TestHost gateway = await _cluster.StartGatewayAsync();
        TestHost media = await _cluster.StartMediaAsync();
        foreach (TestHost host in new[] { silo, gateway, media })
        {
            Assert.Equal(HttpStatusCode.OK, (await host.Get("/healthz")).Status);
            await Until(() => IsReady(host));
            Assert.Contains("# TYPE kestrel_active_connections gauge", (await host.Get("/metrics")).Body);
        }

        foreach (TestHost host in new[] { silo, media })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await host.Get("/api/v1/nodes", admin: true)).Status);
        }
    }

    [Fact]
    public async Task A_gateway_that_comes_before_its_silos_says_so_and_is_ready_when_they_are_there()
    {
        TestHost gateway = await _cluster.StartGatewayAsync();
        Assert.Equal(HttpStatusCode.OK, (await gateway.Get("/healthz")).Status);
        Assert.Contains("NO_SILO", (await gateway.Get("/readyz")).Body);
        (HttpStatusCode status, string body) = await gateway.Publish("r", "ada");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("NO_SILO", body);
        await _cluster.StartSiloAsync();
        await _cluster.StartMediaAsync();
        await Until(() => IsReady(gateway));
        Assert.Equal(HttpStatusCode.Created, (await gateway.Publish("r", "ada")).Status);
    }

    [Fact]
    public async Task Roles_go_together_in_any_mix_and_a_media_node_goes_on_at_another_silo_when_its_own_ends()
    {
        TestHost[] silos = [await _cluster.StartSiloAsync(), await _cluster.StartSiloAsync()];
        TestHost mixed = await _cluster.StartGatewayWithMediaAsync();
        await Until(() => IsReady(mixed));
        Assert.Equal(HttpStatusCode.Created, (await mixed.Publish("before", "ada")).Status);
        TestHost linked = silos.Single(s => s.Log.Lines.Any(l => l.Event == 1200));
        await _cluster.StopAsync(linked);
        await Until(async () => silos.Single(s => s != linked).Log.Lines.Any(l => l.Event == 1200) && await IsReady(mixed));
        Assert.Equal(HttpStatusCode.Created, (await mixed.Publish("after", "ada")).Status);
        await Until(async () => (await mixed.Api("rooms/before/participants")).GetProperty("participants").GetArrayLength() == 1); // back from the node
    }

    [Fact]
    public async Task Processes_of_a_cluster_talk_by_mutual_TLS_and_take_nobody_without_a_certificate_of_their_authority()
    {
        using var folder = new TestAuthority();
        await _cluster.StartSiloAsync(folder.Flags("silo-1"));
        TestHost second = await _cluster.StartSiloAsync(folder.Flags("silo-2"));
        TestHost gateway = await _cluster.StartGatewayAsync(folder.Flags("gateway"));
        await _cluster.StartMediaAsync();
        await Until(() => IsReady(gateway));
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.Created, (await gateway.Publish($"r{i}", "ada")).Status);
        }

        Assert.Equal(2, (await second.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true)).Count);
        using var other = new TestAuthority();
        TestHost stranger = await _cluster.StartGatewayAsync(other.Flags("gateway"));
        TestHost open = await _cluster.StartGatewayAsync();
        Assert.Contains("NO_SILO", (await stranger.Get("/readyz")).Body);
        Assert.Contains("NO_SILO", (await open.Get("/readyz")).Body);
        var refused = await Assert.ThrowsAsync<SettingsException>(() => _cluster.StartGatewayAsync([.. folder.Flags("gateway")[..4], .. other.Flags("gateway")[4..]]));
        Assert.StartsWith("cluster-certificate: ", refused.Message);
    }

    private static async Task<bool> IsReady(TestHost host) => (await host.Get("/readyz")).Status == HttpStatusCode.OK;

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            await Task.Delay(20, patience.Token);
        }
    }
}
