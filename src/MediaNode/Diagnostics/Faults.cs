namespace Nexus.MediaNode.Diagnostics;

/// <summary>A fault of ours as it was caught.</summary>
/// <param name="Session">Whose handling met it; null when it was nobody's.</param>
public sealed record Fault(FaultPlace Place, Exception Exception, string? Session);

/// <summary>
/// The faults of one node: exceptions that were caught where they happened, so that they cost only what they belong to. Counted
/// by place, the newest of each place waits for <see cref="FaultReporter"/> to log it. Any thread; nothing here waits.
/// </summary>
public sealed class Faults
{
    private static readonly int Places = Enum.GetValues<FaultPlace>().Length;

    private readonly long[] _counts = new long[Places];
    private readonly Fault?[] _untold = new Fault?[Places];
    private long _total;

    /// <summary>Called, from the thread that caught it, when a fault waits to be told. Must neither wait nor throw.</summary>
    public Action? Waiting { get; set; }

    public long Total => Volatile.Read(ref _total);

    public long this[FaultPlace place] => Volatile.Read(ref _counts[(int)place]);

    /// <summary>
    /// Whether the process is sound after it: for every guard's filter. Out of memory, or with its own memory damaged, it ends and
    /// whoever supervises it starts another.
    /// </summary>
    public static bool IsBearable(Exception e) => e is not (OutOfMemoryException or AccessViolationException or System.Runtime.InteropServices.SEHException);

    public void Count(FaultPlace place, Exception e, string? session = null)
    {
        Interlocked.Increment(ref _counts[(int)place]);
        Interlocked.Increment(ref _total);

        // In a flood the first is told and the others are counted: only that one costs an object.
        ref var untold = ref _untold[(int)place];
        if (Volatile.Read(ref untold) is null)
        {
            Volatile.Write(ref untold, new Fault(place, e, session));
            Waiting?.Invoke();
        }
    }

    /// <summary>Does it; false when it met a fault, which is counted. For what is not on the packet path.</summary>
    public bool Try<T>(FaultPlace place, string? session, T argument, Action<T> act)
    {
        try
        {
            act(argument);
            return true;
        }
        catch (Exception e) when (IsBearable(e))
        {
            Count(place, e, session);
            return false;
        }
    }

    /// <summary>The fault of that place that waits to be told; null when there is none.</summary>
    internal Fault? Take(FaultPlace place) => Interlocked.Exchange(ref _untold[(int)place], null);
}
