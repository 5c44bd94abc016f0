using System.Net;
using System.Text.Json;
using Nexus.Contracts;
using Nexus.Gateway.Sessions;
using Nexus.Link;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests;

/// <summary>What a GET costs, and that it changes nothing.</summary>
public sealed class ReadTests(GatewayHost host) : IClassFixture<GatewayHost>, IAsyncLifetime
{
    private static int _rooms;

    private readonly string _room = $"read-{Interlocked.Increment(ref _rooms)}";

    public async ValueTask InitializeAsync()
    {
        await Join("whip", "alice");
        await Join("whip", "bob");
        await Join("whep", "carol");
    }

    public async ValueTask DisposeAsync() => await host.Send("DELETE", $"/api/v1/rooms/{_room}", AdminToken());

    [Fact]
    public async Task What_nodes_measure_is_told_of_transports_layers_and_subscriptions()
    {
        var before = (await host.Api($"rooms/{_room}/participants/carol")).GetProperty("subscriptions")[0];
        var (sid, mid) = (before.GetProperty("trackSid").GetString()!, before.GetProperty("mid").GetString()!);
        Assert.False(before.TryGetProperty("measured", out _)); // not measured yet
        host.Node.Measured["carol"] = new()
        {
            Transport = new(41.27, new(0, 0, 0, 0), new(0.02, 7.44, 1000, 20), new() { Estimate = 400_000, LimitedBy = EstimateLimits.Delay, QueueDelayMs = 80.04, Sent = 390_000, Overrun = "aboveEstimate", Overruns = 1 }),
            Subscriptions = [new() { TrackSid = sid, Mid = mid, Bitrate = 250_000, Freezes = 2, FrozenMs = 1300, LimitedBy = "bandwidth", WishedLayer = "f", Needs = 750_000 }],
        };
        host.Node.Measured["alice"] = new() { Transport = new(null, new(0, 0, 0, 0), new(0, 0, 0, 0), null), Layers = [new("0", "", 500, 5, 3.3, 6, 4, 2)] };
        try
        {
            var carol = await host.Api($"rooms/{_room}/participants/carol");
            var transport = carol.GetProperty("transports")[0];
            Assert.Equal((41.3, 0.02, 7.4), (transport.GetProperty("roundTripMs").GetDouble(), transport.GetProperty("down").GetProperty("loss").GetDouble(), transport.GetProperty("down").GetProperty("jitterMs").GetDouble()));
            var receiver = transport.GetProperty("receiver");
            Assert.Equal((400_000, "delay", 80.0), (receiver.GetProperty("estimate").GetInt64(), receiver.GetProperty("limitedBy").GetString(), receiver.GetProperty("queueDelayMs").GetDouble()));
            Assert.Equal(("aboveEstimate", 1), (receiver.GetProperty("warning").GetString(), receiver.GetProperty("warnings").GetInt64()));
            var subscription = carol.GetProperty("subscriptions")[0].GetProperty("measured");
            Assert.Equal((250_000, 2, 1300, 750_000), (subscription.GetProperty("bitrate").GetInt64(), subscription.GetProperty("freezes").GetInt64(), subscription.GetProperty("frozenMs").GetInt64(), subscription.GetProperty("needs").GetInt64()));

            var tracks = (await host.Api($"rooms/{_room}/tracks")).GetProperty("tracks").EnumerateArray().Where(t => t.GetProperty("identity").GetString() == "alice");
            var layers = tracks.Select(t => t.GetProperty("layers")[0]).Where(l => l.TryGetProperty("measured", out _)).ToList();
            var layer = Assert.Single(layers).GetProperty("measured");
            Assert.Equal((500, 5, 6, 4, 2), (layer.GetProperty("packets").GetInt64(), layer.GetProperty("lost").GetInt64(), layer.GetProperty("nacks").GetInt64(), layer.GetProperty("repaired").GetInt64(), layer.GetProperty("keyFrameRequests").GetInt64()));
        }
        finally
        {
            host.Node.Measured.Clear();
        }
    }

    [Fact]
    public async Task How_people_are_connected_is_right_the_first_time()
    {
        host.Node.Connections["alice"] = (QualityLabel.Fair, 3.4);
        try
        {
            var people = (await host.Api($"rooms/{_room}/participants")).GetProperty("participants");
            Assert.Equal(("fair", 3.4), (people[0].GetProperty("quality").GetString(), people[0].GetProperty("score").GetDouble()));
            Assert.Equal(JsonValueKind.Null, people[1].GetProperty("quality").ValueKind); // never connected
            Assert.Equal("fair", (await host.Api($"rooms/{_room}/participants/alice")).GetProperty("quality").GetString());
        }
        finally
        {
            host.Node.Connections.Clear();
        }
    }

