using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Nexus.Gateway.Http;

/// <summary>
/// Path segments as the client meant them. The server leaves <c>%2F</c> encoded in route values, so that room <c>a/b</c> and room
/// <c>a%2Fb</c> would be one; the request's raw target tells them apart.
/// </summary>
public static class PathSegments
{
    /// <summary>Characters of a room, identity or id.</summary>
    public const int MaxLength = 256;

    /// <summary>Whether the path of the endpoint has such a part.</summary>
    public static bool HasSegment(this HttpContext context, string name) => IndexOf(context, name) >= 0;

    /// <summary>The decoded part of the path that the endpoint's pattern names so.</summary>
    public static string Segment(this HttpContext context, string name)
    {
        string target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        int query = target.IndexOf('?');
        string[] segments = (query < 0 ? target : target[..query]).Split('/', StringSplitOptions.RemoveEmptyEntries);
        int index = IndexOf(context, name);
        return target.StartsWith('/') && index >= 0 && index < segments.Length
            ? Uri.UnescapeDataString(segments[index])
            : context.GetRouteValue(name)?.ToString() ?? "";
    }

    private static int IndexOf(HttpContext context, string name)
    {
        var parts = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.PathSegments ?? [];
        for (int i = 0; i < parts.Count; i++)
        {
            if (parts[i].Parts is [RoutePatternParameterPart { Name: var found }] && found == name)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Whether a name of a room or participant can be used: 1 to 256 characters, none of them control characters.</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= MaxLength && !text.Any(char.IsControl);
}
