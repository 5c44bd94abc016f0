using System.Net;
using System.Text.Json;
using Nexus.Gateway.Tests.WebSockets;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests;

/// <summary>Whatever is done to somebody or to his room, his client is told by nexus.v1, and can ask by WHIP.</summary>
public sealed class ActsTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"acts-{Interlocked.Increment(ref _rooms)}";

    [Fact]
    public async Task Who_is_restricted_is_told_at_once_when_he_comes_back_and_where_he_is_moved_to()
    {
        await using var bob = await JsonClient.Join(host, _room, "bob");
        var ada = await JsonClient.Join(host, _room, "ada");
        await Restrict("""{"canSubscribe":true,"canPublish":true,"canPublishData":false,"canPublishSources":["MICROPHONE"]}""");
        AssertRestricted(await ada.Next("grants"));
        await Restrict("""{"canSubscribe":true,"canPublish":true,"canPublishData":true}""");
        Assert.True((await ada.Next("grants")).GetProperty("grants").GetProperty("canPublishData").GetBoolean());

        ada.Break();
        await Restrict("""{"canSubscribe":true,"canPublish":true,"canPublishData":false,"canPublishSources":["MICROPHONE"]}""");
        await using var again = await JsonClient.Connect(host);
        AssertRestricted(await again.Request("resume", new { session = ada.Session, room = _room, token = Token(_room, "ada"), epoch = 0, seq = 0 }));

        var control = host.Service<Sessions.IControlPlane>();
        Assert.Null((await (await control.Locate(Options.Tenants[0], _room)).Participant("ada").Move($"{_room}-stage", Options.Tenants[0].Rules)).Error);
        string token = (await again.Next("leave")).GetProperty("token").GetString()!;
        await using var there = await JsonClient.Connect(host);
        AssertRestricted(await there.Request("join", new { room = $"{_room}-stage", token }));
        Assert.True(bob.Joined.GetProperty("grants").GetProperty("canPublishData").GetBoolean());
    }

    [Fact]
    public async Task Who_is_muted_sees_by_whom_in_his_own_entry_until_it_is_lifted()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        var published = await ada.Request("offer", new { id = 1, sdp = Sdp.Publish, publish = new Dictionary<string, object> { ["0"] = new { source = "microphone" }, ["1"] = new { source = "camera" } } });
        string sid = published.GetProperty("published").GetProperty("0").GetString()!;

        await Mute(sid, "true");
        Assert.True((await Own(ada, muted: true)).GetProperty("mutedByServer").GetBoolean());
        var muted = (await host.Api($"rooms/{_room}/tracks")).GetProperty("tracks").EnumerateArray().Where(t => t.TryGetProperty("mutedByServer", out var by) && by.GetBoolean());
        Assert.Equal([sid], muted.Select(t => t.GetProperty("sid").GetString()));
        var refused = await ada.Request("mute", new { trackSid = sid, muted = false });
        Assert.Equal("PERMISSION", refused.GetProperty("code").GetString());
        await Mute(sid, "false");
        Assert.False((await Own(ada, muted: false)).TryGetProperty("mutedByServer", out _));

        async Task<JsonElement> Own(JsonClient client, bool muted) => TrackOf(await client.Next(m =>
            m.GetProperty("type").GetString() == "delta" && TrackOf(m) is { ValueKind: not JsonValueKind.Undefined } track && track.GetProperty("muted").GetBoolean() == muted));

        JsonElement TrackOf(JsonElement delta) => delta.TryGetProperty("participants", out var people)
            ? people.EnumerateArray().SelectMany(p => p.GetProperty("tracks").EnumerateArray()).FirstOrDefault(t => t.GetProperty("sid").GetString() == sid)
            : default;
    }

    [Fact]
    public async Task Those_inside_are_told_when_the_room_is_locked_and_opened_and_so_is_who_comes_back()
    {
        await using var bob = await JsonClient.Join(host, _room, "bob"); // as long as he is there the gateway keeps what ada misses
        var ada = await JsonClient.Join(host, _room, "ada");
        Assert.False(ada.Joined.GetProperty("room").GetProperty("locked").GetBoolean());
        await Lock("true");
        var locked = await Told(ada);
        Assert.True(locked.GetProperty("room").GetProperty("locked").GetBoolean());
        ada.Break();
        await Lock("false");
        await using var again = await JsonClient.Connect(host);
        await again.Request("resume", new { session = ada.Session, room = _room, token = Token(_room, "ada"), epoch = locked.GetProperty("epoch").GetInt64(), seq = locked.GetProperty("to").GetInt64() });
        Assert.False((await Told(again)).GetProperty("room").GetProperty("locked").GetBoolean());
        await Lock("true");
        Assert.True((await Told(again)).GetProperty("room").GetProperty("locked").GetBoolean());
        await using var third = await JsonClient.Connect(host);
        var stale = await third.Request("resume", new { session = ada.Session, room = _room, token = Token(_room, "ada"), epoch = 0, seq = 0 });
        Assert.True(stale.GetProperty("roster").GetProperty("room").GetProperty("locked").GetBoolean());

        static Task<JsonElement> Told(JsonClient client) => client.Next(m => m.GetProperty("type").GetString() == "delta" && m.TryGetProperty("room", out _));
    }

    [Fact]
    public async Task Who_publishes_by_WHIP_can_ask_what_was_done_to_it_and_is_told_with_its_next_request_why_it_is_over()
    {
        string token = Token(_room, "ada");
        using var joined = await host.Post($"/whip/{_room}", token);
        string location = LocationOf(joined);
        string link = joined.Headers.GetValues("Link").Single(l => l.Contains("urn:nexus:session-state", StringComparison.Ordinal));
        Assert.Contains($"<{joined.Headers.Location}/state>; rel=\"urn:nexus:session-state\"", link);
        var before = await State();
        Assert.Equal((true, "connecting"), (before.GetProperty("grants").GetProperty("canPublish").GetBoolean(), before.GetProperty("state").GetString()));
        Assert.All(before.GetProperty("tracks").EnumerateArray(), t => Assert.False(t.GetProperty("mutedByServer").GetBoolean()));

        string sid = before.GetProperty("tracks")[0].GetProperty("sid").GetString()!;
        await Mute(sid, "true");
        await Restrict("""{"canSubscribe":true,"canPublish":true,"canPublishSources":["MICROPHONE"]}""");
        var after = await State();
        Assert.Equal([sid], after.GetProperty("tracks").EnumerateArray().Where(t => t.GetProperty("mutedByServer").GetBoolean()).Select(t => t.GetProperty("sid").GetString()));
        Assert.Equal(["microphone"], after.GetProperty("grants").GetProperty("canPublishSources").EnumerateArray().Select(s => s.GetString()));

        await host.Send("DELETE", $"/api/v1/rooms/{_room}/participants/ada", AdminToken());
        foreach (var (method, path) in new[] { ("GET", $"{location}/state"), ("PATCH", location) })
        {
            using var refused = await host.Send(method, path, token, method == "GET" ? null : Sdp.Fragment, "application/trickle-ice-sdpfrag", ifMatch: "\"ice-0\"");
            Assert.Equal((HttpStatusCode.NotFound, "REMOVED"), (refused.StatusCode, await Code(refused)));
        }

        async Task<JsonElement> State()
        {
            using var response = await host.Send("GET", $"{location}/state", token);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return await Json(response);
        }
    }

    [Theory]
    [InlineData("MOVED")]
    [InlineData("DUPLICATE_IDENTITY")]
    [InlineData("ROOM_CLOSED")]
    public async Task Who_publishes_by_WHIP_is_told_why_whatever_ended_it(string why)
    {
        string token = Token(_room, "ada");
        using var joined = await host.Post($"/whip/{_room}", token);
        switch (why)
        {
            case "MOVED":
                var control = host.Service<Sessions.IControlPlane>();
                Assert.Null((await (await control.Locate(Options.Tenants[0], _room)).Participant("ada").Move($"{_room}-stage", Options.Tenants[0].Rules)).Error);
                break;
            case "DUPLICATE_IDENTITY":
                using (await host.Post($"/whip/{_room}", token))
                {
                    break;
                }

            default:
                await host.Send("DELETE", $"/api/v1/rooms/{_room}", AdminToken());
                break;
        }

        using var refused = await host.Send("GET", $"{LocationOf(joined)}/state", token);
        Assert.Equal((HttpStatusCode.NotFound, why), (refused.StatusCode, await Code(refused)));
        using var unknown = await host.Send("GET", $"/whip/{_room}/SE_none/state", token);
        Assert.Equal((HttpStatusCode.NotFound, "SESSION_NOT_FOUND"), (unknown.StatusCode, await Code(unknown)));
        using var posted = await host.Send("POST", $"/whip/{_room}/SE_none/state", token);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }

    private static void AssertRestricted(JsonElement message)
    {
        var grants = message.GetProperty("grants");
        Assert.False(grants.GetProperty("canPublishData").GetBoolean());
        Assert.Equal(["microphone"], grants.GetProperty("canPublishSources").EnumerateArray().Select(s => s.GetString()!));
    }

    private async Task Restrict(string permission) => Assert.Equal(HttpStatusCode.OK, (await host.Send(
        "POST", "/twirp/livekit.RoomService/UpdateParticipant", Token(_room, "admin", t => t with { Video = new() { Room = _room, RoomAdmin = true } }),
        $$"""{"room":"{{_room}}","identity":"ada","permission":{{permission}}}""", "application/json")).StatusCode);

    private Task Mute(string sid, string muted) => Act($"tracks/{sid}/mute", $$"""{"muted":{{muted}}}""");

    private Task Lock(string locked) => Act("lock", $$"""{"locked":{{locked}}}""");

    private async Task Act(string what, string body) => Assert.Equal(HttpStatusCode.NoContent, (await host.Send(
        "POST", $"/api/v1/rooms/{_room}/{what}", AdminToken(), body, "application/json")).StatusCode);
}
