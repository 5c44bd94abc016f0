using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Nexus.Gateway.Tests.WebSockets;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests;

/// <summary>One authentication scheme and its policies stand before all doors, and all doors refuse by the same names.</summary>
public sealed class DoorTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    /// <summary>Endpoints that ask nobody who he is: what is the same for all, and the WebSocket whose first message may bring the token.</summary>
    private static readonly string[] Open =
    [
        "/", "/admin", "/whip.html", "/sdk/", "/meet/", "/admin/", "/dev/token", "/healthz", "/readyz", "/metrics", "/openapi/", "/ws", "/api/v1/{**path}", "/api/v1/invites/redeem",
    ];

    private static readonly double Now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    [Fact]
    public void Every_endpoint_has_a_policy_or_is_known_to_be_open()
    {
        IEnumerable<string> open = host.Service<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => !e.Metadata.OfType<AuthorizationPolicy>().Any())
            .Where(e => e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is not ["OPTIONS"] and not ["HEAD"])
            .Where(e => e.Metadata.GetMetadata<IHttpMethodMetadata>() is not null || !e.RoutePattern.RawText!.TrimStart('/').StartsWith("wh", StringComparison.Ordinal)) // 405
            .Select(e => "/" + e.RoutePattern.RawText!.TrimStart('/'));

        Assert.All(open, path => Assert.Contains(Open, o => path == o || (o.Length > 1 && o.EndsWith('/') && path.StartsWith(o, StringComparison.Ordinal))));
    }

    public static TheoryData<string, string> Faults => new()
    {
        { "", "TOKEN_MISSING" },
        { "nonsense", "TOKEN_MALFORMED" },
        { Token("R", "a", t => t with { Expires = Now - 100 }), "TOKEN_EXPIRED" },
        { Token("R", "a", key: new("devkey", "wrong")), "TOKEN_SIGNATURE" },
        { Token("R", "a", t => t with { Video = new() { Room = "R" } }), "PERMISSION" },
        { Token("R", ""), "IDENTITY" },
        { Token("bad\nname", "a"), "ROOM_NAME" },
    };

    /// <summary>WHIP, LiveKit's signalling with a token in either place, nexus.v1: the same code, each in its own form.</summary>
    [Theory]
    [MemberData(nameof(Faults))]
    public async Task All_doors_to_a_room_refuse_by_the_same_name(string token, string code)
    {
        string room = code == "ROOM_NAME" ? "bad%0Aname" : "R";
        using var whip = await host.Send("POST", $"/whip/{room}", token.Length > 0 ? token : null, Sdp.Publish, "application/sdp");
        using var header = await host.Send("GET", "/rtc/validate", token.Length > 0 ? token : null);
        using var query = await host.Send("GET", $"/rtc/validate?access_token={token}");
        await using var client = await JsonClient.Connect(host);
        await client.Send("join", token.Length > 0 ? new { token } : (object)new { }, requestId: 1);

        Assert.Equal(code, await Code(whip));
        Assert.Equal(code, await Code(header));
        Assert.Equal(code, await Code(query));
        Assert.Equal(code, (await client.Next("error")).GetProperty("code").GetString());
        bool isToken = code.StartsWith("TOKEN_", StringComparison.Ordinal);
        Assert.Equal(isToken ? 401 : code == "PERMISSION" ? 403 : 400, (int)whip.StatusCode);
        Assert.Equal(isToken || code == "PERMISSION" ? 401 : 400, (int)query.StatusCode);
        Assert.Equal("*", whip.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("*", query.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Fact]
    public async Task A_token_in_the_address_opens_no_door_that_browsers_can_send_headers_to()
    {
        using var list = await host.Send("GET", $"/api/v1/rooms?access_token={AdminToken()}");
        using var call = await host.Send("POST", $"/twirp/livekit.RoomService/ListRooms?access_token={AdminToken()}", body: "{}", contentType: "application/json");

        Assert.Equal((HttpStatusCode.Unauthorized, "TOKEN_MISSING"), (list.StatusCode, await Code(list)));
        Assert.Equal(HttpStatusCode.Unauthorized, call.StatusCode);
        Assert.Equal("unauthenticated", (await Json(call)).GetProperty("code").GetString());
    }
}
