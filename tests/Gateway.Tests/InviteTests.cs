using System.Net;
using System.Text.Json;
using Nexus.Link;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests;

/// <summary>Invites: made, listed, redeemed, counted, revoked; and what a ban does to them.</summary>
public sealed class InviteTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"invited {Interlocked.Increment(ref _rooms)}";

    private string Path => Uri.EscapeDataString(_room);

    private string Moderator => Token(_room, "mo", t => t with { Video = new() { Room = _room, RoomAdmin = true } });

    [Fact]
    public async Task Whoever_redeems_an_invite_comes_into_its_room_under_an_identity_that_the_server_made()
    {
        JsonElement made = await Make();
        string secret = made.GetProperty("secret").GetString()!;
        Assert.Equal($"{host.Http.BaseAddress}?room={Path}#invite={secret}", made.GetProperty("link").GetString());

        JsonElement redeemed = await Redeemed(secret, "Ada");
        (string token, string identity) = (redeemed.GetProperty("token").GetString()!, redeemed.GetProperty("identity").GetString()!);
        Assert.Equal((_room, "guest", "Ada"), (redeemed.GetProperty("room").GetString(), redeemed.GetProperty("role").GetString(), redeemed.GetProperty("name").GetString()));
        Assert.InRange((redeemed.GetProperty("expiresAt").GetDateTimeOffset() - DateTimeOffset.UtcNow).TotalMinutes, 5, 15);
        Assert.Equal(HttpStatusCode.Created, (await host.Post($"/whip/{Path}", token)).StatusCode);
        JsonElement ada = await host.Api($"rooms/{Path}/participants/{identity}");
        Assert.Equal(("Ada", identity), (ada.GetProperty("name").GetString(), ada.GetProperty("identity").GetString()));
        Assert.NotEqual(identity, (await Redeemed(secret, "Ada")).GetProperty("identity").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, (await host.Post("/whip/elsewhere", token)).StatusCode);
    }

    [Theory]
    [InlineData("viewer", HttpStatusCode.Forbidden, HttpStatusCode.Forbidden)]
    [InlineData("guest", HttpStatusCode.Created, HttpStatusCode.Forbidden)]
    [InlineData("moderator", HttpStatusCode.Created, HttpStatusCode.OK)]
    public async Task A_role_is_what_one_may_do_in_that_room_and_never_more(string role, HttpStatusCode publishing, HttpStatusCode administering)
    {
        JsonElement made = await Make($$"""{"room":"{{_room}}","role":"{{role}}"}""", AdminToken()); // by an operator's key
        string token = (await Redeemed(made.GetProperty("secret").GetString()!)).GetProperty("token").GetString()!;

        Assert.Equal(HttpStatusCode.Created, (await host.Post($"/whep/{Path}", token, Sdp.Play)).StatusCode);
        Assert.Equal(publishing, (await host.Post($"/whip/{Path}", token)).StatusCode);
        Assert.Equal(administering, (await host.Send("GET", $"/api/v1/rooms/{Path}", token)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await host.Send("GET", "/api/v1/nodes", token)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await host.Send("GET", "/api/v1/rooms", token)).StatusCode);
        using var further = await Create($$"""{"room":"{{_room}}","role":"moderator"}""", token);
        Assert.Equal((HttpStatusCode.Forbidden, "PERMISSION"), (further.StatusCode, await Code(further)));
    }

    [Fact]
    public async Task No_more_people_come_by_it_than_it_was_made_for_however_many_try_at_once()
    {
        string secret = (await Make($$"""{"room":"{{_room}}","uses":5}""")).GetProperty("secret").GetString()!;
        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Redeem(secret)));

        Assert.Equal(5, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
        HttpResponseMessage[] refused = [.. answers.Where(a => a.StatusCode == HttpStatusCode.Gone)];
        Assert.Equal(15, refused.Length);
        Assert.Equal(ReasonCodes.InviteUsedUp, await Code(refused[0]));
        JsonElement listed = Assert.Single(await Listed());
        Assert.Equal((5, 5), (listed.GetProperty("uses").GetInt32(), listed.GetProperty("used").GetInt32()));
    }

    [Fact]
    public async Task Who_comes_again_with_the_token_of_before_is_the_same_and_not_counted()
    {
        string secret = (await Make($$"""{"room":"{{_room}}","uses":1}""")).GetProperty("secret").GetString()!;
        JsonElement first = await Redeemed(secret);
        using var again = await Redeem(secret, "Ada", first.GetProperty("token").GetString());
        using var forged = await Redeem(secret, "Ada", Token(_room, first.GetProperty("identity").GetString()!));

        Assert.Equal(first.GetProperty("identity").GetString(), (await Json(again)).GetProperty("identity").GetString());
        Assert.Equal(HttpStatusCode.Gone, forged.StatusCode);
    }

    [Fact]
    public async Task A_revoked_invite_lets_nobody_in_and_is_not_listed()
    {
        JsonElement made = await Make();
        string id = made.GetProperty("invite").GetProperty("id").GetString()!, secret = made.GetProperty("secret").GetString()!;
        JsonElement listed = Assert.Single(await Listed());
        Assert.Equal((id, _room, "mo"), (listed.GetProperty("id").GetString(), listed.GetProperty("room").GetString(), listed.GetProperty("createdBy").GetString()));
        Assert.DoesNotContain(secret.Split('.')[2], listed.GetRawText());
        string elsewhere = Token("other", "mo", t => t with { Video = new() { Room = "other", RoomAdmin = true } });
        Assert.Equal(HttpStatusCode.NotFound, (await host.Send("DELETE", $"/api/v1/invites/{id}", elsewhere)).StatusCode);

        Assert.Equal(HttpStatusCode.NoContent, (await host.Send("DELETE", $"/api/v1/invites/{id}", Moderator)).StatusCode);
        using var late = await Redeem(secret);
        Assert.Equal((HttpStatusCode.NotFound, ReasonCodes.InviteInvalid), (late.StatusCode, await Code(late)));
        Assert.Empty(await Listed());
    }

    [Fact]
    public async Task A_list_is_of_one_room_when_one_is_asked_for_that_the_caller_administers()
    {
        await Make();
        Assert.Single((await host.Api($"invites?room={Path}")).GetProperty("invites").EnumerateArray());
        Assert.Empty((await host.Api("invites?room=nowhere")).GetProperty("invites").EnumerateArray());
        using var denied = await host.Send("GET", "/api/v1/invites?room=nowhere", Moderator);
        Assert.Equal((HttpStatusCode.Forbidden, "PERMISSION"), (denied.StatusCode, await Code(denied)));
    }

    [Fact]
    public async Task A_secret_that_is_wrong_in_any_part_is_refused_without_a_hint()
    {
        string[] parts = (await Make()).GetProperty("secret").GetString()!.Split('.');
        string otherKey = System.Buffers.Text.Base64Url.EncodeToString("otherkey"u8);
        foreach (string wrong in new[] { "", "x", "!.b.c", $"{otherKey}.{parts[1]}.{parts[2]}", $"{parts[0]}.IN_nobody.{parts[2]}", $"{parts[0]}.{parts[1]}.{parts[2][..^1]}", $"AAAA.{parts[1]}.{parts[2]}" })
        {
            using var refused = await Redeem(wrong);
            Assert.Equal((HttpStatusCode.NotFound, ReasonCodes.InviteInvalid), (refused.StatusCode, await Code(refused)));
        }
    }

    [Fact]
    public async Task A_ban_binds_the_identity_and_the_invite_and_leaves_others_inside()
    {
        string secret = (await Make()).GetProperty("secret").GetString()!;
        JsonElement eve = await Redeemed(secret, "Eve"), ada = await Redeemed(secret, "Ada");
        foreach (JsonElement guest in new[] { eve, ada })
        {
            Assert.Equal(HttpStatusCode.Created, (await host.Post($"/whip/{Path}", guest.GetProperty("token").GetString()!)).StatusCode);
        }

        using var removed = await host.Send("DELETE", $"/api/v1/rooms/{Path}/participants/{eve.GetProperty("identity").GetString()}?ban=600", AdminToken());
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        foreach (JsonElement guest in new[] { eve, await Redeemed(secret, "Eve once more") })
        {
            using var refused = await host.Post($"/whip/{Path}", guest.GetProperty("token").GetString()!);
            Assert.Equal((HttpStatusCode.Forbidden, ReasonCodes.Banned), (refused.StatusCode, await Code(refused)));
        }

        Assert.Equal(HttpStatusCode.Created, (await host.Post($"/whep/{Path}", ada.GetProperty("token").GetString()!, Sdp.Play)).StatusCode);
        string another = (await Make()).GetProperty("secret").GetString()!;
        Assert.Equal(HttpStatusCode.Created, (await host.Post($"/whip/{Path}", (await Redeemed(another)).GetProperty("token").GetString()!)).StatusCode);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"room":"R","role":"king"}""")]
    [InlineData("""{"room":"R","role":"7"}""")]
    [InlineData("""{"room":"R","uses":0}""")]
    [InlineData("""{"room":"R","expiresInSeconds":0}""")]
    [InlineData("""{"room":"R","expiresInSeconds":31536001}""")]
    public async Task What_can_be_no_invite_is_refused_with_what_can(string body)
    {
        using var refused = await Create(body, AdminToken());
        Assert.Equal((HttpStatusCode.BadRequest, "BAD_REQUEST"), (refused.StatusCode, await Code(refused)));
    }

    [Fact]
    public async Task An_invite_of_another_room_or_by_no_moderator_is_not_made()
    {
        using var elsewhere = await Create("""{"room":"elsewhere"}""", Moderator);
        using var participant = await Create($$"""{"room":"{{_room}}"}""", Token(_room, "ada"));

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (elsewhere.StatusCode, participant.StatusCode));
    }

    [Fact]
    public async Task One_address_redeems_so_fast_and_no_faster()
    {
        var limited = new GatewayHost { Settings = Options with { JoinLimits = Options.JoinLimits with { RedemptionsPerSourcePerSecond = 1, RedemptionsPerSourceBurst = 3 } } };
        await limited.InitializeAsync();
        try
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(HttpStatusCode.NotFound, (await Guess(limited)).StatusCode);
            }

            using var refused = await Guess(limited);
            Assert.Equal((HttpStatusCode.TooManyRequests, ReasonCodes.RateLimited), (refused.StatusCode, await Code(refused)));
            Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
        }
        finally
        {
            await limited.DisposeAsync();
        }
    }

    private static Task<HttpResponseMessage> Guess(GatewayHost host) =>
        host.Send("POST", "/api/v1/invites/redeem", body: """{"invite":"a.b.c","name":"Eve"}""", contentType: "application/json");

    private Task<HttpResponseMessage> Create(string body, string token) => host.Send("POST", "/api/v1/invites", token, body, "application/json");

    private async Task<JsonElement> Make(string? body = null, string? token = null)
    {
        using var created = await Create(body ?? $$"""{"room":"{{_room}}"}""", token ?? Moderator);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        return await Json(created);
    }

    private Task<HttpResponseMessage> Redeem(string invite, string name = "Ada", string? token = null) =>
        host.Send("POST", "/api/v1/invites/redeem", body: JsonSerializer.Serialize(new { invite, name, token }), contentType: "application/json");

    private async Task<JsonElement> Redeemed(string invite, string name = "Ada")
    {
        using var redeemed = await Redeem(invite, name);
        Assert.Equal(HttpStatusCode.OK, redeemed.StatusCode);
        return await Json(redeemed);
    }

    private async Task<List<JsonElement>> Listed() => [.. (await host.Api("invites", Moderator)).GetProperty("invites").EnumerateArray()];
}
