using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;

namespace Nexus.Gateway.Page;

/// <summary>The pages, and the tokens that they use while the development key is in use.</summary>
internal static class PageEndpoints
{
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(10);

    public static void MapPage(this IEndpointRouteBuilder routes, GatewayOptions options)
    {
        foreach (var file in PageFile.All())
        {
            routes.MapGet(file.Path, file.Serve).ExcludeFromDescription();
        }

        var key = options.Tenants.SelectMany(t => t.Keys).FirstOrDefault(k => k.Key == options.DevelopmentKey);
        if (key is not null)
        {
            routes.MapPost("/dev/token", (HttpContext http, TimeProvider clock, string? room, string? identity, string? name) =>
                DevelopmentToken(http, key, room ?? "", identity ?? "", name, clock.GetUtcNow())).ExcludeFromDescription();
        }
    }

    /// <summary>
    /// Only for this machine: the connection comes from loopback, and the host that the browser was told is a loopback name, so that
    /// a foreign page cannot get here by rebinding its own name.
    /// </summary>
    private static IResult DevelopmentToken(HttpContext http, ApiKeyOptions key, string room, string identity, string? name, DateTimeOffset now)
    {
        if (http.Connection.RemoteIpAddress is not { } remote || !IPAddress.IsLoopback(remote) || !IsLoopbackName(http.Request.Host.Host))
        {
            return ProblemResult.Of(Permit.Denied("Development tokens are given to this machine only."));
        }

        return PathSegments.IsName(room) && PathSegments.IsName(identity) && (name is null || PathSegments.IsName(name))
            ? Results.Json(new { token = TokenMinter.ForRoom(key, room, identity, admin: false, TokenLifetime, now, name) })
            : new ProblemResult(StatusCodes.Status400BadRequest, "BAD_REQUEST", $"room, identity and name have 1 to {PathSegments.MaxLength} characters.");
    }

    private static bool IsLoopbackName(string host) =>
        host == "localhost" || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
