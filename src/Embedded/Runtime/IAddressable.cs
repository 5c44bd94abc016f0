namespace Orleans.Runtime;

/// <summary>Anything that can be called by reference.</summary>
public interface IAddressable
{
}

/// <summary>A timer of a grain; disposing it stops it, also from within its own tick.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Restarts the timer with new times. <see cref="Timeout.InfiniteTimeSpan"/> as period means once.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>How a grain timer ticks.</summary>
public readonly struct GrainTimerCreationOptions()
{
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period) : this()
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>Time until the first tick; <see cref="Timeout.InfiniteTimeSpan"/> for none.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>Time from the end of a tick to the next; <see cref="Timeout.InfiniteTimeSpan"/> for a single tick.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Outside the dialect: the embedded engine refuses <see langword="true"/>.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether ticks keep the activation from idle collection.</summary>
    public bool KeepAlive { get; init; }
}

/// <summary>What the engine knows of one activation.</summary>
public interface IGrainContext : IEquatable<IGrainContext>
{
    GrainReference GrainReference { get; }

    GrainId GrainId { get; }

    object? GrainInstance { get; }

    ActivationId ActivationId { get; }

    GrainAddress Address { get; }

    IServiceProvider ActivationServices { get; }

    /// <summary>Completes when the activation has ended.</summary>
    Task Deactivated { get; }

    /// <summary>Starts deactivation: no further request is taken, the current one ends first.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}

/// <summary>The activation whose turn runs on this thread.</summary>
public interface IGrainContextAccessor
{
    IGrainContext GrainContext { get; }
}

/// <summary>The silo a service or grain lives on.</summary>
public interface ILocalSiloDetails
{
    string Name { get; }

    string ClusterId { get; }

    string DnsHostName { get; }

    SiloAddress SiloAddress { get; }

    SiloAddress GatewayAddress { get; }
}

internal static class RuntimeContext
{
    [ThreadStatic]
    private static IGrainContext? t_current;

    public static IGrainContext? Current => t_current;

    internal static IGrainContext? Exchange(IGrainContext? context)
    {
        var previous = t_current;
        t_current = context;
        return previous;
    }
}
