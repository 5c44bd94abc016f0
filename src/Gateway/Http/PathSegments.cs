using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Nexus.Gateway.Http;

/// <summary>
/// Path segments as the client meant them. The server leaves <c>%2F</c> encoded in route values, so that room <c>a/b</c> and room
/// <c>a%2Fb</c> would be one; the request's raw target tells them apart.
/// </summary>
public static class PathSegments
{
    /// <summary>Characters of a room, identity or id.</summary>
    public const int MaxLength = 256;

    /// <summary>The decoded route value.</summary>
    /// <param name="index">Its place in the path: 1 for <c>room</c> in <c>/whip/{room}</c>.</param>
    public static string Segment(this HttpContext context, string name, int index)
    {
        string target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        int query = target.IndexOf('?');
        string[] segments = (query < 0 ? target : target[..query]).Split('/', StringSplitOptions.RemoveEmptyEntries);
        return target.StartsWith('/') && index < segments.Length
            ? Uri.UnescapeDataString(segments[index])
            : context.GetRouteValue(name)?.ToString() ?? "";
    }

    /// <summary>Whether a name of a room or participant can be used: 1 to 256 characters, none of them control characters.</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= MaxLength && !text.Any(char.IsControl);
}
