using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;

namespace Nexus.Gateway.Page;

/// <summary>The page at <c>/</c>, and the tokens that it uses while the development key is in use.</summary>
internal static class PageEndpoints
{
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(10);

    public static void MapPage(this IEndpointRouteBuilder routes, GatewayOptions options)
    {
        byte[] page = Resource("index.html");
        routes.MapGet("/", (HttpContext http) =>
        {
            http.Response.Headers.ContentSecurityPolicy = "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; media-src blob:; frame-ancestors 'none'";
            http.Response.Headers.CacheControl = "no-cache";
            return Results.Bytes(page, "text/html; charset=utf-8");
        }).ExcludeFromDescription();

        var key = options.Tenants.SelectMany(t => t.Keys).FirstOrDefault(k => k.Key == options.DevelopmentKey);
        if (key is not null)
        {
            routes.MapPost("/dev/token", (HttpContext http, TimeProvider clock, string? room, string? identity) =>
                DevelopmentToken(http, key, room ?? "", identity ?? "", clock.GetUtcNow())).ExcludeFromDescription();
        }
    }

    /// <summary>
    /// Only for this machine: the connection comes from loopback, and the host that the browser was told is a loopback name, so that
    /// a foreign page cannot get here by rebinding its own name.
    /// </summary>
    private static IResult DevelopmentToken(HttpContext http, ApiKeyOptions key, string room, string identity, DateTimeOffset now)
    {
        if (http.Connection.RemoteIpAddress is not { } remote || !IPAddress.IsLoopback(remote) || !IsLoopbackName(http.Request.Host.Host))
        {
            return RequestAuth.Forbidden("Development tokens are given to this machine only.");
        }

        return PathSegments.IsName(room) && PathSegments.IsName(identity)
            ? Results.Json(new { token = TokenMinter.ForRoom(key, room, identity, admin: false, TokenLifetime, now) })
            : new ProblemResult(StatusCodes.Status400BadRequest, "BAD_REQUEST", $"room and identity have 1 to {PathSegments.MaxLength} characters.");
    }

    private static bool IsLoopbackName(string host) =>
        host == "localhost" || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static byte[] Resource(string name)
    {
        using var stream = typeof(PageEndpoints).Assembly.GetManifestResourceStream($"wwwroot/{name}")
            ?? throw new InvalidOperationException($"wwwroot/{name} is not embedded");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
