using System.Collections.Concurrent;
using System.Net;

namespace Nexus.Gateway.Auth;

/// <summary>
/// Limits joins per token, per API key and per source address, and redemptions of invites per source address, with the generic cell rate algorithm: one time per key
/// instead of a bucket with a timer. Thread-safe; its memory is bounded.
/// </summary>
public sealed class JoinLimiter(JoinLimitOptions options, TimeProvider clock)
{
    /// <summary>Keys remembered before those that no longer matter are thrown out.</summary>
    private const int SweepAbove = 100_000;

    private readonly ConcurrentDictionary<Key, long> _arrivals = new();

    private readonly record struct Key(char Kind, ulong Number, string Text);

    /// <returns>Null when the join may go on, else how long to wait.</returns>
    public TimeSpan? Admit(Caller caller, IPAddress? source)
    {
        int perSource = Math.Max(options.PerSourcePerSecond, JoinLimitOptions.LeastPerSource);
        return Take(new('t', caller.TokenId, caller.Key.Key), options.PerTokenPerSecond, options.PerTokenBurst)
            ?? Take(new('k', 0, caller.Key.Key), options.PerKeyPerSecond, options.PerKeyBurst)
            ?? Take(new('s', 0, source?.ToString() ?? ""), perSource, perSource);
    }

    /// <summary>As <see cref="Admit"/>, for somebody who redeems an invite.</summary>
    public TimeSpan? AdmitRedemption(IPAddress? source) =>
        Take(new('i', 0, source?.ToString() ?? ""), options.RedemptionsPerSourcePerSecond, options.RedemptionsPerSourceBurst);

    private TimeSpan? Take(Key key, int perSecond, int burst)
    {
        long now = clock.GetTimestamp();
        long interval = clock.TimestampFrequency / perSecond;
        long tolerance = interval * (burst - 1);
        while (true)
        {
            bool known = _arrivals.TryGetValue(key, out long expected);
            long arrival = known ? Math.Max(expected, now) : now;
            if (arrival - now > tolerance)
            {
                return clock.GetElapsedTime(now, arrival - tolerance);
            }

            if (known ? _arrivals.TryUpdate(key, arrival + interval, expected) : _arrivals.TryAdd(key, arrival + interval))
            {
                Sweep(now);
                return null;
            }
        }
    }

    private void Sweep(long now)
    {
        if (_arrivals.Count <= SweepAbove)
        {
            return;
        }

        foreach (var (key, expected) in _arrivals)
        {
            if (expected <= now)
            {
                _arrivals.TryRemove(new(key, expected));
            }
        }
    }
}
