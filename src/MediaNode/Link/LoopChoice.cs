namespace Nexus.MediaNode.Link;

/// <summary>How much a loop has to do.</summary>
/// <param name="Sessions">That live there.</param>
/// <param name="Busy">Share of its core that it was busy, as it was measured last, 0 to 1.</param>
internal readonly record struct LoopLoad(int Sessions, double Busy);

/// <summary>
/// On which loop a session is to live. A room is best kept on one: what goes to another is copied, and feedback takes a turn longer. So
/// it stays on its own until that is loaded; from then on those who only watch go to the loop that has the least to do. Who may
/// publish stays with the room, so that the room's tracks are together where its voices are compared. Pure.
/// </summary>
internal static class LoopChoice
{
    /// <summary>A loop that is busier than this counts as loaded: the rest is for keyframes, repeats, and those who are here to grow their rates.</summary>
    public const double MostBusy = 0.6;

    /// <summary>A loop with so many sessions counts as loaded, whatever was measured: when many come at once a measure comes too late.</summary>
    public const int MostSessions = 500;

    /// <summary>Index of the loop.</summary>
    /// <param name="loops">At least one.</param>
    /// <param name="home">The room's loop.</param>
    /// <param name="mostSessions">With so many it is loaded.</param>
    public static int Of(IReadOnlyList<LoopLoad> loops, int home, bool mayPublish, int mostSessions = MostSessions)
    {
        if (mayPublish || (loops[home].Sessions < mostSessions && loops[home].Busy <= MostBusy))
        {
            return home;
        }

        var best = home;
        for (var i = 0; i < loops.Count; i++)
        {
            if ((IsBusy(loops[i]), loops[i].Sessions).CompareTo((IsBusy(loops[best]), loops[best].Sessions)) < 0)
            {
                best = i;
            }
        }

        return best;
    }

    private static bool IsBusy(in LoopLoad loop) => loop.Busy > MostBusy;
}
