using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Silo.Settings;
using Nexus.Silo.Tests.Rig;

namespace Nexus.Silo.Tests.Hosting;

/// <summary>One host: what it starts, how it ends, and what it says when it cannot.</summary>
public sealed class HostTests
{
    [Fact]
    public async Task A_process_serves_all_roles_and_stops_in_order_without_a_fault()
    {
        string folder = Directory.CreateTempSubdirectory("nexus-data").FullName;
        for (int i = 0; i < 2; i++) // what it kept opens again
        {
            await using TestHost host = await TestHost.StartAsync("--data", folder);
            Assert.Equal((HttpStatusCode.OK, "ready\n"), await host.Get("/readyz"));
            Assert.Equal(HttpStatusCode.Created, (await host.Publish("r", "ada")).Status);
            var node = Assert.Single((await host.Api("nodes")).GetProperty("nodes").EnumerateArray());
            Assert.Equal("orleans", node.GetProperty("engine").GetString());
            Assert.StartsWith("10.", node.GetProperty("engineVersion").GetString());
            await host.StopAsync();
            Assert.Null(host.Failure.Reason);
        }

        Assert.Single(Directory.GetFiles(Path.Combine(folder, "room"), "room%2Fany%2Fdev%2Fr.json"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Rooms_that_were_kept_are_listed_after_a_restart_and_end_by_their_time_out()
    {
        string folder = Directory.CreateTempSubdirectory("nexus-data").FullName;
        await using (TestHost before = await TestHost.StartAsync("--data", folder))
        {
            foreach (string room in new[] { """{"name":"keep","emptyTimeoutSeconds":3600,"metadata":"hello"}""", """{"name":"go","emptyTimeoutSeconds":1}""" })
            {
                Assert.Equal(HttpStatusCode.Created, await before.Act("POST", "/api/v1/rooms", room));
            }

            await before.StopAsync();
        }

        await using TestHost after = await TestHost.StartAsync("--data", folder);
        Assert.Contains((await after.Api("rooms")).GetProperty("rooms").EnumerateArray(), r => r.GetProperty("metadata").GetString() == "hello");
        await Until(async () => (await after.Api("rooms")).GetProperty("rooms").GetArrayLength() == 1);
        await after.StopAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Told_to_stop_while_it_waits_for_what_it_needs_it_stops()
    {
        TestHost host = TestHost.Make("--redis", $"127.0.0.1:{TestHost.FreePort()},connectTimeout=200", "--silo", $"127.0.0.1:{TestHost.FreePort()}");
        Task starting = host.RunAsync();
        host.Services.GetRequiredService<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().StopApplication();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Null(host.Failure.Reason);
    }

    [Fact]
    public async Task Invites_survive_a_restart_with_what_is_left_of_them_and_their_secrets_are_kept_nowhere()
    {
        string folder = Directory.CreateTempSubdirectory("nexus-data").FullName;
        string secret;
        await using (TestHost host = await TestHost.StartAsync("--data", folder))
        {
            using HttpResponseMessage made = await host.Send(HttpMethod.Post, "/api/v1/invites", """{"room":"r","uses":2}""");
            secret = JsonDocument.Parse(await made.Content.ReadAsStringAsync()).RootElement.GetProperty("secret").GetString()!;
            Assert.Equal(HttpStatusCode.OK, await host.Act("POST", "/api/v1/invites/redeem", $$"""{"invite":"{{secret}}","name":"Ada"}"""));
            await host.StopAsync();
        }

        string kept = await File.ReadAllTextAsync(Directory.GetFiles(Path.Combine(folder, "invites")).Single());
        Assert.DoesNotContain(secret.Split('.')[2], kept);
        await using TestHost again = await TestHost.StartAsync("--data", folder);
        Assert.Equal(HttpStatusCode.OK, await again.Act("POST", "/api/v1/invites/redeem", $$"""{"invite":"{{secret}}","name":"Bob"}"""));
        Assert.Equal(HttpStatusCode.Gone, await again.Act("POST", "/api/v1/invites/redeem", $$"""{"invite":"{{secret}}","name":"Eve"}"""));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Bans_revocations_and_locks_survive_a_restart()
    {
        string folder = Directory.CreateTempSubdirectory("nexus-data").FullName;
        await using (TestHost host = await TestHost.StartAsync("--data", folder))
        {
            Assert.Equal(HttpStatusCode.Created, (await host.Publish("r", "ada")).Status);
            Assert.Equal(HttpStatusCode.NoContent, await host.Act("DELETE", "/api/v1/rooms/r/participants/eve?ban=3600"));
            await host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRoomGrain>(Keys.Room(Keys.AnyZone, "dev", "r"))
                .Bar("bob", new Barring { RevokedBefore = DateTimeOffset.UtcNow.AddHours(1) });
            Assert.Equal(HttpStatusCode.NoContent, await host.Act("POST", "/api/v1/rooms/r/lock"));
            await host.StopAsync();
        }

        await using TestHost again = await TestHost.StartAsync("--data", folder);
        Assert.Contains("\"BANNED\"", (await again.Publish("r", "eve")).Body);
        Assert.Contains("\"TOKEN_REVOKED\"", (await again.Publish("r", "bob")).Body);
        Assert.Contains("\"UNAVAILABLE\"", (await again.Publish("r", "cleo")).Body); // it cannot know yet that she was not in
        Assert.True((await again.Api("rooms/r")).GetProperty("locked").GetBoolean());
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("60", TokenFault.TokenExpired)]
    [InlineData("120", TokenFault.None)]
    public async Task Tokens_have_the_leeway_that_is_configured(string seconds, TokenFault expected)
    {
        await using TestHost host = TestHost.Make("--token-leeway", seconds);
        string ended = TokenMinter.ForRoom(NexusOptions.Development.Keys[0], "r", "ada", false, TimeSpan.FromSeconds(10), DateTimeOffset.UtcNow.AddSeconds(-100));
        Assert.Equal(expected, host.Services.GetRequiredService<TokenVerifier>().Verify(ended, isLocal: true).Fault);
    }

    [Fact]
    public async Task Several_regions_are_as_many_silos_with_a_node_each()
    {
        await using TestHost host = await TestHost.StartAsync("--regions", "eu,us,ap");
        string[] regions = [.. (await host.Api("nodes")).GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("region").GetString()!).Order()];
        Assert.Equal(["ap", "eu", "us"], regions);
        var regionsOf = host.Services.GetRequiredService<IRegions>();
        Assert.Equal(["ap", "eu", "us"], regionsOf.All);
        foreach (string region in regions)
        {
            IGrainFactory grains = regionsOf.Of(region); // each a cluster of its own
            Assert.Single(await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true));
            Assert.Equal(region, Assert.Single(await grains.GetGrain<INodeListGrain>(0).List()).Region);
        }

        await host.StopAsync();
    }

    [Fact]
    public async Task A_room_lives_on_the_silo_where_its_first_joiner_came_in()
    {
        await using TestHost host = await TestHost.StartAsync("--regions", "eu,us,ap");
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(HttpStatusCode.Created, (await host.Publish($"r{i}", "ada")).Status);
        }

        var here = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        var grains = await host.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        Assert.All(grains.Where(g => g.GrainType.Contains("RoomGrain") || g.GrainType.Contains("ParticipantGrain")), g => Assert.Equal(here, g.SiloAddress));
        Assert.Equal(21, grains.Count(g => g.GrainType.Contains("RoomGrain"))); // and the one that the process itself was in
    }

    [Fact]
    public async Task A_pure_media_process_serves_health_and_metrics()
    {
        await using TestHost media = await TestHost.StartAsync("--roles", "media", "--control", $"127.0.0.1:{TestHost.FreePort()}");
        Assert.Equal(HttpStatusCode.OK, (await media.Get("/healthz")).Status);
        (HttpStatusCode status, string body) = await media.Get("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("LINK_DOWN", body);
        Assert.Contains("# TYPE kestrel_active_connections gauge", (await media.Get("/metrics")).Body);
        Assert.Equal(HttpStatusCode.NotFound, (await media.Get("/api/v1/nodes", admin: true)).Status);
    }

    [Fact]
    public async Task A_media_process_beside_its_control_process_is_ready_and_takes_sessions()
    {
        string control = $"127.0.0.1:{TestHost.FreePort()}";
        await using TestHost gateway = await TestHost.StartAsync("--roles", "silo,gateway", "--control-listen", control);
        Assert.Contains("NO_NODE", (await gateway.Get("/readyz")).Body);
        await using TestHost media = await TestHost.StartAsync("--roles", "media", "--control", control);
        await Until(async () => (await gateway.Get("/readyz")).Status == HttpStatusCode.OK && (await media.Get("/readyz")).Status == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.Created, (await gateway.Publish("r", "ada")).Status);
        await media.StopAsync();
        await Until(async () => (await gateway.Get("/readyz")).Body.Contains("NO_NODE"));
    }

    [Fact]
    public async Task A_part_that_fails_ends_the_process_with_its_reason()
    {
        await using TestHost host = await TestHost.StartAsync();
        Task stopping = host.Stopping;
        host.Services.GetRequiredService<IFatalErrorHandler>().OnFatalException(null, "I have been told I am dead", null);
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains("I have been told I am dead", host.Failure.Reason);
    }

    [Fact]
    public async Task A_port_in_use_and_a_folder_in_use_are_refused_by_name()
    {
        string folder = Directory.CreateTempSubdirectory("nexus-data").FullName;
        await using TestHost first = await TestHost.StartAsync("--data", folder);
        Assert.Contains($"{first.Options.Http.Port}", await Refused("--http", $"{first.Options.Http}"));
        Assert.Contains($"{first.Options.MediaPort}", await Refused("--media-port", $"{first.Options.MediaPort}"));
        Assert.Contains(folder, await Refused("--data", folder));
    }

    [Fact]
    public async Task Metrics_and_OpenApi_have_an_address_of_their_own_when_they_are_given_one()
    {
        string own = $"127.0.0.1:{TestHost.FreePort()}";
        await using TestHost host = await TestHost.StartAsync("--metrics", own);
        using var there = new HttpClient { BaseAddress = new Uri($"http://{own}") };
        foreach (string path in new[] { "/metrics", "/openapi/v1.json" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await host.Get(path)).Status);
            Assert.Equal(HttpStatusCode.OK, (await there.GetAsync(path)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await there.GetAsync("/api/v1/nodes")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await there.GetAsync("/readyz")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Get("/readyz")).Status);
    }

    [Fact]
    public async Task It_has_joined_itself_by_both_doors_before_it_is_ready()
    {
        await using TestHost host = await TestHost.StartAsync();
        string metrics = (await host.Get("/metrics")).Body;
        Assert.Contains("nexus_joins_total{tenant=\"nexus.self\",leg=\"publish\",result=\"ok\"} 1\n", metrics);
        Assert.Contains("nexus_joins_total{tenant=\"nexus.self\",leg=\"duplex\",result=\"ok\"} 1\n", metrics);
        Assert.Empty((await host.Api("rooms")).GetProperty("rooms").EnumerateArray());
        Assert.Equal("dev", Assert.Single((await host.Api("tenants")).GetProperty("tenants").EnumerateArray()).GetProperty("name").GetString());
    }

    private static async Task<string> Refused(params string[] flags) =>
        (await Assert.ThrowsAsync<SettingsException>(() => TestHost.StartAsync(flags))).Message;

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            await Task.Delay(20, patience.Token);
        }
    }
}