    [Fact]
    public async Task How_a_client_finds_its_connection_counts_where_it_is_connected()
    {
        var tenant = Options.Tenants.Single(t => t.Name == "default");
        var alice = await host.Api($"rooms/{_room}/participants/alice");
        RoomFeed feed = host.Service<GatewayPort>().Rooms.Acquire(await host.Service<IControlPlane>().Locate(tenant, _room));
        host.Node.Connections["alice"] = (QualityLabel.Fair, 3.4);
        try
        {
            feed.Quality.Report(alice.GetProperty("sid").GetString()!, QualityLabel.Poor, DateTimeOffset.UtcNow);
            alice = await host.Api($"rooms/{_room}/participants/alice");
            Assert.Equal(("poor", 3.4), (alice.GetProperty("quality").GetString(), alice.GetProperty("score").GetDouble()));
        }
        finally
        {
            host.Node.Connections.Clear();
            await host.Service<GatewayPort>().Rooms.Release(feed);
        }
    }

    [Theory]
    [InlineData("rooms/R/participants", "IRoomGrain.Roster", 2)]
    [InlineData("rooms/R/participants/alice", "IRoomGrain.Roster", 1)]
    [InlineData("rooms/R/tracks", "IRoomGrain.Roster", 2)]
    [InlineData("rooms/R/why", "IRoomGrain.Describe", 2)]
    [InlineData("rooms/R", "IRoomGrain.Summarize", 0)]
    public async Task A_read_of_a_room_is_one_call_of_its_grain_and_one_question_to_its_node(string path, string call, int pages)
    {
        host.Calls.Clear();
        host.Node.Questions.Clear();
        await host.Api(path.Replace("R", _room, StringComparison.Ordinal));

        Assert.Equal([call], host.Calls.Counts.Keys.Where(c => c.StartsWith("IRoomGrain", StringComparison.Ordinal) && !c.EndsWith(".Update", StringComparison.Ordinal)));
        Assert.Equal(1, host.Calls.Counts[call]);
        Assert.DoesNotContain(host.Calls.Counts.Keys, c => c is "IParticipantGrain.Describe");
        Assert.Equal(pages, host.Node.Questions.Count);
        Assert.True(host.Node.Questions.Select(q => q.Cursor is null).Order().SequenceEqual(Enumerable.Repeat(false, Math.Max(0, pages - 1)).Concat(pages > 0 ? [true] : [])));
    }

    [Fact]
    public async Task A_list_of_rooms_asks_each_for_its_counts_and_nobody_for_a_roster()
    {
        host.Calls.Clear();
        var room = (await host.Api("rooms")).GetProperty("rooms").EnumerateArray().Single(r => r.GetProperty("name").GetString() == _room);
        Assert.Equal((3, 2), (room.GetProperty("numParticipants").GetInt32(), room.GetProperty("numPublishers").GetInt32()));
        Assert.Equal(HttpStatusCode.OK, (await host.Send("POST", "/twirp/livekit.RoomService/ListRooms", AdminToken(), "{}", "application/json")).StatusCode);
        Assert.DoesNotContain(host.Calls.Counts.Keys, c => c is "IRoomGrain.Describe" or "IRoomGrain.Roster");
        Assert.Contains("IRoomGrain.Summarize", host.Calls.Counts.Keys);
    }

    [Fact]
    public async Task Reads_start_no_watch_no_lease_and_leave_no_activation_behind()
    {
        var management = host.Grains.GetGrain<IManagementGrain>(0);
        await host.Api("rooms");
        HashSet<string> before = await Activations(management);
        Assert.Contains(before, g => g.EndsWith($"/{_room}", StringComparison.Ordinal));

        foreach (string path in new[] { "rooms", "tracks", "nodes", "tenants", $"rooms/{_room}", $"rooms/{_room}/participants", $"rooms/{_room}/participants/alice", $"rooms/{_room}/tracks", $"rooms/{_room}/why" })
        {
            await host.Api(path);
        }

        foreach (string path in new[] { "rooms/nowhere", "rooms/nowhere/participants", "rooms/nowhere/participants/nobody", "rooms/nowhere/tracks", "rooms/nowhere/why", $"rooms/{_room}/participants/nobody" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await host.Send("GET", $"/api/v1/{path}", AdminToken())).StatusCode);
        }

        Assert.Equal(0, (await host.Api("rooms", AdminToken(OtherKey))).GetProperty("rooms").GetArrayLength()); // a tenant that has none
        Assert.Equal(HttpStatusCode.OK, (await host.Send("GET", "/metrics")).StatusCode);
        Assert.Empty(host.Node.Listeners);
        Assert.Null(host.Service<GatewayPort>().Rooms.Find(Keys.Room(Keys.AnyZone, "default", _room)));

        // who was asked for what is not there goes as soon as it has answered
        HashSet<string> more;
        DateTime until = DateTime.UtcNow.AddSeconds(20);
        while ((more = [.. (await Activations(management)).Except(before)]).Count > 0 && DateTime.UtcNow < until)
        {
            await Task.Yield();
        }

