using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Gateway.Http;

/// <summary>What nobody foresaw, as a named refusal: no stack trace goes out, nothing goes unsaid.</summary>
public static class Failures
{
    public static void UseNamedFailures(this IApplicationBuilder app, ILogger log) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // the client went away; nobody is left to be told
        }
#pragma warning disable CA1031 // the outermost place: whatever it is becomes a refusal
        catch (Exception e) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            var refusal = Refusal(e);
            if (refusal.Problem.Code == "UNAVAILABLE")
            {
                log.Unavailable($"{context.Request.Method} {context.Request.Path}", e.Message);
            }
            else if (refusal.Status >= 500)
            {
                log.RequestFailed(e, $"{context.Request.Method} {context.Request.Path}");
            }

            await refusal.ExecuteAsync(context);
        }
    });

    private static ProblemResult Refusal(Exception e) => e switch
    {
        BadHttpRequestException bad => new(bad.StatusCode, "BAD_REQUEST", bad.Message),
        RegionAwayException away => ProblemResult.Of(new(ReasonCodes.LinkDown, $"This cannot be served now: {away.Message}.")),
        TimeoutException or OrleansException => new ProblemResult(
            StatusCodes.Status503ServiceUnavailable, "UNAVAILABLE", "The room's silo did not answer: try again.").With("Retry-After", "1"),
        _ => new(StatusCodes.Status500InternalServerError, "INTERNAL", "The server failed; its log says why."),
    };
}
