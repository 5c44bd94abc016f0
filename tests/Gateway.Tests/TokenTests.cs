using System.Text;
using Nexus.Gateway.Auth;

namespace Nexus.Gateway.Tests;

public class TokenTests
{
    /// <summary>Stands still: tokens are made once, when the test cases are listed, and looked at whenever their turn comes.</summary>
    private static readonly DateTimeOffset Moment = DateTimeOffset.UtcNow;

    private static readonly TokenVerifier Verifier = With(GatewayHost.Options);

    private static TokenVerifier With(GatewayOptions options) => new(new TenantDirectory(options), options, new Standing());

    private static TokenVerdict Verify(string token) => Verify(Verifier, token);

    private static TokenVerdict Verify(TokenVerifier verifier, string token) => verifier.Verify(token, isLocal: true);

    private static double Now => Moment.ToUnixTimeSeconds();

    private static string Token(string room, string identity, Func<AccessToken, AccessToken>? change = null, ApiKeyOptions? key = null) =>
        GatewayHost.Token(room, identity, change, key, Moment);

    private static string Base64(string text) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    /// <summary>A token with a header of one's own, signed with HMAC-SHA256 whatever it says.</summary>
    private static string WithHeader(string header)
    {
        string token = Token("r", "alice");
        string signed = $"{Base64(header)}.{token.Split('.')[1]}";
        return $"{signed}.{System.Buffers.Text.Base64Url.EncodeToString(System.Security.Cryptography.HMACSHA256.HashData("secret"u8.ToArray(), Encoding.ASCII.GetBytes(signed)))}";
    }

    [Fact]
    public void A_valid_token_yields_its_claims_and_the_keys_tenant()
    {
        var verdict = Verify(Token("r", "alice", t => t with { Name = "Alice", Metadata = "m", Video = t.Video with { CanPublish = false, CanPublishSources = ["camera"] } }));

        Assert.Equal(TokenFault.None, verdict.Fault);
        var caller = verdict.Caller!;
        Assert.Equal(("default", "devkey", "alice", "Alice"), (caller.Tenant.Name, caller.Key.Key, caller.Identity, caller.Token.Name));
        var grants = caller.Grants.ToGrants();
        Assert.Equal((false, true, false), (grants.CanPublish, grants.CanSubscribe, grants.CanPublishData));
        Assert.Equal("camera", Assert.Single(grants.CanPublishSources));
    }

