using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>The paths of LiveKit's signalling.</summary>
internal static class LiveKitEndpoints
{
    private const string Tag = "LiveKit";

    public static void MapLiveKit(this IEndpointRouteBuilder routes)
    {
        MapOnline(routes);
        var group = routes.MapGroup("rtc").WithTags(Tag).AllowsAnyOrigin()
            .Requires(Permit.Join).TakesTokenInQuery().RefusesBy((http, error) => Refusal(error).ExecuteAsync(http));
        group.MapGet("v1", (HttpContext context, SessionServices services) => Serve(context, services, isDual: false))
            .WithSummary("LiveKit signalling over one peer connection (docs/livekit.md).").WithProblems(400, 401, 404, 503).WithSocketLimit();
        group.MapGet("", (HttpContext context, SessionServices services) => Serve(context, services, isDual: true))
            .WithSummary("LiveKit signalling over two peer connections, for older SDKs.").WithProblems(400, 401, 404, 503).WithSocketLimit();
        group.MapGet("v1/validate", (HttpContext context, SessionServices services) => Validate(context, services, isDual: false))
            .WithSummary("Why a client could not connect.").Produces<string>(200, "text/plain").WithProblems(400, 401, 503);
        group.MapGet("validate", (HttpContext context, SessionServices services) => Validate(context, services, isDual: true))
            .WithSummary("Why a client could not connect.").Produces<string>(200, "text/plain").WithProblems(400, 401, 503);
    }

    /// <summary>Clients in browsers ask so whether they are online before they come back.</summary>
    private static void MapOnline(IEndpointRouteBuilder routes) => routes.MapMethods("/", ["HEAD"], () => Results.Ok()).AllowsAnyOrigin().ExcludeFromDescription();

    /// <summary>What <see cref="Serve"/> would refuse is refused here too; browsers do not show the refusal of an upgrade.</summary>
    private static IResult Validate(HttpContext context, SessionServices services, bool isDual) =>
        services.State.Refusal is { } refusal ? Refusal(new(ReasonCodes.Unavailable, refusal.Message))
        : Read(context, isDual) is (null, { } fault) ? Refusal(fault)
        : Results.Text("success");

    private static async Task<IResult> Serve(HttpContext context, SessionServices services, bool isDual)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            return new ProblemResult(StatusCodes.Status404NotFound, "WEBSOCKET", "Open a WebSocket here.");
        }

        if (services.Admission.Check(context.Caller(), context.Connection.RemoteIpAddress) is { } hindrance)
        {
            return Refusal(hindrance.Error);
        }

        (Entrance? entrance, LinkError? fault) = Read(context, isDual);
        if (entrance is null)
        {
            return Refusal(fault!);
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var connection = new LiveKitConnection(socket, services.Clock);
        var session = new LiveKitSession(connection, services, entrance);
        try
        {
            await connection.Run(session);
        }
        finally
        {
            await session.Close();
            services.State.CountSocketEnd(connection.Ending?.Reason ?? "GONE");
        }

        return Results.Empty;
    }

    private static (Entrance? Entrance, LinkError? Fault) Read(HttpContext context, bool isDual)
    {
        Caller caller = context.Caller();
        IQueryCollection query = context.Request.Query;
        (JoinRequest? request, string fault) = isDual ? (JoinRequestReader.Read(query), "") : JoinRequestReader.Read(query["join_request"].ToString());
        return request is null ? (null, new(ReasonCodes.BadRequest, fault))
            : (request.Metadata.Length > 0 || request.ParticipantAttributes.Count > 0) && !caller.Grants.CanUpdateOwnMetadata
                ? (null, new(ReasonCodes.Permission, "The token does not grant canUpdateOwnMetadata."))
                : (new Entrance(caller, request, query["region"].ToString() is { Length: > 0 } region ? region : null, isDual), null);
    }

    /// <summary>401 and 403 are final for clients; after anything else they try again.</summary>
    private static ProblemResult Refusal(LinkError error)
    {
        int status = error.Code switch
        {
            _ when error.Code.StartsWith("TOKEN_", StringComparison.Ordinal) => StatusCodes.Status401Unauthorized,
            ReasonCodes.Permission => StatusCodes.Status401Unauthorized,
            ReasonCodes.BadRequest or Permit.RoomName or Permit.IdentityName => StatusCodes.Status400BadRequest,
            ReasonCodes.RateLimited => StatusCodes.Status429TooManyRequests,
            _ => StatusCodes.Status503ServiceUnavailable,
        };
        var refusal = new ProblemResult(status, error.Code, error.Message);
        return status is 429 or 503 ? refusal.With("Retry-After", "1") : refusal;
    }
}