        Assert.Empty(more);
    }

    [Fact]
    public async Task What_only_a_node_knows_is_null_while_it_gives_no_answer_and_the_answer_says_so()
    {
        host.Node.IsMute = true;
        try
        {
            var list = await host.Api($"rooms/{_room}/participants");
            Assert.Equal("ND_fake", list.GetProperty("unanswered")[0].GetString());
            var alice = list.GetProperty("participants")[0];
            Assert.Equal(("alice", "ND_fake", 2), (alice.GetProperty("identity").GetString(), alice.GetProperty("node").GetString(), alice.GetProperty("tracks").GetArrayLength()));
            Assert.All([alice.GetProperty("quality"), alice.GetProperty("score"), alice.GetProperty("subscriptions"), alice.GetProperty("tracks")[0].GetProperty("layers")], f => Assert.Equal(JsonValueKind.Null, f.ValueKind));
            Assert.Equal("ND_fake", (await host.Api($"rooms/{_room}/participants/bob")).GetProperty("unanswered")[0].GetString());
            Assert.Equal("ND_fake", (await host.Api($"rooms/{_room}/tracks")).GetProperty("unanswered")[0].GetString());
            var findings = (await host.Api($"rooms/{_room}/why")).GetProperty("findings").EnumerateArray();
            Assert.All(findings, f => Assert.Equal("NODE_LOST", f.GetProperty("reason").GetString()));
        }
        finally
        {
            host.Node.IsMute = false;
        }

        Assert.Equal(0, (await host.Api($"rooms/{_room}/participants")).GetProperty("unanswered").GetArrayLength());
    }

    [Fact]
    public async Task Lists_are_told_in_parts()
    {
        Assert.Equal(["alice", "bob", "carol"], await Parts($"rooms/{_room}/participants", 1, "participants", p => p.GetProperty("identity").GetString()!));
        Assert.Equal(["alice", "bob", "carol"], await Parts($"rooms/{_room}/participants", 2, "participants", p => p.GetProperty("identity").GetString()!));
        string[] all = [.. (await host.Api($"rooms/{_room}/tracks")).GetProperty("tracks").EnumerateArray().Select(t => t.GetProperty("sid").GetString()!)];
        Assert.Equal(4, all.Length);
        foreach (int limit in new[] { 1, 2, 3, 4 })
        {
            Assert.Equal(all, await Parts($"rooms/{_room}/tracks", limit, "tracks", t => t.GetProperty("sid").GetString()!));
        }

        string[] everywhere = [.. (await host.Api("tracks")).GetProperty("tracks").EnumerateArray().Select(t => t.GetProperty("sid").GetString()!)];
        Assert.Equal(all, everywhere.Intersect(all));
        Assert.Equal(everywhere, await Parts("tracks", 2, "tracks", t => t.GetProperty("sid").GetString()!));
        string[] rooms = [.. (await host.Api("rooms")).GetProperty("rooms").EnumerateArray().Select(r => r.GetProperty("name").GetString()!)];
        Assert.Equal(rooms, await Parts("rooms", 1, "rooms", r => r.GetProperty("name").GetString()!));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1001")]
    [InlineData("-1")]
    [InlineData("many")]
    public async Task An_impossible_limit_is_a_bad_request(string limit)
    {
        foreach (string path in new[] { "rooms", "tracks", $"rooms/{_room}/participants", $"rooms/{_room}/tracks" })
        {
            using var response = await host.Send("GET", $"/api/v1/{path}?limit={limit}", AdminToken());
            Assert.Equal((HttpStatusCode.BadRequest, "BAD_REQUEST"), (response.StatusCode, await Code(response)));
        }
    }

    [Fact]
    public async Task The_description_of_the_api_names_limit_and_after()
    {
        using var response = await host.Send("GET", "/openapi/v1.json");
        var parameters = (await Json(response)).GetProperty("paths").GetProperty("/api/v1/rooms/{room}/participants").GetProperty("get").GetProperty("parameters");
        Assert.Superset(new HashSet<string?> { "limit", "after" }, parameters.EnumerateArray().Select(p => p.GetProperty("name").GetString()).ToHashSet());
    }

    private async Task Join(string kind, string identity) =>
        Assert.Equal(HttpStatusCode.Created, (await host.Post($"/{kind}/{_room}", Token(_room, identity), kind == "whip" ? Sdp.Publish : Sdp.Play)).StatusCode);

    /// <summary>All of a list, by its parts.</summary>
    private async Task<List<string>> Parts(string path, int limit, string list, Func<JsonElement, string> name)
    {
        var all = new List<string>();
        string? next = null;
        do
        {
            var part = await host.Api($"{path}?limit={limit}{(next is null ? "" : $"&after={Uri.EscapeDataString(next)}")}");
            all.AddRange(part.GetProperty(list).EnumerateArray().Select(name));
            next = part.GetProperty("next").GetString();
        }
        while (next is not null);
        return all;
    }

    /// <summary>Our grains that are active.</summary>
    private static async Task<HashSet<string>> Activations(IManagementGrain management) =>
        [.. (await management.GetDetailedGrainStatistics()).Where(g => g.GrainType.Contains("Nexus.", StringComparison.Ordinal)).Select(g => g.GrainId.ToString())];
}
