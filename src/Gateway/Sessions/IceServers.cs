using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Gateway.Sessions;

/// <summary>One STUN or TURN server as a client is told of it.</summary>
/// <param name="ExpiresAt">When the credentials end; null without any.</param>
public sealed record IceServer(string Url, string? Username = null, string? Credential = null, DateTimeOffset? ExpiresAt = null);

/// <summary>
/// The configured servers with credentials that end by themselves, as coturn's use-auth-secret takes them
/// (draft-uberti-behave-turn-rest-00 section 2.2).
/// </summary>
public sealed class IceServers(GatewayOptions options, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>Characters of the user's name in a credential. A STUN USERNAME has at most 508 bytes (RFC 8489 section 14.3); browsers refuse longer ones.</summary>
    public const int MaxUserLength = 256;

    /// <param name="user">Whom the credentials are for; shows, percent-encoded, in the server's log.</param>
    public ImmutableArray<IceServer> For(string user) => [.. options.IceServers.Select(server => For(server, user))];

    private IceServer For(IceServerOptions server, string user)
    {
        if (server.SharedSecret is not { } secret)
        {
            return new(server.Url);
        }

        DateTimeOffset expires = clock.GetUtcNow() + Lifetime;
        string who = Uri.EscapeDataString(user);
        string name = $"{expires.ToUnixTimeSeconds()}:{who[..Math.Min(who.Length, MaxUserLength)]}";
#pragma warning disable CA5350 // the TURN REST draft fixes HMAC-SHA1
        string credential = Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(name)));
#pragma warning restore CA5350
        return new(server.Url, name, credential, expires);
    }
}
