using System.Net;
using System.Text.Json;
using Nexus.Contracts;
using Nexus.Link;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests.WebSockets;

/// <summary>nexus.v1 over real sockets, real grains and a fake node; every message of both directions is checked against the schema.</summary>
public sealed class JsonWebSocketTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"ws-{Interlocked.Increment(ref _rooms)}";

    [Fact]
    public async Task Who_joins_is_told_who_it_is_who_is_there_and_how_to_get_through()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        await using var bob = await JsonClient.Join(host, _room, "bob");
        await ada.Next(m => Type(m) == "delta" && m.GetProperty("participants").EnumerateArray().Any(p => p.GetProperty("identity").GetString() == "bob"));

        Assert.Equal("bob", bob.Joined.GetProperty("participant").GetProperty("identity").GetString());
        Assert.Contains(bob.Joined.GetProperty("roster").GetProperty("participants").EnumerateArray(), p => p.GetProperty("identity").GetString() == "ada");
        Assert.Equal(_room, bob.Joined.GetProperty("room").GetProperty("name").GetString());
        var turn = bob.Joined.GetProperty("iceServers")[0];
        Assert.Equal("turn:turn.example.org:3478?transport=udp", turn.GetProperty("urls")[0].GetString());
        long expires = long.Parse(turn.GetProperty("username").GetString()!.Split(':')[0]);
        Assert.InRange(expires - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 890, 901);
        Assert.Equal(2, bob.Joined.GetProperty("sections").GetProperty("video").GetInt32());
    }

    [Fact]
    public async Task Offers_are_answered_and_tracks_are_offered_and_flow_after_the_acknowledgement()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        var published = await Offer(ada, 1, Sdp.Publish, new { _0 = Source("microphone"), _1 = Source("camera") });
        string camera = published.GetProperty("published").GetProperty("1").GetString()!;
        await using var bob = await JsonClient.Join(host, _room, "bob");
        Assert.Equal("answer", Type(await Offer(bob, 1, Sdp.Play, new { })));

        var offered = (await bob.Next("subscriptions")).GetProperty("subscriptions").EnumerateArray().ToList();
        Assert.All(offered, s => Assert.Equal("offered", s.GetProperty("state").GetString()));
        Assert.Equal(2, offered.Count);
        await bob.Send("ack", new { trackSid = camera, mid = "1" });
        var active = (await bob.Next("subscriptions")).GetProperty("subscriptions").EnumerateArray().Single();
        Assert.Equal((camera, "active", "1"), (active.GetProperty("trackSid").GetString(), active.GetProperty("state").GetString(), active.GetProperty("mid").GetString()));
        Assert.Equal("ok", Type(await bob.Request("wishes", new { wishes = new[] { new { trackSid = camera, paused = true } } })));
        Assert.Equal("WISH", (await bob.Next("subscriptions")).GetProperty("subscriptions")[0].GetProperty("reason").GetString());
        Assert.Equal("ok", Type(await bob.Request("unsubscribe", new { trackSids = new[] { camera } })));
        Assert.Equal("ended", (await bob.Next("subscriptions")).GetProperty("subscriptions")[0].GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_track_that_comes_later_is_offered_when_the_node_says_so()
    {
        await using var bob = await JsonClient.Join(host, _room, "bob");
        await Offer(bob, 1, Sdp.Play, new { });
        await using var ada = await JsonClient.Join(host, _room, "ada");
        await Offer(ada, 1, Sdp.Publish, new { _0 = Source("microphone"), _1 = Source("camera") });
        await host.Report(bob.Session);

        Assert.Equal(2, (await bob.Next("subscriptions")).GetProperty("subscriptions").GetArrayLength());
    }

    [Theory]
    [InlineData("this is no SDP", "camera", "SDP_INVALID")]
    [InlineData(null, "none", "BAD_REQUEST")]
    public async Task A_refused_offer_has_a_name_and_the_session_goes_on(string? sdp, string source, string code)
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        var refused = await Offer(ada, 1, sdp ?? Sdp.Publish, source == "none" ? new { } : new { _0 = Source(source) });
        Assert.Equal(("error", code), (Type(refused), refused.GetProperty("code").GetString()));
        Assert.Equal("answer", Type(await Offer(ada, 2, Sdp.Publish, new { _0 = Source("microphone"), _1 = Source("camera") })));
    }

    [Fact]
    public async Task A_mute_is_in_the_roster_of_the_others()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        var published = await Offer(ada, 1, Sdp.Publish, new { _0 = Source("microphone"), _1 = Source("screen") });
        await using var bob = await JsonClient.Join(host, _room, "bob");
        Assert.Equal("ok", Type(await ada.Request("mute", new { trackSid = published.GetProperty("published").GetProperty("1").GetString(), muted = true })));

        var screen = await bob.Next(m => Type(m) == "delta" && Tracks(m).Any(t => t.GetProperty("muted").GetBoolean()));
        Assert.Equal("screen", Tracks(screen).Single(t => t.GetProperty("muted").GetBoolean()).GetProperty("source").GetString());
        Assert.Equal("TRACK_NOT_FOUND", (await ada.Request("mute", new { trackSid = "TR_none", muted = true })).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_broken_connection_resumes_as_the_same_join_with_what_it_missed()
    {
        await using var carl = await JsonClient.Join(host, _room, "carl");
        var ada = await JsonClient.Join(host, _room, "ada");
        long epoch = ada.Joined.GetProperty("roster").GetProperty("epoch").GetInt64(), seq = ada.Joined.GetProperty("roster").GetProperty("to").GetInt64();
        await Offer(ada, 1, Sdp.Play, new { });
        ada.Break();
        await using var bob = await JsonClient.Join(host, _room, "bob");

        await using var again = await JsonClient.Connect(host);
        var resumed = await again.Request("resume", new { session = ada.Session, room = _room, token = Token(_room, "ada"), epoch, seq });
        Assert.Equal(("resumed", 1), (Type(resumed), resumed.GetProperty("offerId").GetInt32()));
        Assert.False(resumed.TryGetProperty("roster", out _));
        string sid = ada.Joined.GetProperty("participant").GetProperty("sid").GetString()!;
        Assert.EndsWith($":{sid}", resumed.GetProperty("iceServers")[0].GetProperty("username").GetString(), StringComparison.Ordinal);
        await again.Send("quality-report", new { intervalMs = 1000, rttMs = 200, up = Array.Empty<object>(), down = Array.Empty<object>() });
        var label = (await bob.Next("quality")).GetProperty("participants")[0];
        Assert.Equal((sid, "fair"), (label.GetProperty("participantSid").GetString(), label.GetProperty("quality").GetString()));
        await again.Next(m => Type(m) == "delta" && m.TryGetProperty("participants", out var p) && p.EnumerateArray().Any(x => x.GetProperty("identity").GetString() == "bob"));
        Assert.Equal("pong", Type(await Ping(again)));
    }

    [Fact]
    public async Task A_resume_of_a_stale_seq_gets_the_roster_and_the_older_connection_is_closed()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        await using var again = await JsonClient.Connect(host);
        var resumed = await again.Request("resume", new { session = ada.Session, room = _room, token = Token(_room, "ada"), epoch = 0, seq = 0 });

        Assert.Equal("ada", resumed.GetProperty("roster").GetProperty("participants")[0].GetProperty("identity").GetString());
        await ada.Closed();
        Assert.Equal(4409, (int)ada.CloseStatus!);
        Assert.Equal("pong", Type(await Ping(again)));
    }

    [Fact]
    public async Task A_session_that_is_over_cannot_be_resumed_nor_can_anothers()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        foreach (string identity in new[] { "ada", "mallory" })
        {
            await using var again = await JsonClient.Connect(host);
            var refused = await again.Request("resume", new { session = identity == "ada" ? "SE_over" : ada.Session, room = _room, token = Token(_room, identity), epoch = 1, seq = 1 });
            Assert.Equal("SESSION_NOT_FOUND", refused.GetProperty("code").GetString());
            await again.Closed();
            Assert.Equal((4404, "SESSION_NOT_FOUND"), ((int)again.CloseStatus!, again.CloseReason));
        }
    }

    [Fact]
    public async Task Leaving_is_confirmed_and_seen_by_others()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        await using var bob = await JsonClient.Join(host, _room, "bob");
        var left = await bob.Request("leave", new { });
        Assert.Equal(("leave", "CLIENT_LEFT", "stop"), (Type(left), left.GetProperty("code").GetString(), left.GetProperty("then").GetString()));
        await bob.Closed();
        Assert.Equal(1000, (int)bob.CloseStatus!);
        await ada.Next(m => Type(m) == "delta" && m.TryGetProperty("left", out var l) && l[0].GetProperty("reason").GetString() == "CLIENT_LEFT");
    }

    [Fact]
    public async Task Who_is_removed_or_replaced_is_told_why()
    {
        await using var first = await JsonClient.Join(host, _room, "ada");
        await using var second = await JsonClient.Join(host, _room, "ada");
        Assert.Equal("DUPLICATE_IDENTITY", (await first.Next("leave")).GetProperty("code").GetString());
        await host.Send("DELETE", $"/api/v1/rooms/{_room}/participants/ada", AdminToken());
        Assert.Equal("REMOVED", (await second.Next("leave")).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_call_rings_at_the_other_and_comes_back()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        await using var bob = await JsonClient.Join(host, _room, "bob");
        Assert.Equal("PARTICIPANT_NOT_FOUND", (await ada.Request("invite", new { to = "cleo" })).GetProperty("code").GetString());
        var call = await ada.Request("invite", new { to = "bob", timeoutSeconds = 20, payload = "p" });
        Assert.Equal("inviting", call.GetProperty("state").GetString());
        Assert.Equal("p", (await bob.Next("call")).GetProperty("payload").GetString());
        string callId = call.GetProperty("callId").GetString()!;
        Assert.Equal("ok", Type(await bob.Request("call-action", new { callId, action = "accept" })));
        await ada.Next(m => Type(m) == "call" && m.GetProperty("state").GetString() == "accepted");
        Assert.Equal("CALL_ENDED", (await ada.Request("call-action", new { callId, action = "cancel" })).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Quality_is_labelled_told_to_the_room_and_kept()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        await using var bob = await JsonClient.Join(host, _room, "bob");
        string sid = ada.Joined.GetProperty("participant").GetProperty("sid").GetString()!;
        await ada.Send("quality-report", new { intervalMs = 1000, rttMs = 20, up = Array.Empty<object>(), down = new[] { new { trackSid = "TR_x", kind = "video", bps = 1.0, loss = 0.07, jitterMs = 1 } } });
        var quality = (await bob.Next("quality")).GetProperty("participants")[0];
        Assert.Equal((sid, "poor"), (quality.GetProperty("participantSid").GetString(), quality.GetProperty("quality").GetString()));
        Assert.Equal(0.07, Assert.Single(((Telemetry.RecentTelemetry)host.Service<Telemetry.ITelemetrySink>()).Of(sid)).Down[0].Loss);
        await ada.SendRaw("{\"type\":\"quality-report\",\"intervalMs\":1000,\"up\":[],\"down\":[],\"rttMs\":-1}");
        Assert.Equal("pong", Type(await Ping(ada)));
        Assert.Single(((Telemetry.RecentTelemetry)host.Service<Telemetry.ITelemetrySink>()).Of(sid));
    }

    [Fact]
    public async Task Who_speaks_and_how_people_are_connected_comes_from_the_node_to_clients_past_all_grains()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        await using var bob = await JsonClient.Join(host, _room, "bob");
        string key = $"any/default/{_room}";
        string sid = ada.Joined.GetProperty("participant").GetProperty("sid").GetString()!;
        while (await host.Node.Listened.Reader.ReadAsync() != key)
        {
        }

        IGatewayObserver gateway = host.Node.Listeners[key].Observer;
        await gateway.OnLevels(key, "ND_fake", [new(sid, 0.354)]);
        var speaker = (await bob.Next("speakers")).GetProperty("speakers")[0];
        Assert.Equal((sid, 0.354), (speaker.GetProperty("participantSid").GetString(), speaker.GetProperty("level").GetDouble()));
        await gateway.OnLevels(key, "ND_fake", []);
        Assert.Equal(0, (await bob.Next("speakers")).GetProperty("speakers").GetArrayLength());
        await gateway.OnConnections(key, "ND_fake", [new(sid, QualityLabel.Poor, 2.6)]);
        var quality = (await bob.Next("quality")).GetProperty("participants")[0];
        Assert.Equal((sid, "poor", 2.6), (quality.GetProperty("participantSid").GetString(), quality.GetProperty("quality").GetString(), quality.GetProperty("score").GetDouble()));
    }

    [Fact]
    public async Task Profile_needs_its_grant()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        Assert.Equal("PERMISSION", (await ada.Request("update", new { metadata = "m" })).GetProperty("code").GetString());
        await using var bob = await JsonClient.Connect(host);
        await bob.Request("join", new { room = _room, token = Token(_room, "bob", t => t with { Video = t.Video with { CanUpdateOwnMetadata = true } }), attributes = new { a = "1" } });
        Assert.Equal("ok", Type(await bob.Request("update", new { metadata = "m", attributes = new { b = "2" } })));
        var changed = await ada.Next(m => Type(m) == "delta" && m.TryGetProperty("participants", out var p) && p[0].GetProperty("metadata").GetString() == "m");
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse("""{"a":"1","b":"2"}""").RootElement, changed.GetProperty("participants")[0].GetProperty("attributes")));
    }

    [Theory]
    [InlineData("not json", "BAD_REQUEST", 4400)]
    [InlineData("[1]", "BAD_REQUEST", 4400)]
    [InlineData("""{"type":"ping","t":1}""", "NOT_JOINED", 4400)]
    [InlineData("""{"type":"join","requestId":1,"token":"x"}""", "TOKEN_MALFORMED", 4401)]
    [InlineData("""{"type":"join","requestId":1}""", "TOKEN_MISSING", 4401)]
    public async Task A_first_message_that_is_none_ends_the_connection_by_name(string text, string code, int status)
    {
        await using var client = await JsonClient.Connect(host);
        await client.SendRaw(text);
        var error = await client.Next("error");
        Assert.Equal((code, true), (error.GetProperty("code").GetString(), error.GetProperty("fatal").GetBoolean()));
        await client.Closed();
        Assert.Equal((status, code), ((int)client.CloseStatus!, client.CloseReason));
    }

    [Theory]
    [InlineData("""{"type":"dance","requestId":9}""", "UNKNOWN_TYPE")]
    [InlineData("""{"type":"mute","requestId":9,"trackSid":"TR_x"}""", "BAD_REQUEST")]
    [InlineData("""{"type":"mute","requestId":9,"trackSid":5,"muted":true}""", "BAD_REQUEST")]
    [InlineData("""{"type":"mute","requestId":9,"trackSid":"no sid","muted":true}""", "BAD_REQUEST")]
    [InlineData("""{"type":"invite","requestId":9,"to":"bob","timeoutSeconds":500}""", "BAD_REQUEST")]
    [InlineData("""{"type":"wishes","requestId":9,"wishes":[{"trackSid":"TR_x","layer":"best"}]}""", "BAD_REQUEST")]
    [InlineData("""{"type":"wishes","requestId":9,"wishes":[{"trackSid":"TR_x","priority":256}]}""", "BAD_REQUEST")]
    [InlineData("""{"requestId":9,"t":1}""", "BAD_REQUEST")]
    public async Task A_bad_message_is_answered_by_name_and_the_session_goes_on(string text, string code)
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        await ada.SendRaw(text);
        var error = await ada.Next("error");
        Assert.Equal((code, 9), (error.GetProperty("code").GetString(), error.GetProperty("requestId").GetInt32()));
        Assert.Equal("pong", Type(await Ping(ada)));
    }

    [Fact]
    public async Task Who_is_moved_is_told_where_to_join_with_a_token_for_there()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        var control = host.Service<Sessions.IControlPlane>();
        Assert.Null((await (await control.Locate(Options.Tenants[0], _room)).Participant("ada").Move($"{_room}-stage", Options.Tenants[0].Rules)).Error);
        var leave = await ada.Next("leave");
        Assert.Equal(("MOVED", "rejoin", $"{_room}-stage"), (leave.GetProperty("code").GetString(), leave.GetProperty("then").GetString(), leave.GetProperty("room").GetString()));

        await using var there = await JsonClient.Connect(host);
        var joined = await there.Request("join", new { room = $"{_room}-stage", token = leave.GetProperty("token").GetString() });
        Assert.Equal(("joined", "ada"), (Type(joined), joined.GetProperty("participant").GetProperty("identity").GetString()));
        Assert.Single(joined.GetProperty("roster").GetProperty("participants").EnumerateArray());
    }

    [Fact]
    public async Task A_message_over_the_limit_ends_the_connection()
    {
        await using var ada = await JsonClient.Join(host, _room, "ada");
        await ada.SendRaw($$"""{"type":"update","requestId":1,"metadata":"{{new string('x', 70_000)}}"}""");
        await ada.Closed();
        Assert.Equal((4413, "TOO_LARGE"), ((int)ada.CloseStatus!, ada.CloseReason));
    }

    [Fact]
    public async Task Without_an_upgrade_or_the_subprotocol_it_is_a_bad_request() =>
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Send("GET", "/ws")).StatusCode);

    [Fact]
    public async Task Two_hundred_clients_in_a_room_are_not_slowed_by_one_that_does_not_read()
    {
        await using var deaf = await JsonClient.Connect(host, reads: false);
        await deaf.Send("join", new { room = _room, token = Token(_room, "deaf") }, 1);
        var clients = new List<JsonClient>();
        for (int i = 0; i < 20; i++)
        {
            clients.AddRange(await Task.WhenAll(Enumerable.Range(i * 10, 10).Select(n => JsonClient.Join(host, _room, $"p{n}", inCrowd: true))));
        }

        // it asks for the whole roster again and again, and reads none
        Task cut = host.SocketEnds("SLOW_READER");
        for (int i = 0; i < 190; i++)
        {
            await deaf.Send("snapshot", new { }, i + 2);
        }

        await cut.WaitAsync(TimeSpan.FromSeconds(60));
        await using var talker = await JsonClient.Connect(host);
        await talker.Request("join", new { room = _room, token = Token(_room, "talker", t => t with { Video = t.Video with { CanUpdateOwnMetadata = true } }) });
        await talker.Request("update", new { metadata = "last" });
        foreach (var client in clients)
        {
            await client.Next(m => Type(m) == "delta" && Metadata(m) == "last");
            await client.DisposeAsync();
        }
    }

    private static string Type(JsonElement message) => message.GetProperty("type").GetString()!;

    private static IEnumerable<JsonElement> Tracks(JsonElement delta) => delta.TryGetProperty("participants", out var participants)
        ? participants.EnumerateArray().SelectMany(p => p.GetProperty("tracks").EnumerateArray())
        : [];

    private static string Metadata(JsonElement delta) => delta.TryGetProperty("participants", out var participants)
        ? participants.EnumerateArray().Select(p => p.GetProperty("metadata").GetString()!).LastOrDefault(m => m.Length > 0) ?? ""
        : "";

    private static object Source(string source) => new { source };

    private static async Task<JsonElement> Ping(JsonClient client)
    {
        await client.Send("ping", new { t = 5 });
        return await client.Next("pong");
    }

    /// <param name="publish">Properties <c>_0</c>, <c>_1</c> stand for mids.</param>
    private static Task<JsonElement> Offer(JsonClient client, int id, string sdp, object publish) => client.Request("offer", new
    {
        id,
        sdp,
        publish = JsonSerializer.SerializeToElement(publish).EnumerateObject().ToDictionary(p => p.Name[1..], p => p.Value),
    });
}