    public static TheoryData<string, TokenFault> Refused => new()
    {
        { "", TokenFault.TokenMissing },
        { "abc", TokenFault.TokenMalformed },
        { "a.b", TokenFault.TokenMalformed },
        { "a.b.c.d", TokenFault.TokenMalformed },
        { "!!.b.c", TokenFault.TokenMalformed },
        { new string('a', 20_000), TokenFault.TokenMalformed },
        { $"{Base64("[]")}.{Base64("{}")}.AA", TokenFault.TokenMalformed },
        { $"{Base64("{\"alg\":\"HS256\"}")}.{Base64("nonsense")}.AA", TokenFault.TokenMalformed },
        { $"{Base64("{\"alg\":\"HS256\"}")}.{Base64("{\"video\":5}")}.AA", TokenFault.TokenMalformed },
        { $"{Base64("{\"alg\":\"none\"}")}.{Base64("{\"iss\":\"devkey\"}")}.", TokenFault.TokenAlgorithm },
        { WithHeader("{\"alg\":\"none\"}"), TokenFault.TokenAlgorithm },
        { WithHeader("{\"alg\":\"HS512\"}"), TokenFault.TokenAlgorithm },
        { WithHeader("{\"alg\":\"hs256\"}"), TokenFault.TokenAlgorithm },
        { WithHeader("{}"), TokenFault.TokenAlgorithm },
        { Token("r", "a", key: new("nobody", "secret")), TokenFault.TokenUnknownKey },
        { Token("r", "a", key: new("devkey", "wrong")), TokenFault.TokenSignature },
        { Token("r", "a", key: new("otherkey", "secret")), TokenFault.TokenSignature },
        { string.Join('.', [.. Token("r", "a").Split('.')[..2], Token("r", "b").Split('.')[2]]), TokenFault.TokenSignature },
        { Token("r", "a", t => t with { Expires = Now - 61 }), TokenFault.TokenExpired },
        { Token("r", "a", t => t with { Expires = null }), TokenFault.TokenMalformed },
        { Token("r", "a", t => t with { NotBefore = Now + 61 }), TokenFault.TokenNotYetValid },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_bad_token_is_refused_by_name(string token, TokenFault fault)
    {
        var verdict = Verify(token);

        Assert.Equal(fault, verdict.Fault);
        Assert.Null(verdict.Caller);
        Assert.NotEmpty(verdict.Message);
    }

    /// <summary>The expiry is the first second that a token is not good any more (RFC 7519 section 4.1.4), nbf the first that it is.</summary>
    [Theory]
    [InlineData(60)]
    [InlineData(0)]
    [InlineData(600)]
    public void Clocks_may_differ_by_the_leeway_either_way_and_by_no_more(int seconds)
    {
        TokenVerifier verifier = With(GatewayHost.Options with { TokenLeeway = TimeSpan.FromSeconds(seconds) });

        Assert.Equal(TokenFault.None, Verify(verifier, Token("r", "a", t => t with { Expires = Now - seconds + 1 })).Fault);
        Assert.Equal(TokenFault.TokenExpired, Verify(verifier, Token("r", "a", t => t with { Expires = Now - seconds - 1 })).Fault);
        Assert.Equal(TokenFault.None, Verify(verifier, Token("r", "a", t => t with { NotBefore = Now + seconds - 1 })).Fault);
        Assert.Equal(TokenFault.TokenNotYetValid, Verify(verifier, Token("r", "a", t => t with { NotBefore = Now + seconds + 2 })).Fault);
        Assert.Equal(60, GatewayHost.Options.TokenLeeway.TotalSeconds);
    }

    [Fact]
    public void A_changed_claim_breaks_the_signature()
    {
        string[] parts = Token("r", "alice").Split('.');
        string forged = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1])).Replace("alice", "mallory");

        Assert.Equal(TokenFault.TokenSignature, Verify($"{parts[0]}.{Base64(forged)}.{parts[2]}").Fault);
    }

    [Theory]
    [InlineData(true, "", "any", true)]
    [InlineData(true, "r", "r", true)]
    [InlineData(true, "r", "other", false)]
    [InlineData(false, "r", "r", false)]
    public void RoomAdmin_with_a_room_acts_on_that_room_only(bool roomAdmin, string granted, string asked, bool may)
    {
        var caller = Verify(Token(granted, "a", t => t with { Video = t.Video with { RoomAdmin = roomAdmin } })).Caller!;

        Assert.Equal(may, caller.MayAdminister(asked));
    }

    [Fact]
    public void Operating_needs_an_operators_key_and_an_admins_grant()
    {
        Assert.True(Verify(GatewayHost.AdminToken(at: Moment)).Caller!.MayOperate);
        Assert.False(Verify(Token("r", "a")).Caller!.MayOperate);
        Assert.False(Verify(GatewayHost.AdminToken(GatewayHost.OtherKey, Moment)).Caller!.MayOperate);
    }

    [Fact]
    public void A_minted_room_token_joins_and_an_admin_one_administers()
    {
        string token = TokenMinter.ForRoom(GatewayHost.DevKey, "lobby", "ada", admin: true, TimeSpan.FromMinutes(1), Moment);
        var grants = Verify(token).Caller!.Grants;

        Assert.Equal(("lobby", true, true, true), (grants.Room!, grants.RoomJoin, grants.RoomAdmin, grants.RoomList));
    }

    private sealed class Standing : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Moment;
    }
}
