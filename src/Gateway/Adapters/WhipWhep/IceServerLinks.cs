using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Nexus.Gateway.Adapters.WhipWhep;

/// <summary>
/// <c>Link: &lt;turn:…&gt;; rel="ice-server"</c> (RFC 9725 section 4.6) with credentials that end by themselves, as coturn's
/// use-auth-secret takes them (draft-uberti-behave-turn-rest-00 section 2.2).
/// </summary>
internal sealed class IceServerLinks(GatewayOptions options, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>One value per server; empty when none is configured.</summary>
    public StringValues For(string identity) => new([.. options.IceServers.Select(server => Link(server, identity))]);

    private string Link(IceServerOptions server, string identity)
    {
        string link = $"<{server.Url}>; rel=\"ice-server\"";
        if (server.SharedSecret is not { } secret)
        {
            return link;
        }

        string user = $"{(clock.GetUtcNow() + Lifetime).ToUnixTimeSeconds()}:{Uri.EscapeDataString(identity)}";
#pragma warning disable CA5350 // the TURN REST draft fixes HMAC-SHA1
        string credential = Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(user)));
#pragma warning restore CA5350
        return $"{link}; username=\"{user}\"; credential=\"{credential}\"; credential-type=\"password\"";
    }
}
