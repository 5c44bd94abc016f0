using System.Net;
using Microsoft.Extensions.Logging;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Gateway.Telemetry;
using Nexus.Link;

namespace Nexus.Gateway.Adapters;

/// <summary>What the upgrade request said.</summary>
internal sealed record HttpRequestFacts(string? Token, string? Region, IPAddress? Source);

/// <summary>What all WebSocket clients share, whatever they speak.</summary>
internal sealed record SocketServices(
    IControlPlane Control,
    TokenVerifier Tokens,
    JoinLimiter Limiter,
    GatewayPort Port,
    GatewayState State,
    GatewayOptions Options,
    IceServers IceServers,
    ITelemetrySink Telemetry,
    TimeProvider Clock,
    ILogger<SocketServices> Log)
{
    /// <summary>Whether the bearer of a token may come into its room now.</summary>
    /// <param name="mayHaveExpired">For those who prove by something else that they were let in before.</param>
    public LinkError? Admit(string? token, IPAddress? source, bool mayHaveExpired, out Caller? caller)
    {
        caller = null;
        if (State.Refusal is { } refusal)
        {
            return new("UNAVAILABLE", refusal.Message);
        }

        LinkError? refused = Check(token, mayHaveExpired, out caller);
        return refused is null && Limiter.Admit(caller!, source) is { } wait
            ? new(ReasonCodes.RateLimited, $"Too many joins in a short time: wait {Math.Ceiling(wait.TotalSeconds)} s.")
            : refused;
    }

    /// <summary>Whether a token lets its bearer into a room; counts as no join.</summary>
    public LinkError? Check(string? token, bool mayHaveExpired, out Caller? caller)
    {
        TokenVerdict verdict = Tokens.Verify(token, mayHaveExpired);
        caller = verdict.Caller;
        return caller switch
        {
            null => new(RequestAuth.CodeOf(verdict.Fault), verdict.Message),
            { Grants.RoomJoin: false } => new(ReasonCodes.Permission, "The token lacks the grant roomJoin."),
            { Grants.Room: null or "" } => new(ReasonCodes.Permission, "The token names no room."),
            _ when !PathSegments.IsName(caller.Grants.Room) => new(ReasonCodes.BadRequest, "A room's name has 1 to 256 characters, none of them control characters."),
            _ when !PathSegments.IsName(caller.Identity) => new(ReasonCodes.BadRequest, "The token's sub must be an identity of 1 to 256 characters."),
            _ => null,
        };
    }
}
