using System.Collections.Immutable;

namespace Nexus.Core;

/// <summary>
/// The gateways as one silo has heard of them, and whose sessions they hold here: one lease for each gateway, none for its clients. Not
/// thread-safe.
/// </summary>
/// <typeparam name="TGateway">The way to a gateway.</typeparam>
public sealed class GatewayBook<TGateway>
{
    /// <summary>A gateway that was not heard of for so long has lost its clients' connections. They say every ten seconds that they are there.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>Of one in another region, who may be cut off from us for a while.</summary>
    public static readonly TimeSpan LongestLease = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, (TGateway Gateway, DateTimeOffset Until)> _there = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Holding> _holdings = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _heldBy = new(StringComparer.Ordinal);

    public IEnumerable<TGateway> All => _there.Values.Select(g => g.Gateway);

    /// <summary>When the next lease ends, unless it is renewed; null when there is none.</summary>
    public DateTimeOffset? NextEnd => _there.Count == 0 ? null : _there.Values.Min(g => g.Until);

    /// <summary>Sessions of participants here that ought to have a gateway and have none now.</summary>
    public ImmutableArray<string> Sought => [.. _holdings.Values.SelectMany(h => h.Sought)];

    /// <summary>A gateway's own word that it is there.</summary>
    /// <param name="lease">As long as it asks for, if that is not too long; null: <see cref="Lease"/>.</param>
    public void Hear(string id, TGateway gateway, DateTimeOffset now, TimeSpan? lease = null) => _there[id] = (gateway, now + Granted(lease));

    public bool Knows(string id) => _there.ContainsKey(id);

    /// <summary>It has brought a client: one that was not heard of yet is taken to be there.</summary>
    /// <param name="lease">As <see cref="Hear"/>'s.</param>
    public void Meet(string id, TGateway gateway, DateTimeOffset now, TimeSpan? lease = null) => _there.TryAdd(id, (gateway, now + Granted(lease)));

    /// <summary>
    /// What holds of a participant from now on, in place of what was said of it before. Its gateways are met (<see cref="Meet"/>).
    /// </summary>
    /// <param name="sought">As <see cref="Sought"/>.</param>
    public void Note(string participant, IEnumerable<(string Id, TGateway Gateway)> holders, ImmutableArray<string> sought, DateTimeOffset now)
    {
        foreach (string before in _holdings.Remove(participant, out Holding? older) ? older.Gateways : [])
        {
            Release(before, participant);
        }

        var gateways = ImmutableArray.CreateBuilder<string>();
        foreach ((string id, TGateway gateway) in holders.DistinctBy(h => h.Id))
        {
            gateways.Add(id);
            Meet(id, gateway, now);
            (_heldBy.TryGetValue(id, out HashSet<string>? held) ? held : _heldBy[id] = new(StringComparer.Ordinal)).Add(participant);
        }

        if (gateways.Count > 0 || !sought.IsEmpty)
        {
            _holdings[participant] = new(gateways.ToImmutable(), sought);
        }
    }

    /// <summary>A gateway is gone; those whose sessions it held, to be told.</summary>
    public ImmutableArray<string> Remove(string id)
    {
        _there.Remove(id);
        return _heldBy.TryGetValue(id, out HashSet<string>? held) ? [.. held] : [];
    }

    /// <summary>The gateways whose leases are over, as <see cref="Remove"/>.</summary>
    public ImmutableArray<(string Id, ImmutableArray<string> Participants)> Expire(DateTimeOffset now) =>
        [.. _there.Where(g => g.Value.Until <= now).Select(g => g.Key).ToList().Select(id => (id, Remove(id)))];

    /// <summary>We stood still for so long, and could hear nobody: that is held against no gateway.</summary>
    public void Extend(TimeSpan standstill)
    {
        foreach ((string id, (TGateway gateway, DateTimeOffset until)) in _there.ToArray())
        {
            _there[id] = (gateway, until + standstill);
        }
    }

    private static TimeSpan Granted(TimeSpan? asked) => asked is { } lease && lease > Lease ? lease < LongestLease ? lease : LongestLease : Lease;

    private void Release(string gateway, string participant)
    {
        if (_heldBy.TryGetValue(gateway, out HashSet<string>? held) && held.Remove(participant) && held.Count == 0)
        {
            _heldBy.Remove(gateway);
        }
    }

    private sealed record Holding(ImmutableArray<string> Gateways, ImmutableArray<string> Sought);
}
