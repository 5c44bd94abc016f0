using Nexus.Embedded;
using Orleans.Runtime;

namespace Orleans;

/// <summary>What a grain asks of its engine: deactivation and timers.</summary>
public static class GrainBaseExtensions
{
    /// <summary>Deactivates the grain when its current request has completed.</summary>
    public static void DeactivateOnIdle(this IGrainBase grain) => grain.GrainContext.Deactivate(
        new(DeactivationReasonCode.ApplicationRequested, $"{nameof(DeactivateOnIdle)} was called."));

    /// <summary>
    /// Registers a timer whose ticks are turns of this activation. A tick never overlaps a request or another tick of
    /// the same timer; the period counts from the end of one tick to the start of the next. The timer dies with the activation.
    /// </summary>
    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return ActivationOf(grain).RegisterTimer(cancellation => callback(state, cancellation), options);
    }

    public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return ActivationOf(grain).RegisterTimer(callback, options);
    }

    public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<Task> callback, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return ActivationOf(grain).RegisterTimer(_ => callback(), options);
    }

    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain, Func<TState, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return ActivationOf(grain).RegisterTimer(_ => callback(state), options);
    }

    public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<Task> callback, TimeSpan dueTime, TimeSpan period)
        => RegisterGrainTimer(grain, callback, new() { DueTime = dueTime, Period = period });

    public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<CancellationToken, Task> callback, TimeSpan dueTime, TimeSpan period)
        => RegisterGrainTimer(grain, callback, new() { DueTime = dueTime, Period = period });

    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain, Func<TState, Task> callback, TState state, TimeSpan dueTime, TimeSpan period)
        => RegisterGrainTimer(grain, callback, state, new() { DueTime = dueTime, Period = period });

    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain, Func<TState, CancellationToken, Task> callback, TState state, TimeSpan dueTime, TimeSpan period)
        => RegisterGrainTimer(grain, callback, state, new() { DueTime = dueTime, Period = period });

    private static Activation ActivationOf(IGrainBase grain) => grain.GrainContext as Activation
        ?? throw new InvalidOperationException("Grain was created outside of the engine: it has no context.");
}
