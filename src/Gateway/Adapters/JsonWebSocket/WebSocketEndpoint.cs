using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

internal static class WebSocketEndpoint
{
    public const string Protocol = "nexus.v1";

    public static void MapJsonWebSocket(this WebApplication app)
    {
        app.UseWebSockets();
        app.MapGet("ws", Serve)
            .WithTags("WebSocket").WithSummary("JSON signalling, subprotocol nexus.v1 (docs/protocol.md).").WithProblems(400, 503).WithSocketLimit();
    }

    private static async Task<IResult> Serve(HttpContext context, SessionServices services)
    {
        if (services.State.Refusal is { } refusal)
        {
            return new ProblemResult(StatusCodes.Status503ServiceUnavailable, refusal.Code, refusal.Message).With("Retry-After", "1");
        }

        if (!context.WebSockets.IsWebSocketRequest || !context.WebSockets.WebSocketRequestedProtocols.Contains(Protocol))
        {
            return new ProblemResult(StatusCodes.Status400BadRequest, "WEBSOCKET", $"Open a WebSocket with Sec-WebSocket-Protocol: {Protocol}.");
        }

        string? Query(string name) => context.Request.Query[name].FirstOrDefault() is { Length: > 0 } value ? value : null;
        using var socket = await context.WebSockets.AcceptWebSocketAsync(Protocol);
        var connection = new JsonConnection(socket, services.Clock);
        var session = new JsonSession(connection, services, new(Query("access_token"), Query("region"), context.Connection.RemoteIpAddress, context.Request.IsLocal()));
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
}
