using System.Net;
using System.Text.Json;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Tests.LiveKit;
using Nexus.Gateway.Tests.WebSockets;
using Nexus.Link;
using static Nexus.Gateway.Tests.GatewayHost;
using LeaveAction = Nexus.Gateway.Adapters.LiveKit.Messages.LeaveRequest.Types.Action;

namespace Nexus.Gateway.Tests;

/// <summary>Bans, revoked tokens and locked rooms, by every door that one could come in by.</summary>
public sealed class AccessTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"access-{Interlocked.Increment(ref _rooms)}";

    [Fact]
    public async Task A_banned_identity_is_refused_by_name_at_every_door_until_the_ban_is_lifted()
    {
        await Whip(HttpStatusCode.Created, null, Token(_room, "eve"));
        await Act(HttpStatusCode.NoContent, "DELETE", "participants/eve?ban=3600");
        Assert.Empty((await host.Api($"rooms/{_room}/participants")).GetProperty("participants").EnumerateArray());

        await AssertRefused(Token(_room, "eve"), ReasonCodes.Banned, HttpStatusCode.Forbidden, 4403, DisconnectReason.ParticipantRemoved);
        await Act(HttpStatusCode.NoContent, "DELETE", "participants/eve?ban=0");
        await Whip(HttpStatusCode.Created, null, Token(_room, "eve"));
    }

    [Fact]
    public async Task Tokens_of_before_a_revocation_are_refused_by_name_at_every_door_and_later_ones_are_not()
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        await Whip(HttpStatusCode.Created, null, Token(_room, "eve"));
        using HttpResponseMessage removed = await Remove($$"""{"room":"{{_room}}","identity":"eve","revoke_token_ts":"{{now}}"}""");
        Assert.Equal(HttpStatusCode.OK, removed.StatusCode);

        await AssertRefused(Token(_room, "eve", t => t with { NotBefore = now - 1 }), ReasonCodes.TokenRevoked, HttpStatusCode.Unauthorized, 4401, DisconnectReason.ParticipantRemoved);
        await Whip(HttpStatusCode.Unauthorized, ReasonCodes.TokenRevoked, Token(_room, "eve", t => t with { NotBefore = null })); // it does not say
        await Whip(HttpStatusCode.Unauthorized, ReasonCodes.TokenRevoked, Token(_room, "eve", t => t with { NotBefore = now, IssuedAt = now - 1 }));
        await Whip(HttpStatusCode.Created, null, Token(_room, "eve", t => t with { NotBefore = now - 60, IssuedAt = now })); // iat counts before nbf
        await Whip(HttpStatusCode.Created, null, TokenMinter.ForRoom(DevKey, _room, "eve", admin: false, TimeSpan.FromMinutes(1), DateTimeOffset.UtcNow));
    }

    [Fact]
    public async Task LiveKits_removal_without_a_time_leaves_tokens_good_and_a_time_that_is_none_is_refused()
    {
        string token = Token(_room, "eve");
        await Whip(HttpStatusCode.Created, null, token);
        using HttpResponseMessage odd = await Remove($$"""{"room":"{{_room}}","identity":"eve","revoke_token_ts":"1700000000000"}""");
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_argument"), (odd.StatusCode, (await Json(odd)).GetProperty("code").GetString()));
        using HttpResponseMessage removed = await Remove($$"""{"room":"{{_room}}","identity":"eve"}""");
        Assert.Equal(HttpStatusCode.OK, removed.StatusCode);
        await Whip(HttpStatusCode.Created, null, token);
    }

    [Fact]
    public async Task A_locked_room_says_so_and_refuses_newcomers_by_name_at_every_door()
    {
        await Whip(HttpStatusCode.Created, null, Token(_room, "ada"));
        Assert.False((await host.Api($"rooms/{_room}")).GetProperty("locked").GetBoolean());
        await Act(HttpStatusCode.NoContent, "POST", "lock"); // as with a mute, nothing said means yes
        Assert.True((await host.Api($"rooms/{_room}")).GetProperty("locked").GetBoolean());
        await AssertRefused(Token(_room, "eve"), ReasonCodes.RoomLocked, HttpStatusCode.Forbidden, 4403, DisconnectReason.JoinFailure);
        using HttpResponseMessage further = await host.Post($"/whep/{_room}", Token(_room, "ada"), Sdp.Play);
        Assert.Equal(HttpStatusCode.Created, further.StatusCode);

        await Act(HttpStatusCode.NoContent, "POST", "lock", """{"locked":false}""");
        await Whip(HttpStatusCode.Created, null, Token(_room, "eve"));
    }

    [Theory]
    [InlineData("DELETE", "participants/a?ban=soon", 400, "BAD_REQUEST")]
    [InlineData("DELETE", "participants/a?ban=-1", 400, "BAD_REQUEST")]
    [InlineData("DELETE", "participants/a?ban=31536001", 400, "BAD_REQUEST")]
    [InlineData("DELETE", "participants/a", 404, "PARTICIPANT_NOT_FOUND")]
    [InlineData("POST", "lock", 404, "ROOM_NOT_FOUND")]
    public async Task An_act_that_cannot_be_is_refused_by_name(string method, string path, int status, string code)
    {
        using HttpResponseMessage refused = await host.Send(method, $"/api/v1/rooms/{_room}/{path}", AdminToken());
        Assert.Equal(((HttpStatusCode)status, code), (refused.StatusCode, await Code(refused)));
        using HttpResponseMessage participant = await host.Send(method, $"/api/v1/rooms/{_room}/{path}", Token(_room, "ada"));
        Assert.Equal(HttpStatusCode.Forbidden, participant.StatusCode);
    }

    private async Task AssertRefused(string token, string code, HttpStatusCode status, int close, DisconnectReason reason)
    {
        await Whip(status, code, token);
        using HttpResponseMessage whep = await host.Post($"/whep/{_room}", token, Sdp.Play);
        Assert.Equal((status, code), (whep.StatusCode, await Code(whep)));

        await using JsonClient ours = await JsonClient.Connect(host);
        JsonElement error = await ours.Request("join", new { room = _room, token });
        Assert.Equal((code, true), (error.GetProperty("code").GetString(), error.GetProperty("fatal").GetBoolean()));
        await ours.Closed();
        Assert.Equal(close, (int)ours.CloseStatus!);

        await using LiveKitClient theirs = await LiveKitClient.Connect(host, token);
        LeaveRequest leave = await theirs.Next(m => m.Leave);
        Assert.Equal((reason, LeaveAction.Disconnect), (leave.Reason, leave.Action));
        await theirs.Closed();
        Assert.Equal(code, theirs.CloseReason);
    }

    /// <param name="code">Of the refusal; null when there is to be none.</param>
    private async Task Whip(HttpStatusCode status, string? code, string token)
    {
        using HttpResponseMessage response = await host.Post($"/whip/{_room}", token);
        Assert.Equal((status, code), (response.StatusCode, code is null ? null : await Code(response)));
    }

    private async Task Act(HttpStatusCode status, string method, string path, string? body = null)
    {
        using HttpResponseMessage response = await host.Send(method, $"/api/v1/rooms/{_room}/{path}", AdminToken(), body, "application/json");
        Assert.Equal(status, response.StatusCode);
    }

    private Task<HttpResponseMessage> Remove(string body) =>
        host.Send("POST", "/twirp/livekit.RoomService/RemoveParticipant", AdminToken(), body, "application/json");
}
