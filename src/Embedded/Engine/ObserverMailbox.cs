using Microsoft.Extensions.Logging;
using Nexus.Embedded.Calls;
using Orleans;

namespace Nexus.Embedded;

/// <summary>
/// Runs the calls to one observer in order, one after the other, awaits included; those marked to interleave at once.
/// </summary>
internal sealed class ObserverMailbox(EmbeddedCluster cluster, IGrainObserver observer) : IThreadPoolWorkItem
{
    private readonly WeakReference<IGrainObserver> _observer = new(observer);
    private readonly Queue<Delivery> _waiting = new();
    private readonly HashSet<Turn> _running = [];
    private bool _isDraining;

    /// <returns>False when the observer is gone.</returns>
    public bool Post<T>(CallRequest<T> call)
    {
        if (!_observer.TryGetTarget(out _))
        {
            return false;
        }

        var delivery = new Delivery(call, call.RunOn);
        if (call.AlwaysInterleaves)
        {
            cluster.Work.Begin();
            ThreadPool.UnsafeQueueUserWorkItem(static item => _ = item.Mailbox.DeliverBesideAsync(item.Delivery), (Mailbox: this, Delivery: delivery), preferLocal: true);
            return true;
        }

        lock (_waiting)
        {
            _waiting.Enqueue(delivery);
            if (_isDraining)
            {
                return true;
            }

            _isDraining = true;
        }

        cluster.Work.Begin();
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
        return true;
    }

    public void Execute() => _ = DrainAsync();

    /// <summary>Tells callers that waited too long.</summary>
    public void FailOverdue(long now)
    {
        List<Turn> overdue;
        lock (_waiting)
        {
            overdue = [.. _running.Concat(_waiting.Select(delivery => delivery.Turn))
                .Where(turn => turn.Limit(cluster.ResponseTimeout) is { } limit && now - turn.AskedAt > cluster.Ticks(limit))];
        }

        overdue.ForEach(turn => turn.Fail(new TimeoutException($"Response did not arrive on time: {turn}")));
    }

    private async Task DrainAsync()
    {
        while (true)
        {
            Delivery next;
            lock (_waiting)
            {
                if (!_waiting.TryDequeue(out next))
                {
                    _isDraining = false;
                    cluster.Work.End();
                    return;
                }
            }

            await DeliverAsync(next);
        }
    }

    private async Task DeliverBesideAsync(Delivery delivery)
    {
        await DeliverAsync(delivery);
        cluster.Work.End();
    }

    // While an observer waits for something of its own the engine has nothing to do.
    private async Task QuietlyAsync(Task work)
    {
        if (work.IsCompleted)
        {
            await work;
            return;
        }

        cluster.Work.End();
        try
        {
            await work;
        }
        finally
        {
            cluster.Work.Begin();
        }
    }

    private async Task DeliverAsync(Delivery delivery)
    {
        var turn = delivery.Turn;
        if (!_observer.TryGetTarget(out var target))
        {
            turn.Fail(new TimeoutException($"{turn}: the observer is gone."));
            return;
        }

        lock (_waiting)
        {
            _running.Add(turn);
        }

        Task work;
        try
        {
            work = delivery.Run(target);
            await QuietlyAsync(work);
        }
        catch (Exception e)
        {
            cluster.Log.LogWarning(e, "Observer {Observer} threw on {Notification}", target, turn);
            work = Task.FromException(e);
        }

        lock (_waiting)
        {
            _running.Remove(turn);
        }

        turn.Finish(work);
    }

    private readonly record struct Delivery(Turn Turn, Func<object, Task> Run);
}
