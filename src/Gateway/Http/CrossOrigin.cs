using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Nexus.Gateway.Http;

/// <summary>
/// CORS from any origin, where endpoints allow it: tokens go in a header that no browser adds by itself, or in the address, so no origin
/// gains anything. Refusals have it too, else pages could not read them.
/// </summary>
internal static class CrossOrigin
{
    public static T AllowsAnyOrigin<T>(this T endpoint) where T : IEndpointConventionBuilder => endpoint.WithMetadata(new AnyOrigin());

    /// <summary>After routing, before anything that refuses.</summary>
    public static void UseCrossOrigin(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<AnyOrigin>() is not null)
        {
            context.Response.Headers.AccessControlAllowOrigin = "*";
            context.Response.Headers.AccessControlExposeHeaders = "Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch, WWW-Authenticate";
        }

        return next(context);
    });

    public static void Preflight(HttpResponse response, string methods)
    {
        response.Headers.AccessControlAllowMethods = methods;
        response.Headers.AccessControlAllowHeaders = "Authorization, Content-Type, If-Match, Accept";
        response.Headers.AccessControlMaxAge = "86400";
        response.Headers.Allow = methods;
    }

    private sealed record AnyOrigin;
}
