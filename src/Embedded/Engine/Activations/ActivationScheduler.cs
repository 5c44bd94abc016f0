using Nexus.Embedded.Calls;
using Orleans.Runtime;

namespace Nexus.Embedded;

/// <summary>Runs the turns of one activation and the continuations of their awaits, one at a time, on the thread pool.</summary>
internal sealed class ActivationScheduler(Activation owner, WorkCount count) : TaskScheduler, IThreadPoolWorkItem
{
    // After this many items the thread goes back to the pool, so that one busy grain does not starve the others.
    private const int Quantum = 64;

    private readonly Lock _gate = new();
    private readonly Queue<object> _work = new();
    private bool _isRunning;
    private bool _isStopped;

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Adds a turn to begin. Thread-safe.</summary>
    public void Enqueue(Turn turn) => Add(turn);

    /// <summary>Forgets all work: continuations of the activation never run again. What runs now runs to its next await.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopped = true;
            _work.Clear();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        var previous = RuntimeContext.Exchange(owner);
        try
        {
            // Inside a task of this scheduler TaskScheduler.Current is this one: awaits in turns come back here.
            new Task(static scheduler => ((ActivationScheduler)scheduler!).Pump(), this).RunSynchronously(this);
        }
        finally
        {
            RuntimeContext.Exchange(previous);
        }
    }

    protected override void QueueTask(Task task) => Add(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued)
        => !taskWasPreviouslyQueued && ReferenceEquals(RuntimeContext.Current, owner) && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_gate)
        {
            return [.. _work.OfType<Task>()];
        }
    }

    private void Add(object work)
    {
        lock (_gate)
        {
            if (_isStopped)
            {
                return;
            }

            _work.Enqueue(work);
            if (_isRunning)
            {
                return;
            }

            _isRunning = true;
            count.Begin();
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    private void Pump()
    {
        for (var i = 0; i < Quantum; i++)
        {
            object? work;
            lock (_gate)
            {
                if (!_work.TryDequeue(out work))
                {
                    _isRunning = false;
                    count.End();
                    return;
                }
            }

            if (work is Turn turn)
            {
                owner.Begin(turn);
            }
            else
            {
                TryExecuteTask((Task)work);
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }
}
