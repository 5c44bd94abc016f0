using System.Collections.Concurrent;
using Nexus.Embedded.Calls;
using Orleans;
using Orleans.Runtime;

namespace Nexus.Embedded;

/// <summary>Observers of this process, held weakly. What is sent to one that is gone is dropped.</summary>
internal sealed class ObserverTable(EmbeddedCluster cluster)
{
    private static readonly GrainType s_type = GrainType.Create("observer");

    private readonly ConcurrentDictionary<GrainId, ObserverMailbox> _mailboxes = new();
    private long _count;

    public static bool IsObserver(GrainId id) => id.Type.Equals(s_type);

    public GrainId Add(IGrainObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        if (observer is GrainReference or Grain)
        {
            throw new ArgumentException("Argument obj must be an object outside of grains, not a grain or a reference.", nameof(observer));
        }

        var id = GrainId.Create(s_type, Interlocked.Increment(ref _count).ToString());
        _mailboxes[id] = new(cluster, observer);
        return id;
    }

    public void Remove(GrainId id) => _mailboxes.TryRemove(id, out _);

    /// <summary>
    /// Delivers. Where the observer is gone a one-way call vanishes, and a call that waits fails at once as it would with
    /// Orleans after its time-out.
    /// </summary>
    public void Send<T>(GrainId id, CallRequest<T> call)
    {
        if (!_mailboxes.TryGetValue(id, out var mailbox) || !mailbox.Post(call))
        {
            _mailboxes.TryRemove(id, out _);
            call.Fail(new TimeoutException($"{call}: the observer is gone."));
        }
    }

    public void FailOverdue(long now)
    {
        foreach (var mailbox in _mailboxes.Values)
        {
            mailbox.FailOverdue(now);
        }
    }
}
