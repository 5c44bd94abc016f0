using System.Net;
using Microsoft.Extensions.Logging;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Gateway.Sessions;
using Nexus.Gateway.Telemetry;
using Nexus.Link;

namespace Nexus.Gateway.Adapters;

/// <summary>What the upgrade request said.</summary>
/// <param name="IsLocal">As <see cref="Http.LocalRequest"/> says.</param>
internal sealed record HttpRequestFacts(string? Token, string? Region, IPAddress? Source, bool IsLocal);

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
    /// <summary>Whether one more join may be taken now; counts it.</summary>
    public LinkError? Admit(Caller caller, IPAddress? source) =>
        State.Refusal is { } refusal ? new(ReasonCodes.Unavailable, refusal.Message)
        : Limiter.Admit(caller, source) is { } wait ? new(ReasonCodes.RateLimited, $"Too many joins in a short time: wait {Math.Ceiling(wait.TotalSeconds)} s.")
        : null;
}
