using Nexus.Embedded.Copying;
using Orleans.Runtime;

namespace Nexus.Embedded.Calls;

/// <summary>A call of a grain method.</summary>
internal sealed class CallRequest<T>(GrainId grain, GrainMethod method, object?[] arguments, Turn? caller) : Turn(grain, caller)
{
    private readonly TaskCompletionSource<T> _response = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the caller awaits.</summary>
    public Task<T> Response => _response.Task;

    public bool AlwaysInterleaves => method.AlwaysInterleaves;

    public override Task Run(Activation activation) => method.Invoke(activation.GrainInstance!, arguments);

    /// <summary>Calls the method on an object that is not a grain.</summary>
    public Task RunOn(object target) => method.Invoke(target, arguments);

    public override void Finish(Task finished)
    {
        if (!finished.IsCompletedSuccessfully)
        {
            Fail(finished.Exception?.InnerException ?? new TaskCanceledException(finished));
            return;
        }

        if (finished is not Task<T> { Result: var result } || method.IsOneWay)
        {
            _response.TrySetResult(default!);
            return;
        }

        try
        {
            _response.TrySetResult(Copier.Copy(result));
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    public override void Fail(Exception reason)
    {
        if (_response.TrySetException(reason))
        {
            // Nobody may be waiting: an unobserved failure is not an error of the process.
            _ = _response.Task.Exception;
        }
    }

    public override TimeSpan? Limit(TimeSpan fallback) => method.IsOneWay ? null : method.ResponseTimeout ?? fallback;

    public override string ToString() => $"{method} on {Grain}";
}
