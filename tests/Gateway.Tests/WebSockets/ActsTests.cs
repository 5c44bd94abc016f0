using System.Net;
using System.Text.Json;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests.WebSockets;

/// <summary>Whatever is done to somebody or to his room, his client is told by nexus.v1.</summary>
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
        Assert.Null((await control.Participant(Options.Tenants[0], _room, "ada").Move($"{_room}-stage", Options.Tenants[0].Rules)).Error);
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
