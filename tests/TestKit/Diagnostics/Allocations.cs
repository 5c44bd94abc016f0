namespace Nexus.TestKit.Diagnostics;

/// <summary>
/// What code allocates once it runs: the runtime puts costs of its own on whichever thread meets a method, a static or a
/// generic first (also late, when a hot loop is compiled anew), so one round alone says nothing of the code.
/// </summary>
public static class Allocations
{
    private const int Rounds = 4;

    /// <summary>
    /// The octets that the best of four rounds allocated on this thread. What allocates at every round cannot come out as 0.
    /// </summary>
    /// <param name="round">Does the same work each time; gets 0, 1, 2, 3.</param>
    public static long Least(Action<int> round)
    {
        var least = long.MaxValue;
        for (var i = 0; i < Rounds && least > 0; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            round(i);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
