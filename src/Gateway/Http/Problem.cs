using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Link;

namespace Nexus.Gateway.Http;

/// <summary>The body of every refusal: a code for programs, a message for people.</summary>
/// <param name="Code">Upper snake case, for example <c>TOKEN_EXPIRED</c> or one of <see cref="ReasonCodes"/>.</param>
/// <param name="Message">What is wrong and how to mend it.</param>
public sealed record Problem(
    [property: JsonPropertyName("code")] string Code, [property: JsonPropertyName("message")] string Message);

/// <summary>A refusal with its status, as a result that endpoints return.</summary>
public sealed class ProblemResult(int status, string code, string message) : IResult
{
    private static readonly string TokenMissing = UpperSnake.Of(TokenFault.TokenMissing);

    public int Status => status;

    public Problem Problem { get; } = new(code, message);

    /// <summary>Headers that belong to the refusal, such as <c>Retry-After</c>.</summary>
    public Dictionary<string, string> Headers { get; } = [];

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.RequestServices.GetService<GatewayState>()?.CountRefusal(
            code,
            $"{httpContext.Request.Method} {httpContext.Request.Path}",
            httpContext.User.Identity?.Name,
            httpContext.Connection.RemoteIpAddress,
            isNews: status != StatusCodes.Status404NotFound || !HttpMethods.IsGet(httpContext.Request.Method));
        httpContext.Response.StatusCode = status;
        foreach (var (name, value) in Headers)
        {
            httpContext.Response.Headers[name] = value;
        }

        return httpContext.Response.WriteAsJsonAsync(Problem);
    }

    public ProblemResult With(string header, string value)
    {
        Headers[header] = value;
        return this;
    }

    /// <summary>The refusal of a grain or node as HTTP tells it.</summary>
    public static ProblemResult Of(LinkError error)
    {
        int status = error.Code switch
        {
            _ when error.Code.StartsWith("TOKEN_", StringComparison.Ordinal) => 401,
            ReasonCodes.SdpInvalid or ReasonCodes.BadRequest or ReasonCodes.LimitExceeded or Permit.RoomName or Permit.IdentityName => 400,
            ReasonCodes.Permission or ReasonCodes.RegionRefused or ReasonCodes.RoomFull or ReasonCodes.Removed
                or ReasonCodes.Banned or ReasonCodes.RoomLocked => 403,
            ReasonCodes.RoomNotFound or ReasonCodes.SessionNotFound or ReasonCodes.ParticipantNotFound
                or ReasonCodes.TrackNotFound or ReasonCodes.RoomClosed or ReasonCodes.InviteInvalid => 404,
            ReasonCodes.Forwarded or ReasonCodes.RoomOnOneNode => 409,
            ReasonCodes.InviteExpired or ReasonCodes.InviteUsedUp => 410,
            ReasonCodes.SdpUnsupported or ReasonCodes.Codec => 422,
            ReasonCodes.QuotaRooms or ReasonCodes.RateLimited => 429,
            _ => 503, // no node, a lost one, a time-out: try again
        };
        var result = new ProblemResult(status, error.Code, error.Message);
        return status switch
        {
            401 => result.With("WWW-Authenticate", error.Code == TokenMissing ? "Bearer" : "Bearer error=\"invalid_token\""), // RFC 6750 section 3
            429 or 503 => result.With("Retry-After", "1"),
            _ => result,
        };
    }
}
