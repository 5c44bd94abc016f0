using System.Diagnostics;

namespace Nexus.MediaNode.Io;

/// <summary>The one clock of a process. Only threads that drive machines read it; machines are told the time.</summary>
public static class MonotonicClock
{
    private static readonly double NanosecondsPerTick = 1e9 / Stopwatch.Frequency;
    private static readonly bool TicksAreNanoseconds = Stopwatch.Frequency == 1_000_000_000;

    public static Instant Now
    {
        get
        {
            var ticks = Stopwatch.GetTimestamp();
            return new Instant(TicksAreNanoseconds ? ticks : (long)(ticks * NanosecondsPerTick));
        }
    }
}
