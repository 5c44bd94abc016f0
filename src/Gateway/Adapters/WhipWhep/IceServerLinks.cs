using Microsoft.Extensions.Primitives;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Adapters.WhipWhep;

/// <summary><c>Link: &lt;turn:…&gt;; rel="ice-server"</c> (RFC 9725 section 4.6).</summary>
internal sealed class IceServerLinks(IceServers servers)
{
    /// <summary>One value per server; empty when none is configured.</summary>
    public StringValues For(string identity) => new([.. servers.For(identity).Select(Link)]);

    private static string Link(IceServer server)
    {
        string link = $"<{server.Url}>; rel=\"ice-server\"";
        return server.Credential is null
            ? link
            : $"{link}; username=\"{server.Username}\"; credential=\"{server.Credential}\"; credential-type=\"password\"";
    }
}
