using System.Collections.Concurrent;
using Nexus.Contracts;

namespace Nexus.Gateway.Sessions;

/// <summary>The rooms that clients of this process are in. A feed lives from its first user to its last. Thread-safe.</summary>
public sealed class RoomFeeds(IControlPlane control, Lazy<SessionHolder> gateway)
{
    private readonly ConcurrentDictionary<string, RoomFeed> _feeds = new(StringComparer.Ordinal);
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

    public Task Release(RoomFeed feed)
    {
        lock (_gate)
        {
            if (--feed.Users > 0)
            {
                return Task.CompletedTask;
            }

            _feeds.TryRemove(feed.Key, out _);
            return feed.Close(); // under the lock: the next feed of this room watches after it
        }
    }
}
