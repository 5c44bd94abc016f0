using System.Net;
using System.Text.Json;
using Nexus.Gateway;
using Nexus.Silo.Tests.Rig;

namespace Nexus.Silo.Tests.Hosting;

/// <summary>Regions as clusters of their own: three in one process, and two as two processes.</summary>
public sealed class RegionsTests
{
    [Fact]
    public async Task In_one_process_a_room_is_where_its_first_joiner_wishes_and_later_ones_follow()
    {
        await using TestHost host = await TestHost.StartAsync("--regions", "eu,us,ap");
        foreach (string region in (string[])["us", "ap", "eu"])
        {
            string room = $"of-{region}";
            Assert.Equal(HttpStatusCode.Created, (await host.Publish(room, "ada", region)).Status);
            Assert.Equal(HttpStatusCode.Created, (await host.Publish(room, "bob", "eu")).Status);
            Assert.Equal([("ada", region), ("bob", region)], await People(host, room));
        }

        Assert.Equal(["of-ap", "of-eu", "of-us"], await Rooms(host));
        Assert.Equal(HttpStatusCode.NoContent, await host.Act("DELETE", "/api/v1/rooms/of-us"));
        Assert.Equal(["of-ap", "of-eu"], await Rooms(host));
        Assert.Equal(HttpStatusCode.NotFound, (await host.Get("/api/v1/rooms/of-us", admin: true)).Status);
    }

