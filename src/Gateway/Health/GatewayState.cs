using System.Collections.Concurrent;
using Nexus.Link;

namespace Nexus.Gateway.Health;

/// <summary>What the gateway counts, and whether it takes new sessions. Thread-safe.</summary>
public sealed class GatewayState
{
    private readonly ConcurrentDictionary<(SessionLeg Leg, string Result), long> _joins = new();
    private readonly ConcurrentDictionary<string, long> _refusals = new();
    private readonly ConcurrentDictionary<string, long> _socketEnds = new();
    private volatile bool _draining;

    /// <summary>Set once at shutdown: <c>/readyz</c> says 503 and joins are refused from then on.</summary>
    public bool IsDraining => _draining;

    public void BeginDrain() => _draining = true;

    /// <summary>Joins by leg and outcome (<c>ok</c> or a reason code).</summary>
    public IEnumerable<KeyValuePair<(SessionLeg Leg, string Result), long>> Joins => _joins;

    /// <summary>Requests refused at the door, by code.</summary>
    public IEnumerable<KeyValuePair<string, long>> Refusals => _refusals;

    public void CountJoin(SessionLeg leg, string result) => _joins.AddOrUpdate((leg, result), 1, (_, n) => n + 1);

    /// <summary>Ended WebSockets by reason.</summary>
    public IEnumerable<KeyValuePair<string, long>> SocketEnds => _socketEnds;

    public void CountSocketEnd(string reason) => _socketEnds.AddOrUpdate(reason, 1, (_, n) => n + 1);

    public void CountRefusal(string code) => _refusals.AddOrUpdate(code, 1, (_, n) => n + 1);
}
