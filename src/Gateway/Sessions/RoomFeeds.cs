using System.Collections.Concurrent;
using Nexus.Contracts;

namespace Nexus.Gateway.Sessions;

/// <summary>The rooms that clients of this process are in. A feed lives from its first user to its last. Thread-safe.</summary>
public sealed class RoomFeeds(IControlPlane control, Lazy<SessionHolder> gateway)
{
    /// <summary>How long a feed stays for readers after the last.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, RoomFeed> _feeds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (RoomFeed Feed, IRoomGrain Room, DateTimeOffset Until)> _glances = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public ICollection<RoomFeed> All => _feeds.Values;

    public RoomFeed? Find(string key) => _feeds.GetValueOrDefault(key);

    /// <summary>To be given back by <see cref="Release"/>.</summary>
    public RoomFeed Acquire(TenantOptions tenant, string room)
    {
        string key = control.RoomKey(tenant, room);
        lock (_gate)
        {
            RoomFeed feed = _feeds.GetOrAdd(key, _ => new RoomFeed(key, control.Room(tenant, room), gateway.Value, control.Line));
            feed.Users++;
            return feed;
        }
    }

    /// <summary>
    /// For those who read a room now and then, whether it has clients here or not: the feed fills soon after the first glance, and
    /// is given back half a minute after the last.
    /// </summary>
    public RoomFeed Look(TenantOptions tenant, string room, DateTimeOffset now)
    {
        lock (_gate)
        {
            string key = control.RoomKey(tenant, room);
            RoomFeed feed = _glances.TryGetValue(key, out var known) ? known.Feed : Acquire(tenant, room);
            _glances[key] = (feed, control.Room(tenant, room), now + Glance);
            return feed;
        }
    }

    /// <summary>Gives back the feeds that nobody has looked at for a while.</summary>
    public Task ReleaseUnseen(DateTimeOffset now)
    {
        lock (_gate)
        {
            return Task.WhenAll(_glances.Where(g => g.Value.Until <= now).ToList().Select(unseen =>
            {
                _glances.Remove(unseen.Key);
                return Release(unseen.Value.Feed, unseen.Value.Room);
            }).ToList());
        }
    }

    public Task Release(RoomFeed feed, IRoomGrain room)
    {
        lock (_gate)
        {
            if (--feed.Users > 0)
            {
                return Task.CompletedTask;
            }

            _feeds.TryRemove(feed.Key, out _);
            return room.Unwatch(gateway.Value.Gateway); // under the lock: the next feed of this room watches after it
        }
    }
}
