using Orleans.Runtime;

namespace Nexus.Embedded.Calls;

/// <summary>
/// Something an activation does in one go, awaits included: a request, a timer tick, activation, deactivation.
/// Nothing else of that activation runs meanwhile.
/// </summary>
internal abstract class Turn
{
    protected Turn(GrainId grain, Turn? caller)
    {
        Grain = grain;
        Caller = caller;
    }

    /// <summary>The grain this turn belongs to.</summary>
    public GrainId Grain { get; }

    /// <summary>The turn that waits for this one; null for calls from outside, timers and one-way calls.</summary>
    public Turn? Caller { get; }

    /// <summary>When it was asked for, in the time provider's ticks.</summary>
    public long AskedAt { get; init; }

    /// <summary>Starts the work on the activation's scheduler.</summary>
    public abstract Task Run(Activation activation);

    /// <summary>Reports the end. Called once, on the activation's scheduler.</summary>
    public abstract void Finish(Task finished);

    /// <summary>Reports a failure from outside, such as the loss of the silo or a time-out. What comes later is ignored.</summary>
    public virtual void Fail(Exception reason)
    {
    }

    /// <summary>How long its caller waits, at most; null for turns that nobody waits for.</summary>
    public virtual TimeSpan? Limit(TimeSpan fallback) => null;
}
