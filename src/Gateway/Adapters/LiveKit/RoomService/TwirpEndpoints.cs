using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;

namespace Nexus.Gateway.Adapters.LiveKit.RoomService;

/// <summary>
/// LiveKit's server API: Twirp calls, in JSON or Protocol Buffers, answered in kind. Twirp has its own form of refusals, so
/// whatever goes wrong is answered here.
/// </summary>
internal static class TwirpEndpoints
{
    public static void MapLiveKitServerApi(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("twirp").ExcludeFromDescription().Requires().RefusesBy((http, error) => Refuse(http, TwirpException.Of(error)));
        group.Map("livekit.RoomService/{method}", (string method, HttpContext context, RoomServiceMethods methods) =>
            Answer(context, (caller, isJson, body) => methods.Find(method) is { } call
                ? call(caller, isJson, body)
                : throw new TwirpException(TwirpCode.BadRoute, $"RoomService has no method {method}.")));
        group.Map("{service}/{method}", (string service, HttpContext context) =>
            Answer(context, (_, _, _) => throw new TwirpException(TwirpCode.Unimplemented, $"This server has no {service}.")));
    }

    private static async Task Answer(HttpContext context, TwirpCall call)
    {
        try
        {
            bool isJson = CheckRequest(context.Request);
            Caller caller = context.Caller();
            (ReadOnlyMemory<byte> body, ProblemResult? tooLarge) = await BodyReader.Read(context.Request, Proto.MaxJsonLength);
            byte[] answer = tooLarge is null
                ? await call(caller, isJson, body)
                : throw new TwirpException(TwirpCode.InvalidArgument, tooLarge.Problem.Message);
            LogAct(context, caller, "done");
            context.Response.ContentType = isJson ? "application/json" : "application/protobuf";
            await context.Response.Body.WriteAsync(answer, context.RequestAborted);
        }
        catch (TwirpException e)
        {
            await Refuse(context, e);
        }
        catch (RegionAwayException e)
        {
            await TwirpErrors.Write(context, TwirpCode.Unavailable, $"This cannot be served now: {e.Message}.");
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            await TwirpErrors.Write(context, TwirpCode.Unavailable, "The room's silo did not answer: try again.");
        }
#pragma warning disable CA1031 // the outermost place: whatever it is becomes a refusal
        catch (Exception e) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
#pragma warning restore CA1031
        {
            context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Nexus.Gateway.Twirp").RequestFailed(e, context.Request.Path);
            await TwirpErrors.Write(context, TwirpCode.Internal, "The server failed; its log says why.");
        }
    }

    /// <returns>Whether the body is JSON, else Protocol Buffers.</returns>
    private static bool CheckRequest(HttpRequest request)
    {
        if (!HttpMethods.IsPost(request.Method))
        {
            throw new TwirpException(TwirpCode.BadRoute, $"Methods are called by POST, not {request.Method}.");
        }

        string type = MediaTypeHeaderValue.TryParse(request.ContentType, out var parsed) ? parsed.MediaType.ToString() : "";
        return type.ToLowerInvariant() switch
        {
            "application/json" => true,
            "application/protobuf" => false,
            _ => throw new TwirpException(TwirpCode.BadRoute, "Send the body with Content-Type: application/json or application/protobuf."),
        };
    }

    private static Task Refuse(HttpContext context, TwirpException refusal)
    {
        context.RequestServices.GetRequiredService<GatewayState>().CountRefusal(
            $"{refusal.Code}", $"{context.Request.Method} {context.Request.Path}", context.User.Identity?.Name, context.Connection.RemoteIpAddress);
        return TwirpErrors.Write(context, refusal.Code, refusal.Message);
    }

    /// <summary>Reads are no acts.</summary>
    private static void LogAct(HttpContext context, Caller caller, string result)
    {
        string method = context.Request.Path.Value!.Split('/')[^1];
        if (!method.StartsWith("List", StringComparison.Ordinal) && !method.StartsWith("Get", StringComparison.Ordinal))
        {
            context.RequestServices.GetRequiredService<GatewayState>().LogAct($"RoomService {method}", result, caller.Identity, caller.Key.Key);
        }
    }
}
