using Microsoft.Extensions.Logging;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Gateway.Telemetry;

namespace Nexus.Gateway.Sessions;

/// <summary>What all clients with a connection share, whatever they speak.</summary>
internal sealed record SessionServices(
    IControlPlane Control,
    TokenVerifier Tokens,
    Admission Admission,
    GatewayPort Port,
    GatewayState State,
    GatewayOptions Options,
    IceServers IceServers,
    ITelemetrySink Telemetry,
    TimeProvider Clock,
    ILogger<SessionServices> Log);
