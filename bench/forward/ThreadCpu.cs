using System.Runtime.InteropServices;

namespace Nexus.Bench.Forward;

/// <summary>CPU time of the calling thread, in nanoseconds, kernel's share included.</summary>
internal static unsafe partial class ThreadCpu
{
    private const int ThreadCpuTimeClock = 3;

    public static long Nanoseconds
    {
        get
        {
            TimeSpec time;
            _ = clock_gettime(ThreadCpuTimeClock, &time);
            return (time.Seconds * 1_000_000_000) + time.Nanoseconds;
        }
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, TimeSpec* time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
