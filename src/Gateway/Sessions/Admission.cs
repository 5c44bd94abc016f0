using System.Diagnostics;
using System.Net;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>Why nobody, or this one, is taken in just now.</summary>
/// <param name="Closed">This process takes no new sessions; null: it is the caller who came too often.</param>
/// <param name="Wait">When to come again.</param>
internal sealed record Hindrance(Problem? Closed, TimeSpan Wait)
{
    /// <summary>In words, for clients with a connection.</summary>
    public LinkError Error => Closed is { } closed
        ? new(ReasonCodes.Unavailable, closed.Message)
        : new(ReasonCodes.RateLimited, $"Too many joins in a short time: wait {Seconds} s.");

    /// <summary>At least 1.</summary>
    public int Seconds => (int)Math.Max(1, Math.Ceiling(Wait.TotalSeconds));
}

/// <summary>The door that all joins come through, whatever is spoken: limits before, counters after. Thread-safe.</summary>
internal sealed class Admission(GatewayState state, JoinLimiter limiter)
{
    /// <summary>Whether one more join, or resume, may be taken now; counts it.</summary>
    public Hindrance? Check(Caller caller, IPAddress? source) =>
        state.Refusal is { } closed ? new(closed, TimeSpan.FromSeconds(1))
        : limiter.Admit(caller, source) is { } wait ? new(null, wait)
        : null;

    /// <summary>Counts a join by its outcome, and how long it took.</summary>
    public async Task<JoinResult> Count(Caller caller, SessionLeg leg, Task<JoinResult> join)
    {
        long began = Stopwatch.GetTimestamp();
        JoinResult joined = await join;
        state.CountJoin(caller.Tenant, leg, joined.Error?.Code ?? "ok", Stopwatch.GetElapsedTime(began));
        return joined;
    }
}
