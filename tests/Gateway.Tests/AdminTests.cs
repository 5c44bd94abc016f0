using System.Net;
using System.Text.Json;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests;

/// <summary>The admin API: shapes as the contract has them, grants, acts.</summary>
public sealed class AdminTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"admin-{Interlocked.Increment(ref _rooms)}";

    private static string[] Names(JsonElement element) => [.. element.EnumerateObject().Select(p => p.Name)];

    private async Task Join(string kind, string identity) =>
        Assert.Equal(HttpStatusCode.Created, (await host.Post($"/{kind}/{_room}", Token(_room, identity), kind == "whip" ? Sdp.Publish : Sdp.Play)).StatusCode);

    [Fact]
    public async Task Rooms_participants_and_tracks_have_the_fields_of_the_contract()
    {
        await Join("whip", "alice");
        await Join("whep", "bob");

        var room = await host.Api($"rooms/{_room}");
        Assert.Superset(new HashSet<string> { "sid", "name", "tenant", "zone", "createdAt", "numParticipants", "numPublishers", "nodes" }, Names(room).ToHashSet());
        Assert.StartsWith("RM_", room.GetProperty("sid").GetString());
        Assert.Equal((2, 1, "default", "any"), (room.GetProperty("numParticipants").GetInt32(), room.GetProperty("numPublishers").GetInt32(), room.GetProperty("tenant").GetString(), room.GetProperty("zone").GetString()));
        Assert.Equal("ND_fake", room.GetProperty("nodes")[0].GetString());
        Assert.Contains((await host.Api("rooms")).GetProperty("rooms").EnumerateArray(), r => r.GetProperty("name").GetString() == _room);

        var alice = await host.Api($"rooms/{_room}/participants/alice");
        Assert.Superset(new HashSet<string> { "sid", "identity", "name", "state", "node", "region", "tracks", "subscriptions" }, Names(alice).ToHashSet());
        Assert.StartsWith("PA_", alice.GetProperty("sid").GetString());
        Assert.Equal(("joining", "ND_fake", "local"), (alice.GetProperty("state").GetString(), alice.GetProperty("node").GetString(), alice.GetProperty("region").GetString()));

        var tracks = (await host.Api($"rooms/{_room}/tracks")).GetProperty("tracks");
        Assert.Equal(2, tracks.GetArrayLength());
        var video = tracks.EnumerateArray().Single(t => t.GetProperty("kind").GetString() == "video");
        Assert.Equal(["sid", "identity", "kind", "source", "codec", "muted", "node", "layers"], Names(video));
        Assert.Equal(["rid", "width", "height", "bitrate", "active"], Names(video.GetProperty("layers")[0]));
        Assert.Equal(("VP8", "alice", false), (video.GetProperty("codec").GetString(), video.GetProperty("identity").GetString(), video.GetProperty("muted").GetBoolean()));
        Assert.Contains((await host.Api("tracks")).GetProperty("tracks").EnumerateArray(), t => t.GetProperty("sid").GetString() == video.GetProperty("sid").GetString());
    }

    [Fact]
    public async Task Nodes_links_and_tenants_have_the_fields_of_the_contract()
    {
        var node = (await host.Api("nodes")).GetProperty("nodes")[0];
        Assert.Superset(new HashSet<string> { "id", "region", "state", "load", "engine" }, Names(node).ToHashSet());
        Assert.Equal(("ND_fake", "ready"), (node.GetProperty("id").GetString(), node.GetProperty("state").GetString()));
        Assert.Equal(0, (await host.Api("links")).GetProperty("links").GetArrayLength());
        Assert.Equal(["default", "other", "tight"], (await host.Api("tenants")).GetProperty("tenants").EnumerateArray().Select(t => t.GetProperty("name").GetString()!));
        Assert.DoesNotContain("another-secret", (await host.Api("tenants")).GetRawText());
    }

    [Theory]
    [InlineData("GET", "rooms")]
    [InlineData("GET", "rooms/R")]
    [InlineData("GET", "rooms/R/participants")]
    [InlineData("GET", "rooms/R/participants/a")]
    [InlineData("GET", "rooms/R/tracks")]
    [InlineData("GET", "rooms/R/why")]
    [InlineData("GET", "tracks")]
    [InlineData("GET", "nodes")]
    [InlineData("GET", "links")]
    [InlineData("GET", "tenants")]
    [InlineData("POST", "rooms")]
    [InlineData("DELETE", "rooms/R")]
    [InlineData("DELETE", "rooms/R/participants/a")]
    [InlineData("POST", "rooms/R/tracks/TR_x/mute")]
    [InlineData("POST", "nodes/ND_fake/drain")]
    [InlineData("POST", "invites")]
    [InlineData("GET", "invites")]
    [InlineData("DELETE", "invites/IN_x")]
    public async Task Every_path_wants_a_token_and_a_grant(string method, string path)
    {
        using var without = await host.Send(method, $"/api/v1/{path}");
        Assert.Equal((HttpStatusCode.Unauthorized, "TOKEN_MISSING"), (without.StatusCode, await Code(without)));
        using var participant = await host.Send(method, $"/api/v1/{path}", Token("R", "alice"), path is "rooms" or "invites" && method == "POST" ? path == "rooms" ? "{\"name\":\"R\"}" : "{\"room\":\"R\"}" : null, "application/json");
        Assert.Equal((HttpStatusCode.Forbidden, "PERMISSION"), (participant.StatusCode, await Code(participant)));
    }

    [Fact]
    public async Task An_admin_of_one_room_has_no_other_room_and_no_list()
    {
        await Join("whip", "alice");
        string token = Token(_room, "moderator", t => t with { Video = new() { Room = _room, RoomAdmin = true } });

        Assert.Equal(HttpStatusCode.OK, (await host.Send("GET", $"/api/v1/rooms/{_room}", token)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await host.Send("GET", "/api/v1/rooms/another", token)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await host.Send("GET", "/api/v1/rooms", token)).StatusCode);
    }

    [Theory]
    [InlineData("nodes")]
    [InlineData("links")]
    [InlineData("tenants")]
    public async Task An_admin_without_an_operators_key_does_not_see_the_installation(string path) =>
        Assert.Equal(HttpStatusCode.Forbidden, (await host.Send("GET", $"/api/v1/{path}", AdminToken(OtherKey))).StatusCode);

    [Theory]
    [InlineData("rooms/nowhere", "ROOM_NOT_FOUND")]
    [InlineData("rooms/nowhere/participants", "ROOM_NOT_FOUND")]
    [InlineData("rooms/nowhere/tracks", "ROOM_NOT_FOUND")]
    [InlineData("rooms/nowhere/why", "ROOM_NOT_FOUND")]
    public async Task What_is_not_there_is_not_found(string path, string code)
    {
        using var response = await host.Send("GET", $"/api/v1/{path}", AdminToken());

        Assert.Equal((HttpStatusCode.NotFound, code), (response.StatusCode, await Code(response)));
    }

    [Fact]
    public async Task A_room_is_created_with_its_policy_and_closed()
    {
        using var created = await host.Send(
            "POST", "/api/v1/rooms", AdminToken(), $"{{\"name\":\"{_room}\",\"emptyTimeoutSeconds\":300,\"maxParticipants\":1,\"metadata\":\"m\"}}", "application/json");

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var room = await Json(created);
        Assert.Equal((_room, "m", 1, 300), (room.GetProperty("name").GetString(), room.GetProperty("metadata").GetString(), room.GetProperty("maxParticipants").GetInt32(), room.GetProperty("emptyTimeoutSeconds").GetInt32()));
        await Join("whip", "alice");
        using var second = await host.Post($"/whip/{_room}", Token(_room, "bob"));
        Assert.Equal("ROOM_FULL", await Code(second));

        Assert.Equal(HttpStatusCode.NoContent, (await host.Send("DELETE", $"/api/v1/rooms/{_room}", AdminToken())).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Send("DELETE", $"/api/v1/rooms/{_room}", AdminToken())).StatusCode);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("{\"name\":5}")]
    [InlineData("{\"name\":\"x\",\"emptyTimeoutSeconds\":-1}")]
    [InlineData("{\"name\":\"x\",\"maxParticipants\":-1}")]
    public async Task An_impossible_room_is_a_bad_request(string body)
    {
        using var response = await host.Send("POST", "/api/v1/rooms", AdminToken(), body, "application/json");

        Assert.Equal((HttpStatusCode.BadRequest, "BAD_REQUEST"), (response.StatusCode, await Code(response)));
    }

    [Fact]
    public async Task A_tenants_quota_of_rooms_is_kept()
    {
        string Body(string name) => $"{{\"name\":\"{name}\"}}";
        Assert.Equal(HttpStatusCode.Created, (await host.Send("POST", "/api/v1/rooms", AdminToken(TightKey), Body("one"), "application/json")).StatusCode);
        using var second = await host.Send("POST", "/api/v1/rooms", AdminToken(TightKey), Body("two"), "application/json");

        Assert.Equal((HttpStatusCode.TooManyRequests, "QUOTA_ROOMS"), (second.StatusCode, await Code(second)));
    }

    [Fact]
    public async Task A_participant_is_removed_and_its_session_with_it()
    {
        await Join("whip", "alice");

        Assert.Equal(HttpStatusCode.NoContent, (await host.Send("DELETE", $"/api/v1/rooms/{_room}/participants/alice", AdminToken())).StatusCode);
        using var again = await host.Send("DELETE", $"/api/v1/rooms/{_room}/participants/alice", AdminToken());
        Assert.Equal((HttpStatusCode.NotFound, "PARTICIPANT_NOT_FOUND"), (again.StatusCode, await Code(again)));
        Assert.DoesNotContain(host.Node.Sessions, s => s.RoomKey.EndsWith($"/{_room}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_track_is_muted_and_unmuted()
    {
        await Join("whip", "alice");
        string sid = (await host.Api($"rooms/{_room}/tracks")).GetProperty("tracks")[0].GetProperty("sid").GetString()!;

        Assert.Equal(HttpStatusCode.NoContent, (await Mute($"tracks/{sid}", "{\"muted\":true}")).StatusCode);
        Assert.Equal(sid, Assert.Single(host.Node.Sessions.Single(s => s.RoomKey.EndsWith($"/{_room}", StringComparison.Ordinal)).MutedTracks));
        Assert.True((await host.Api($"rooms/{_room}/tracks")).GetProperty("tracks")[0].GetProperty("muted").GetBoolean());
        Assert.Equal(HttpStatusCode.NoContent, (await Mute($"participants/alice/tracks/{sid}", "{\"muted\":false}")).StatusCode);
        Assert.Empty(host.Node.Sessions.Single(s => s.RoomKey.EndsWith($"/{_room}", StringComparison.Ordinal)).MutedTracks);
        using var unknown = await Mute("tracks/TR_unknown", "");
        Assert.Equal((HttpStatusCode.NotFound, "TRACK_NOT_FOUND"), (unknown.StatusCode, await Code(unknown)));
        using var elsewhere = await Mute($"participants/bob/tracks/{sid}", "");
        Assert.Equal(HttpStatusCode.NotFound, elsewhere.StatusCode);

        Task<HttpResponseMessage> Mute(string path, string body) =>
            host.Send("POST", $"/api/v1/rooms/{_room}/{path}/mute", AdminToken(), body, "application/json");
    }
}
