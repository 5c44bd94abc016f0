using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;

namespace Nexus.Gateway.Page;

/// <summary>The pages, and the tokens that they use while the development key is in use.</summary>
internal static class PageEndpoints
{
    /// <summary>A header that no page of another origin can send unasked.</summary>
    private const string CodeHeader = "X-Nexus-Code";

    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(10);

    public static void MapPage(this IEndpointRouteBuilder routes, GatewayOptions options)
    {
        foreach (var file in PageFile.All())
        {
            routes.MapGet(file.Path, file.Serve).ExcludeFromDescription();
            if (file.VersionedPath is { } versioned)
            {
                routes.MapGet(versioned, file.ServeVersioned).ExcludeFromDescription();
            }
        }

        if (options is { Development: { } development } && options.Tenants.SelectMany(t => t.Keys).FirstOrDefault(k => k.Key == development.Key) is { } key)
        {
            routes.MapPost("/dev/token", (HttpContext http, TimeProvider clock, string? room, string? identity, string? name) =>
                DevelopmentToken(http, development, key, room ?? "", identity ?? "", name, clock.GetUtcNow())).ExcludeFromDescription();
        }
    }

    /// <summary>Only for this machine, and for who knows the code: a proxy may ask for others and not say so.</summary>
    private static IResult DevelopmentToken(
        HttpContext http, DevelopmentOptions development, ApiKeyOptions key, string room, string identity, string? name, DateTimeOffset now)
    {
        if (!http.Request.IsLocal())
        {
            return ProblemResult.Of(Permit.Denied("Development tokens are given to this machine only, by a loopback name and past no proxy."));
        }

        byte[] given = Encoding.UTF8.GetBytes(http.Request.Headers[CodeHeader].ToString());
        if (!CryptographicOperations.FixedTimeEquals(given, Encoding.UTF8.GetBytes(development.Code)))
        {
            return ProblemResult.Of(Permit.Denied("Open the link that ./nexus up printed when it started: it has the code that this page needs."));
        }

        return PathSegments.IsName(room) && PathSegments.IsName(identity) && (name is null || PathSegments.IsName(name))
            ? Results.Json(new { token = TokenMinter.ForRoom(key, room, identity, admin: false, TokenLifetime, now, name) })
            : new ProblemResult(StatusCodes.Status400BadRequest, "BAD_REQUEST", $"room, identity and name have 1 to {PathSegments.MaxLength} characters.");
    }
}
