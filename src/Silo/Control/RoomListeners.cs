using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Silo.Control;

/// <summary>
/// The gateways that listen to rooms of one node, each for its lease. Outlives the node's links, so that a node that comes back
/// goes on telling without a word from any gateway. Thread-safe.
/// </summary>
internal sealed class RoomListeners(string node, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Dictionary<string, Lease>> _rooms = new(StringComparer.Ordinal);

    /// <summary>The rooms that somebody listens to.</summary>
    public IReadOnlyList<string> Rooms
    {
        get
        {
            lock (_gate)
            {
                return [.. _rooms.Keys];
            }
        }
    }

    public void Add(string room, SessionHolder gateway, TimeSpan lease)
    {
        lock (_gate)
        {
            if (!_rooms.TryGetValue(room, out Dictionary<string, Lease>? leases))
            {
                _rooms[room] = leases = new(StringComparer.Ordinal);
            }

            leases[gateway.Gateway] = new(gateway.Observer, time.GetUtcNow() + lease);
        }
    }

    /// <summary>Forgets leases that have run out. The rooms that nobody listens to any more.</summary>
    public IReadOnlyList<string> Expire()
    {
        List<string>? silent = null;
        lock (_gate)
        {
            DateTimeOffset now = time.GetUtcNow();
            foreach ((string room, Dictionary<string, Lease> leases) in _rooms)
            {
                foreach ((string gateway, Lease lease) in leases)
                {
                    if (lease.Until <= now)
                    {
                        leases.Remove(gateway);
                    }
                }

                if (leases.Count == 0)
                {
                    (silent ??= []).Add(room);
                    _rooms.Remove(room);
                }
            }
        }

        return silent ?? [];
    }

    /// <summary>One-way, and waits for nobody: the next word is the whole truth again.</summary>
    public void Tell(RoomLevels levels) => Tell(levels.Room, observer => observer.OnLevels(levels.Room, node, levels.Speakers));

    /// <inheritdoc cref="Tell(RoomLevels)"/>
    public void Tell(RoomConnections connections) =>
        Tell(connections.Room, observer => observer.OnConnections(connections.Room, node, connections.Participants));

    private void Tell(string room, Func<IGatewayObserver, Task> tell)
    {
        Lease[] leases;
        lock (_gate)
        {
            DateTimeOffset now = time.GetUtcNow();
            leases = _rooms.TryGetValue(room, out Dictionary<string, Lease>? known) ? [.. known.Values.Where(l => l.Until > now)] : [];
        }

        foreach (Lease lease in leases)
        {
            tell(lease.Observer).Ignore(); // a gateway that is gone lets its lease run out
        }
    }

    private readonly record struct Lease(IGatewayObserver Observer, DateTimeOffset Until);
}
