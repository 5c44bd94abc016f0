using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.MediaNode.Link.Metering;

/// <summary>How much there is on a node, as its control thread counts once a second for whoever reads meters. Immutable.</summary>
/// <param name="Sessions">By <see cref="SessionState"/>.</param>
public sealed record NodeTotals(ImmutableArray<int> Sessions, int Rooms, int Tracks, int Subscriptions)
{
    private static readonly int States = Enum.GetValues<SessionState>().Length;

    public static readonly NodeTotals None = new([.. new int[States]], 0, 0, 0);

    public int AllSessions => Sessions.Sum();

    internal static NodeTotals Of(IEnumerable<NodeSession> sessions, int rooms)
    {
        var byState = new int[States];
        var (tracks, subscriptions) = (0, 0);
        foreach (var session in sessions)
        {
            if (session.Exists)
            {
                byState[(int)session.State]++;
                tracks += session.Published.Values.DistinctBy(p => p.Sid).Count();
                subscriptions += session.Bound.Count;
            }
        }

        return new([.. byState], rooms, tracks, subscriptions);
    }
}
