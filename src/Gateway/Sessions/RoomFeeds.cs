using System.Collections.Concurrent;
using Nexus.Contracts;

namespace Nexus.Gateway.Sessions;

/// <summary>The rooms that clients of this process are in. A feed lives from its first user to its last. Thread-safe.</summary>
public sealed class RoomFeeds(IControlPlane control, Func<string, SessionHolder> gateway)
{
    private readonly ConcurrentDictionary<string, RoomFeed> _feeds = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public ICollection<RoomFeed> All => _feeds.Values;

    public RoomFeed? Find(string key) => _feeds.GetValueOrDefault(key);

    /// <summary>To be given back by <see cref="Release"/>.</summary>
    /// <param name="site">Where the room is.</param>
    public RoomFeed Acquire(RoomSite site)
    {
        lock (_gate)
        {
            RoomFeed feed = _feeds.TryGetValue(site.Key, out RoomFeed? known) && known.Site.Region == site.Region
                ? known
                : _feeds[site.Key] = new RoomFeed(site, site.Room, gateway(site.Region), site.Line); // the room that was elsewhere is over, and so are the sessions of its feed
            control.Serve(site);
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

            _feeds.TryRemove(new(feed.Key, feed));
            control.Leave(feed.Site);
            return feed.Close(); // under the lock: the next feed of this room watches after it
        }
    }
}
