using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Tests;

/// <summary>Credentials of coturn's use-auth-secret scheme; tests/Interop/turn.test.mjs shows them to a real coturn.</summary>
public sealed class IceServersTests
{
    private const string Turn = "turn:turn.example.org:3478?transport=udp";

    /// <summary>Stands 15 minutes before 1795262400 (2026-11-21T12:00:00Z).</summary>
    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(1795262400 - 900);
    }

    private static IceServers Servers(params IceServerOptions[] servers) => new(new() { Tenants = [], IceServers = [.. servers] }, new FixedTime());

    [Fact]
    public void A_credential_is_the_hmac_of_the_expiry_and_the_user_for_15_minutes()
    {
        var server = Assert.Single(Servers(new IceServerOptions(Turn, "turnsecret")).For("alice"));

        Assert.Equal(Turn, server.Url);
        Assert.Equal("1795262400:alice", server.Username);
        // printf '1795262400:alice' | openssl dgst -sha1 -hmac turnsecret -binary | base64
        Assert.Equal("+RdsJhryAJp+J1eQ7+eg7knrxhU=", server.Credential);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1795262400), server.ExpiresAt);
    }

    [Fact]
    public void A_server_without_a_secret_has_no_credentials() =>
        Assert.Equal(new IceServer("stun:stun.example.org"), Assert.Single(Servers(new IceServerOptions("stun:stun.example.org")).For("alice")));

    [Fact]
    public void Each_server_has_credentials_of_its_own_secret_and_each_user_other_ones()
    {
        var servers = Servers(new(Turn, "one"), new(Turn, "two"));
        string?[] credentials = [.. servers.For("alice").Concat(servers.For("bob")).Select(s => s.Credential)];
        Assert.Equal(4, credentials.Distinct().Count());
    }

    [Theory]
    [InlineData("a\"b; c", "a%22b%3B%20c")] // cannot leave the quoted string of a Link header
    [InlineData("a:b", "a%3Ab")] // nor bring another separator
    [InlineData("ü", "%C3%BC")]
    public void A_user_is_percent_encoded(string user, string encoded) =>
        Assert.Equal($"1795262400:{encoded}", Servers(new IceServerOptions(Turn, "turnsecret")).For(user)[0].Username);

    [Fact]
    public void A_username_stays_within_what_stun_allows_for_the_longest_identity() =>
        Assert.InRange(Servers(new IceServerOptions(Turn, "turnsecret")).For(new string('ü', 256))[0].Username!.Length, 1, 508);
}
