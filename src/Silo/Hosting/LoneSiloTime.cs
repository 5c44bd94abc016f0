namespace Nexus.Silo.Hosting;

/// <summary>
/// The clock of Orleans' membership in a silo that has no other silo to watch. Orleans samples the thread pool ten times a second, to know
/// whether a probe that others did not answer was late by its own fault; a lone silo probes nobody, and those wake-ups are half of what
/// it costs when it is idle.
/// </summary>
/// <remarks>Registered under the service key of Orleans' <c>TimeProviderNames.Membership</c>.</remarks>
internal sealed class LoneSiloTime : TimeProvider
{
    /// <summary>Membership's other timers are of seconds and minutes.</summary>
    private static readonly TimeSpan Sampling = TimeSpan.FromMilliseconds(100);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, period == Sampling ? Timeout.InfiniteTimeSpan : dueTime, period == Sampling ? Timeout.InfiniteTimeSpan : period);
}
