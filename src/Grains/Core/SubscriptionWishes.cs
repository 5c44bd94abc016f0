using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>What a client wants to receive, as changes come in. Pure.</summary>
public static class SubscriptionWishes
{
    /// <summary>Wishes that are kept of one session; older ones are forgotten first.</summary>
    private const int Most = 1024;

    public static ImmutableArray<SubscriptionWish> Apply(ImmutableArray<SubscriptionWish> wishes, IEnumerable<SubscriptionChange> changes)
    {
        List<SubscriptionWish> list = [.. wishes];
        foreach (SubscriptionChange change in changes)
        {
            int place = list.FindIndex(w => w.TrackSid == change.TrackSid);
            SubscriptionWish next = Changed(place < 0 ? new SubscriptionWish { TrackSid = change.TrackSid } : list[place], change);
            if (place < 0)
            {
                list.Add(next);
            }
            else
            {
                list[place] = next;
            }
        }

        return [.. list.Skip(list.Count - Most)];
    }

    /// <summary>Leaves out the wishes for tracks that the node says are gone.</summary>
    public static ImmutableArray<SubscriptionWish> Pruned(ImmutableArray<SubscriptionWish> wishes, ImmutableArray<SubscriptionDescription> actual) =>
        wishes.RemoveAll(w => actual.Any(s => s.TrackSid == w.TrackSid && s.Reason == ReasonCodes.TrackNotFound));

    private static SubscriptionWish Changed(SubscriptionWish wish, SubscriptionChange change) => change.Kind switch
    {
        SubscriptionChangeKind.Subscribe => wish.Unwanted ? new SubscriptionWish { TrackSid = wish.TrackSid } : wish,
        SubscriptionChangeKind.Unsubscribe => new SubscriptionWish { TrackSid = wish.TrackSid, Unwanted = true },
        SubscriptionChangeKind.Acknowledge => wish with { Acknowledged = true },
        _ => wish with { Layer = change.Layer, Width = change.Width, Height = change.Height, Priority = change.Priority, Paused = change.Paused },
    };
}
