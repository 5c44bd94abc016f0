namespace Nexus.Embedded;

/// <summary>How much the engine has to do this instant, so that tests can wait for it instead of sleeping. Thread-safe.</summary>
internal sealed class WorkCount
{
    private readonly Lock _gate = new();
    private readonly List<TaskCompletionSource> _waiting = [];
    private int _count;

    public void Begin() => Interlocked.Increment(ref _count);

    public void End()
    {
        if (Interlocked.Decrement(ref _count) > 0)
        {
            return;
        }

        lock (_gate)
        {
            _waiting.ForEach(waiter => waiter.TrySetResult());
            _waiting.Clear();
        }
    }

    public Task WhenNoneAsync()
    {
        lock (_gate)
        {
            if (Volatile.Read(ref _count) == 0)
            {
                return Task.CompletedTask;
            }

            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(waiter);

            // The last work may have ended just before the waiter was there.
            if (Volatile.Read(ref _count) == 0)
            {
                waiter.TrySetResult();
            }

            return waiter.Task;
        }
    }
}
