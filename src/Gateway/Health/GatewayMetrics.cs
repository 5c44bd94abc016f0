using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Health;

/// <summary>What the gateway itself counts.</summary>
internal sealed class GatewayMetrics(GatewayState state, GatewayPort port) : IMetricsSource
{
    public Task Write(MetricsText metrics)
    {
        metrics.Gauge("nexus_info", "What runs.", 1, ("engine", EngineName.Current), ("version", EngineName.Version));
        metrics.Gauge("nexus_draining", "1 while this process takes no new sessions.", state.IsDraining ? 1 : 0);
        foreach (var ((leg, result), count) in state.Joins)
        {
            metrics.Counter("nexus_joins_total", "Joins by leg and outcome.", count, ("leg", leg.ToString().ToLowerInvariant()), ("result", result));
        }

        foreach (var (code, count) in state.Refusals)
        {
            metrics.Counter("nexus_requests_refused_total", "Requests refused at the door, by code.", count, ("code", code));
        }

        metrics.Gauge("nexus_websockets", "Sessions whose client is connected here by WebSocket.", port.SessionCount);
        foreach (var (reason, count) in state.SocketEnds)
        {
            metrics.Counter("nexus_websockets_ended_total", "Ended WebSockets, by reason.", count, ("reason", reason));
        }

        return Task.CompletedTask;
    }
}

/// <summary>Which engine hosts the grains (design.md section 5).</summary>
public static class EngineName
{
#if ORLEANS_ENGINE
    public const string Current = "orleans";
#else
    public const string Current = "embedded";
#endif

    public static string Version { get; } = typeof(EngineName).Assembly.GetName().Version?.ToString(3) ?? "0";
}
