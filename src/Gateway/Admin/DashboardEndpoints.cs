using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nexus.Gateway.Auth;

namespace Nexus.Gateway.Admin;

/// <summary>
/// The door before Orleans' dashboard: an operator's token, as a header, or once as <c>?access_token=</c>, which a browser gets back as a
/// cookie that no script reads and that only this path is sent.
/// </summary>
public static class DashboardEndpoints
{
    public const string Path = "/dashboard";

    private const string Cookie = "nexus_operator";

    /// <param name="dashboard">The mapped dashboard.</param>
    public static void RequireOperator(this RouteGroupBuilder dashboard) =>
        dashboard.Requires(Permit.Operate).TakesTokenInQuery(Cookie).AddEndpointFilter(async (context, next) =>
        {
            HttpContext http = context.HttpContext;
            if (TokenPlaces.InQuery(http.Request) is not { } given)
            {
                return await next(context);
            }

            http.Response.Cookies.Append(Cookie, given, new CookieOptions
            {
                HttpOnly = true,
                Secure = http.Request.IsHttps,
                SameSite = SameSiteMode.Strict,
                Path = http.Request.PathBase + Path,
                Expires = DateTimeOffset.FromUnixTimeSeconds((long)http.Caller().Token.Expires!.Value),
            });
            return Results.Redirect($"{http.Request.PathBase}{Path}/"); // so that the token stays in no address bar and no log
        });
}
