using Microsoft.AspNetCore.Http;

namespace Nexus.Gateway.Adapters.WhipWhep;

/// <summary>CORS from any origin: tokens go in a header that no browser adds by itself, so no origin gains anything.</summary>
internal static class CrossOrigin
{
    public static void Allow(HttpResponse response)
    {
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.AccessControlExposeHeaders = "Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch, WWW-Authenticate";
    }

    public static void Preflight(HttpResponse response, string methods)
    {
        response.Headers.AccessControlAllowMethods = methods;
        response.Headers.AccessControlAllowHeaders = "Authorization, Content-Type, If-Match, Accept";
        response.Headers.AccessControlMaxAge = "86400";
        response.Headers.Allow = methods;
    }
}