    [Fact]
    public async Task At_gateways_of_two_regions_people_come_into_one_room_wherever_it_was_opened()
    {
        await using TestRegions regions = await TestRegions.StartAsync();
        foreach (string keeper in (string[])["eu", "us"])
        {
            string room = TestRegions.RoomKeptIn(keeper);
            Assert.Equal(HttpStatusCode.Created, (await regions.Eu.Publish(room, "ada")).Status);
            Assert.Equal(HttpStatusCode.Created, (await regions.Us.Publish(room, "bob")).Status);
            foreach (TestHost host in (TestHost[])[regions.Eu, regions.Us])
            {
                Assert.Equal([("ada", "eu"), ("bob", "eu")], await People(host, room));
            }
        }

        string wished = TestRegions.RoomKeptIn("eu", "wished");
        Assert.Equal(HttpStatusCode.Created, (await regions.Eu.Publish(wished, "ada", "us")).Status);
        Assert.Equal([("ada", "us")], await People(regions.Eu, wished));
        Assert.Equal(3, (await Rooms(regions.Us)).Length);
        Assert.Equal(["eu", "us"], (await regions.Us.Api("nodes")).GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("region").GetString()!).Order());
    }

    [Fact]
    public async Task A_region_that_is_away_is_named_holds_nothing_up_and_is_found_again()
    {
        await using TestRegions regions = await TestRegions.StartAsync();
        (string open, string here, string there) = (TestRegions.RoomKeptIn("us", "open"), TestRegions.RoomKeptIn("eu"), TestRegions.RoomKeptIn("us"));
        Assert.Equal(HttpStatusCode.Created, (await regions.Eu.Publish(open, "ada")).Status);
        await regions.StopAsync("us");
        await TestRegions.Until(async () => (await regions.Eu.Publish(there, "ada")).Body.Contains("cannot be reached"));

        (HttpStatusCode status, string body) = await regions.Eu.Publish(there, "ada");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("'us'", body);
        Assert.Equal(HttpStatusCode.Created, (await regions.Eu.Publish(here, "ada", "us")).Status); // not where it was wished for: that is away
        Assert.Equal(HttpStatusCode.Created, (await regions.Eu.Publish(open, "bob")).Status);
        Assert.Equal(HttpStatusCode.OK, (await regions.Eu.Get("/readyz")).Status);
        JsonElement nodes = await regions.Eu.Api("nodes");
        Assert.Single(nodes.GetProperty("nodes").EnumerateArray());
        JsonElement unheard = Assert.Single(nodes.GetProperty("unheardRegions").EnumerateArray());
        Assert.Equal("us", unheard.GetProperty("region").GetString());
        Assert.InRange(unheard.GetProperty("since").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow);
        Assert.Equal([open, here], await Rooms(regions.Eu));

        await regions.StartAsync("us");
        await TestRegions.Until(async () => !(await regions.Eu.Api("nodes")).TryGetProperty("unheardRegions", out _));
        await TestRegions.Until(async () => (await regions.Us.Publish(here, "cleo")).Status == HttpStatusCode.Created);
        Assert.Equal([("ada", "eu"), ("cleo", "eu")], await People(regions.Us, here));
    }

    [Fact]
    public async Task Without_its_peers_a_region_starts_and_serves()
    {
        var redis = new RedisServer();
        await using IAsyncDisposable end = redis;
        await redis.InitializeAsync();
        await using TestHost host = await TestHost.StartAsync(
            "--region", "eu", "--redis", $"{redis.Address}", "--silo", $"127.0.0.1:{TestHost.FreePort()}", "--client-port", $"{TestHost.FreePort()}", "--peers", $"us=127.0.0.1:{TestHost.FreePort()}");
        Assert.Equal(HttpStatusCode.OK, (await host.Get("/readyz")).Status);
        Assert.Equal(HttpStatusCode.Created, (await host.Publish(TestRegions.RoomKeptIn("eu"), "ada")).Status);
        JsonElement unheard = Assert.Single((await host.Api("nodes")).GetProperty("unheardRegions").EnumerateArray());
        Assert.Equal(JsonValueKind.Null, unheard.GetProperty("since").ValueKind);
    }

    [Fact]
    public async Task Tenants_that_two_regions_have_different_settings_for_are_named_and_kept_apart()
    {
        string folder = Directory.CreateTempSubdirectory("nexus-regions").FullName;
        ApiKeyOptions same = new("same", new string('s', 40), Operator: true), other = new("other", new string('o', 40));
        string[] Config(string region)
        {
            string file = Path.Combine(folder, $"{region}.json");
            File.WriteAllText(file, $$"""
                { "tenants": [
                  { "name": "acme", "keys": [{ "key": "same", "secret": "{{same.Secret}}", "operator": true }] },
                  { "name": "beta", "keys": [{ "key": "other", "secret": "{{other.Secret}}" }], "quotas": { "maxRooms": {{(region == "eu" ? 5 : 6)}} } }] }
                """);
            return ["--config", file, "--log-level", "information"];
        }

        await using TestRegions regions = await TestRegions.StartAsync(Config);
        string[] said = [.. regions.Eu.Log.Lines.Where(l => l.Event == 1043).Select(l => l.Text)];
        Assert.Contains("beta", Assert.Single(said));
        Assert.DoesNotContain("acme", said[0]);
        Assert.DoesNotContain(other.Secret, said[0]);
        Assert.Contains("beta", (await regions.Eu.Get("/readyz")).Body);
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(HttpStatusCode.Created, (await regions.Eu.Publish($"r{i}", "ada", key: same)).Status);
        }

        (HttpStatusCode Status, string Body)[] answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => regions.Eu.Publish($"r{i}", "ada", key: other)));
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.Created), a => Assert.Contains("other settings for tenant 'beta'", a.Body));
        Assert.Contains(answers, a => a.Status == HttpStatusCode.ServiceUnavailable);
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<string[]> Rooms(TestHost host) =>
        [.. (await host.Api("rooms")).GetProperty("rooms").EnumerateArray().Select(r => r.GetProperty("name").GetString()!)];

    private static async Task<(string, string)[]> People(TestHost host, string room) =>
        [.. (await host.Api($"rooms/{room}/participants")).GetProperty("participants").EnumerateArray()
            .Select(p => (p.GetProperty("identity").GetString()!, p.GetProperty("region").GetString()!)).Order()];
}
