using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Nexus.Embedded.Calls;
using Orleans;
using Orleans.Runtime;

namespace Nexus.Embedded;

/// <summary>
/// Observers of this process, held weakly. Each gets its notifications one at a time and in order; those for an observer
/// that is gone are dropped.
/// </summary>
internal sealed class ObserverTable(EmbeddedCluster cluster)
{
    private static readonly GrainType s_type = GrainType.Create("observer");

    private readonly ConcurrentDictionary<GrainId, Mailbox> _mailboxes = new();
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

    public void Send<T>(GrainId id, CallRequest<T> notification)
    {
        if (!_mailboxes.TryGetValue(id, out var mailbox) || !mailbox.Post(notification))
        {
            _mailboxes.TryRemove(id, out _);
            notification.Finish(Task.CompletedTask);
        }
    }

    private sealed class Mailbox(EmbeddedCluster cluster, IGrainObserver observer) : IThreadPoolWorkItem
    {
        private readonly WeakReference<IGrainObserver> _observer = new(observer);
        private readonly Queue<ObserverTurn> _waiting = new();
        private bool _isRunning;

        public bool Post<T>(CallRequest<T> notification)
        {
            if (!_observer.TryGetTarget(out _))
            {
                return false;
            }

            lock (_waiting)
            {
                _waiting.Enqueue(new(notification, notification.RunOn));
                if (_isRunning)
                {
                    return true;
                }

                _isRunning = true;
            }

            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
            return true;
        }

        public void Execute() => _ = DrainAsync();

        private async Task DrainAsync()
        {
            while (true)
            {
                ObserverTurn next;
                lock (_waiting)
                {
                    if (!_waiting.TryDequeue(out next))
                    {
                        _isRunning = false;
                        return;
                    }
                }

                next.Turn.Finish(await RunAsync(next));
            }
        }

        private async Task<Task> RunAsync(ObserverTurn turn)
        {
            if (!_observer.TryGetTarget(out var target))
            {
                return Task.CompletedTask;
            }

            try
            {
                var work = turn.Run(target);
                await work;
                return work;
            }
            catch (Exception e)
            {
                cluster.Log.LogWarning(e, "Observer {Observer} threw on {Notification}", target, turn.Turn);
                return Task.FromException(e);
            }
        }
    }

    private readonly record struct ObserverTurn(Turn Turn, Func<object, Task> Run);
}
