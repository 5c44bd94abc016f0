using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;

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
    public static void RequireOperator(this RouteGroupBuilder dashboard, TokenVerifier tokens) =>
        dashboard.AddEndpointFilter(async (context, next) =>
        {
            HttpContext http = context.HttpContext;
            string? given = http.Request.Query["access_token"].ToString() is { Length: > 0 } query ? query : null;
            string? token = given ?? RequestAuth.Bearer(http.Request) ?? http.Request.Cookies[Cookie];
            TokenVerdict verdict = tokens.Verify(token);
            if (verdict.Caller is not { MayOperate: true } caller)
            {
                return verdict.Caller is null && token is not null ? RequestAuth.Unauthorized(verdict)
                    : token is null ? new ProblemResult(StatusCodes.Status401Unauthorized, "TOKEN_MISSING", $"Open {Path}?access_token=… with a token of a key that is marked operator: ./nexus token --identity me --admin prints one.")
                    : RequestAuth.Forbidden("The dashboard needs a token with roomAdmin or roomList, signed by a key that is marked operator.");
            }

            if (given is null)
            {
                return await next(context);
            }

            http.Response.Cookies.Append(Cookie, given, new CookieOptions
            {
                HttpOnly = true,
                Secure = http.Request.IsHttps,
                SameSite = SameSiteMode.Strict,
                Path = Path,
                Expires = DateTimeOffset.FromUnixTimeSeconds((long)caller.Token.Expires!.Value),
            });
            return Results.Redirect(Path + "/"); // so that the token stays in no address bar and no log
        });
}
