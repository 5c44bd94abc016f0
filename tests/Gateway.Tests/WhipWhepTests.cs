using System.Net;
using Nexus.Link;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests;

/// <summary>WHIP and WHEP over HTTP: every status code of the contract.</summary>
public sealed class WhipWhepTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"room-{Interlocked.Increment(ref _rooms)}";

    private async Task<(string Location, string ETag, string Token)> Join(string kind = "whip", string identity = "alice")
    {
        string token = Token(_room, identity);
        using var response = await host.Post($"/{kind}/{_room}", token, kind == "whip" ? Sdp.Publish : Sdp.Play);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return (LocationOf(response), response.Headers.ETag!.Tag, token);
    }

    [Theory]
    [InlineData("whip", "a=recvonly")]
    [InlineData("whep", "a=sendonly")]
    public async Task An_offer_is_answered_with_201_a_location_and_an_etag(string kind, string direction)
    {
        using var response = await host.Post($"/{kind}/{_room}", Token(_room, "alice"), kind == "whip" ? Sdp.Publish : Sdp.Play);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("application/sdp", response.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith($"{_room}/SE_", response.Headers.Location!.ToString());
        Assert.Equal("\"ice-0\"", response.Headers.ETag!.Tag);
        string answer = await response.Content.ReadAsStringAsync();
        Assert.StartsWith("v=0", answer);
        Assert.Contains(direction, answer);
        Assert.Contains("a=candidate:", answer);
    }

    [Fact]
    public async Task Ice_servers_come_as_links_with_credentials_that_expire()
    {
        using var response = await host.Post($"/whip/{_room}", Token(_room, "alice"));

        string[] links = [.. response.Headers.GetValues("Link").SelectMany(l => l.Split(", <"))];
        Assert.Matches("^<turn:turn.example.org:3478\\?transport=udp>; rel=\"ice-server\"; username=\"\\d+:alice\"; credential=\"[^\"]+\"; credential-type=\"password\"$", links[0]);
        Assert.Contains("stun:stun.example.org>; rel=\"ice-server\"", links[1]);
    }

    [Fact]
    public async Task Any_origin_may_read_what_a_client_needs()
    {
        using var joined = await host.Post($"/whip/{_room}", Token(_room, "alice"));
        using var refused = await host.Send("POST", $"/whip/{_room}", null, Sdp.Publish, "application/sdp");
        foreach (var response in new[] { joined, refused })
        {
            Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
            string exposed = response.Headers.GetValues("Access-Control-Expose-Headers").Single();
            Assert.All(["Location", "ETag", "Link"], name => Assert.Contains(name, exposed));
        }
    }

    [Theory]
    [InlineData("", "POST", "Accept-Post", "application/sdp")]
    [InlineData("/SE_x", "PATCH", "Accept-Patch", "application/trickle-ice-sdpfrag")]
    public async Task OPTIONS_answers_a_preflight_without_a_token(string resource, string method, string header, string type)
    {
        using var response = await host.Send("OPTIONS", $"/whep/{_room}{resource}");

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Contains(method, response.Headers.GetValues("Access-Control-Allow-Methods").Single());
        string allowed = response.Headers.GetValues("Access-Control-Allow-Headers").Single();
        Assert.All(["Authorization", "Content-Type", "If-Match"], name => Assert.Contains(name, allowed));
        Assert.Equal(type, response.Headers.GetValues(header).Single());
    }

    public static TheoryData<string, int, string> BadTokens
    {
        get
        {
            double now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            return new()
            {
                { "", 401, "TOKEN_MISSING" },
                { "nonsense", 401, "TOKEN_MALFORMED" },
                { Token("R", "a", key: new("devkey", "wrong")), 401, "TOKEN_SIGNATURE" },
                { Token("R", "a", key: new("nobody", "secret")), 401, "TOKEN_UNKNOWN_KEY" },
                { Token("R", "a", t => t with { Expires = now - 100 }), 401, "TOKEN_EXPIRED" },
                { Token("R", "a", t => t with { NotBefore = now + 1000 }), 401, "TOKEN_NOT_YET_VALID" },
                { "eyJhbGciOiJub25lIn0.eyJpc3MiOiJkZXZrZXkifQ.", 401, "TOKEN_ALGORITHM" },
                { Token("elsewhere", "a"), 403, "PERMISSION" },
                { Token("R", "a", t => t with { Video = t.Video with { RoomJoin = false } }), 403, "PERMISSION" },
                { Token("R", ""), 400, "IDENTITY" },
            };
        }
    }

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_bad_token_is_refused_on_every_method(string token, int status, string code)
    {
        foreach (var (method, path, type) in new[]
        {
            ("POST", "/whip/R", "application/sdp"), ("POST", "/whep/R", "application/sdp"),
            ("PATCH", "/whip/R/SE_x", "application/trickle-ice-sdpfrag"), ("DELETE", "/whip/R/SE_x", null),
        })
        {
            using var response = await host.Send(method, path, token.Length == 0 ? null : token, type is null ? null : Sdp.Publish, type, ifMatch: "*");

            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal(code, await Code(response));
            Assert.Equal(status == 401, response.Headers.WwwAuthenticate.Count > 0);
        }
    }

    [Theory]
    [InlineData("whip", false, true)]
    [InlineData("whep", true, false)]
    public async Task A_leg_without_its_grant_is_forbidden(string kind, bool canPublish, bool canSubscribe)
    {
        string token = Token(_room, "a", t => t with { Video = t.Video with { CanPublish = canPublish, CanSubscribe = canSubscribe } });
        using var response = await host.Post($"/{kind}/{_room}", token);

        Assert.Equal((HttpStatusCode.Forbidden, "PERMISSION"), (response.StatusCode, await Code(response)));
    }

    [Fact]
    public async Task A_kind_that_canPublishSources_leaves_out_is_forbidden()
    {
        string token = Token(_room, "a", t => t with { Video = t.Video with { CanPublishSources = ["camera"] } });
        using var response = await host.Post($"/whip/{_room}", token);

        Assert.Equal((HttpStatusCode.Forbidden, "PERMISSION"), (response.StatusCode, await Code(response)));
    }

    [Theory]
    [InlineData("text/plain", null, 415)]
    [InlineData("", null, 415)]
    [InlineData("application/sdp; charset=utf-8", null, 201)]
    [InlineData("application/sdp", "text/html", 406)]
    [InlineData("application/sdp", "application/sdp;q=0", 406)]
    [InlineData("application/sdp", "*/*", 201)]
    [InlineData("application/sdp", "text/html, application/*;q=0.5", 201)]
    public async Task Content_types_are_negotiated(string contentType, string? accept, int status)
    {
        using var response = await host.Send("POST", $"/whip/{_room}", Token(_room, "alice"), Sdp.Publish, contentType, accept: accept);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("this is no SDP", 400, "SDP_INVALID")]
    [InlineData("", 400, "SDP_INVALID")]
    [InlineData("v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n", 422, "SDP_UNSUPPORTED")]
    public async Task An_offer_that_cannot_be_used_is_refused_by_name(string offer, int status, string code)
    {
        using var response = await host.Post($"/whip/{_room}", Token(_room, "alice"), offer);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, await Code(response));
    }

    [Fact]
    public async Task A_publisher_without_a_codec_of_ours_is_told_so()
    {
        using var response = await host.Post($"/whip/{_room}", Token(_room, "alice"), Sdp.H265);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "CODEC"), (response.StatusCode, await Code(response)));
        Assert.Equal(HttpStatusCode.NotFound, (await host.Send("GET", $"/api/v1/rooms/{_room}/participants/alice", AdminToken())).StatusCode);
    }

    [Fact]
    public async Task A_viewer_without_the_tracks_codec_is_told_so()
    {
        using var publisher = await host.Post($"/whip/{_room}", Token(_room, "alice"), Sdp.PublishH264);
        Assert.Equal(HttpStatusCode.Created, publisher.StatusCode);
        using var viewer = await host.Post($"/whep/{_room}", Token(_room, "bob"), Sdp.Play);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "CODEC"), (viewer.StatusCode, await Code(viewer)));
    }

    [Fact]
    public async Task An_offer_beyond_the_limit_is_too_large()
    {
        using var response = await host.Post($"/whip/{_room}", Token(_room, "alice"), Sdp.Publish + new string('x', 300_000));

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "TOO_LARGE"), (response.StatusCode, await Code(response)));
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("PUT", "")]
    [InlineData("DELETE", "")]
    [InlineData("PATCH", "")]
    [InlineData("GET", "/SE_x")]
    [InlineData("POST", "/SE_x")]
    [InlineData("PUT", "/SE_x")]
    public async Task Other_methods_are_not_allowed(string method, string resource)
    {
        using var response = await host.Send(method, $"/whip/{_room}{resource}", Token(_room, "alice"));

        Assert.Equal((HttpStatusCode.MethodNotAllowed, "METHOD"), (response.StatusCode, await Code(response)));
        Assert.Contains("OPTIONS", response.Content.Headers.Allow);
    }

    [Fact]
    public async Task A_token_that_joins_too_often_must_wait_and_others_need_not()
    {
        string token = Token(_room, "alice");
        var statuses = new List<HttpStatusCode>();
        for (int i = 0; i < 8; i++)
        {
            using var response = await host.Post($"/whip/{_room}", token);
            statuses.Add(response.StatusCode);
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                Assert.Equal("JOIN_RATE", await Code(response));
                Assert.True(response.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
            }
        }

        Assert.Equal(HttpStatusCode.Created, statuses[0]);
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.Equal(HttpStatusCode.Created, (await host.Post($"/whip/{_room}", Token(_room, "bob"))).StatusCode);
    }

    [Fact]
    public async Task Candidates_trickle_with_the_sessions_etag()
    {
        var (location, etag, token) = await Join();
        using var response = await Patch(location, token, etag);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    [Fact]
    public async Task An_ice_restart_gives_new_credentials_of_ice_and_turn_and_a_new_etag_and_the_old_one_is_stale()
    {
        var (location, etag, token) = await Join();
        using var restart = await Patch(location, token, "*", Sdp.Fragment.Replace("abcd", "efgh"));

        Assert.Equal(HttpStatusCode.OK, restart.StatusCode);
        Assert.Equal("application/trickle-ice-sdpfrag", restart.Content.Headers.ContentType!.MediaType);
        string body = await restart.Content.ReadAsStringAsync();
        Assert.Contains("a=ice-ufrag:new1", body);
        Assert.Contains("a=candidate:", body);
        Assert.Contains("rel=\"ice-server\"; username=", restart.Headers.GetValues("Link").First());
        string renewed = restart.Headers.ETag!.Tag;
        Assert.NotEqual(etag, renewed);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Patch(location, token, etag)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await Patch(location, token, renewed)).StatusCode);
        Assert.Equal("\"ice-2\"", (await Patch(location, token, "*", Sdp.Fragment.Replace("abcd", "ijkl"))).Headers.ETag!.Tag);
    }

    [Theory]
    [InlineData(null, null, null, 428, "IF_MATCH_REQUIRED")]
    [InlineData("\"other\"", null, null, 412, "ETAG_MISMATCH")]
    [InlineData("W/\"ice-0\"", null, null, 412, "ETAG_MISMATCH")]
    [InlineData("not-quoted", null, null, 412, "ETAG_MISMATCH")]
    [InlineData("\"ice-0\"", "garbage", null, 400, "SDP_INVALID")]
    [InlineData("*", "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n", null, 400, "SDP_INVALID")]
    [InlineData("\"ice-0\"", null, "application/sdp", 415, "CONTENT_TYPE")]
    public async Task A_faulty_patch_is_refused(string? ifMatch, string? body, string? contentType, int status, string code)
    {
        var (location, _, token) = await Join();
        using var response = await host.Send("PATCH", location, token, body ?? Sdp.Fragment, contentType ?? "application/trickle-ice-sdpfrag", ifMatch);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, await Code(response));
    }

    [Fact]
    public async Task A_candidate_of_another_generation_than_its_fragment_is_refused()
    {
        var (location, etag, token) = await Join();
        using var response = await Patch(location, token, etag, Sdp.Fragment.Replace("host ufrag abcd", "host ufrag zzzz"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
    }

    [Fact]
    public async Task A_fragment_beyond_the_limit_is_too_large()
    {
        var (location, etag, token) = await Join();
        using var response = await Patch(location, token, etag, Sdp.Fragment + new string('x', 70_000));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task DELETE_ends_the_session_once()
    {
        var (location, _, token) = await Join();

        Assert.Equal(HttpStatusCode.OK, (await host.Send("DELETE", location, token)).StatusCode);
        using var again = await host.Send("DELETE", location, token);
        Assert.Equal((HttpStatusCode.NotFound, "SESSION_NOT_FOUND"), (again.StatusCode, await Code(again)));
        Assert.Equal(HttpStatusCode.NotFound, (await Patch(location, token, "*")).StatusCode);
        Assert.DoesNotContain(host.Node.Sessions, s => s.RoomKey.EndsWith($"/{_room}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("SE_000000000000000000000000")]
    [InlineData("SE_x")]
    [InlineData("nonsense")]
    [InlineData("SE_..%2F..")]
    public async Task Unknown_sessions_are_not_found(string session)
    {
        foreach (string method in new[] { "PATCH", "DELETE" })
        {
            using var response = await host.Send(method, $"/whip/{_room}/{session}", Token(_room, "alice"), Sdp.Fragment, "application/trickle-ice-sdpfrag", "*");

            Assert.Equal((HttpStatusCode.NotFound, "SESSION_NOT_FOUND"), (response.StatusCode, await Code(response)));
        }
    }

    [Fact]
    public async Task Another_participants_session_is_not_found()
    {
        var (location, _, _) = await Join();

        Assert.Equal(HttpStatusCode.NotFound, (await host.Send("DELETE", location, Token(_room, "mallory"))).StatusCode);
    }

    [Fact]
    public async Task The_same_identity_joining_twice_takes_the_place_of_the_first()
    {
        var (first, _, token) = await Join();
        var (second, _, _) = await Join();

        Assert.Equal(HttpStatusCode.NotFound, (await host.Send("DELETE", first, token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Send("DELETE", second, token)).StatusCode);
    }

    [Fact]
    public async Task Whip_and_whep_of_one_identity_are_two_legs_of_one_participant()
    {
        await Join();
        await Join("whep");

        var participants = (await host.Api($"rooms/{_room}/participants")).GetProperty("participants");
        Assert.Equal(1, participants.GetArrayLength());
    }

    [Fact]
    public async Task A_viewers_wishes_reach_the_node()
    {
        using var response = await host.Post($"/whep/{_room}?identity=alice&track=TR_1&layer=middle", Token(_room, "bob"), Sdp.Play);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var desired = host.Node.Sessions.Single(s => s.RoomKey.EndsWith($"/{_room}", StringComparison.Ordinal));
        Assert.Equal(new SubscribeRule { Auto = true, Identity = "alice", TrackSid = "TR_1", Layer = LayerWish.Middle }, desired.Subscribe);
        Assert.Equal((false, true, SessionLeg.Play), (desired.CanPublish, desired.CanSubscribe, desired.Leg));
    }

    [Fact]
    public async Task An_unknown_layer_is_a_bad_request()
    {
        using var response = await host.Post($"/whep/{_room}?layer=best", Token(_room, "bob"), Sdp.Play);

        Assert.Equal((HttpStatusCode.BadRequest, "LAYER"), (response.StatusCode, await Code(response)));
    }

    [Theory]
    [InlineData("a/b", "a%2Fb")]
    [InlineData("a%2Fb", "a%252Fb")]
    [InlineData("Ärger & Spaß", "%C3%84rger%20%26%20Spa%C3%9F")]
    public async Task A_rooms_name_may_hold_anything_and_stays_what_it_is(string room, string escaped)
    {
        using var response = await host.Post($"/whip/{escaped}", Token(room, "alice"));

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Send("DELETE", LocationOf(response), Token(room, "alice"))).StatusCode);
        Assert.Equal(room, (await host.Api($"rooms/{escaped}")).GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_full_room_refuses_by_name()
    {
        for (int i = 0; i < 2; i++)
        {
            using var joined = await host.Post($"/whip/{_room}", Token(_room, $"p{i}", key: OtherKey));
            Assert.Equal(HttpStatusCode.Created, joined.StatusCode);
        }

        using var response = await host.Post($"/whip/{_room}", Token(_room, "p2", key: OtherKey));
        Assert.Equal((HttpStatusCode.Forbidden, "ROOM_FULL"), (response.StatusCode, await Code(response)));
    }

    [Theory]
    [InlineData("REGION_REFUSED", 403)]
    [InlineData("SDP_UNSUPPORTED", 422)]
    [InlineData("NODE_LOST", 503)]
    public async Task A_nodes_refusal_keeps_its_name(string code, int status)
    {
        host.Node.Refuse = new(code, "because");
        try
        {
            using var response = await host.Post($"/whip/{_room}", Token(_room, "alice"));

            Assert.Equal((status, code), ((int)response.StatusCode, await Code(response)));
            Assert.Equal(status == 503, response.Headers.RetryAfter is not null);
        }
        finally
        {
            host.Node.Refuse = null;
        }
    }

    [Fact]
    public async Task Rooms_of_two_tenants_with_one_name_are_two_rooms()
    {
        using var one = await host.Post($"/whip/{_room}", Token(_room, "alice"));
        using var two = await host.Post($"/whip/{_room}", Token(_room, "bob", key: OtherKey));

        Assert.Equal(1, (await host.Api($"rooms/{_room}")).GetProperty("numParticipants").GetInt32());
        Assert.Equal("other", (await host.Api($"rooms/{_room}", AdminToken(OtherKey))).GetProperty("tenant").GetString());
    }

    private Task<HttpResponseMessage> Patch(string location, string token, string? ifMatch, string? fragment = null) =>
        host.Send("PATCH", location, token, fragment ?? Sdp.Fragment, "application/trickle-ice-sdpfrag", ifMatch);
}
