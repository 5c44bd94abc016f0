using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Allocation;

/// <summary>
/// Decides which layer of each video one receiver gets, so that all of them and its audio fit through its path. A pure function
/// of its arguments, which allocates nothing; <c>docs/allocation.md</c> tells the rules.
/// </summary>
public static class LayerAllocator
{
    /// <summary>Video subscriptions of one receiver.</summary>
    public const int MostSubscriptions = 512;

    /// <summary>Makes the next plan of one receiver.</summary>
    /// <param name="previous">What the last call for this receiver returned; the default at first.</param>
    /// <param name="videos">Its subscriptions, at most <see cref="MostSubscriptions"/>.</param>
    /// <param name="plan">
    /// As long as <paramref name="videos"/>: what each had by the previous plan (the default for a new one), replaced by what it gets.
    /// </param>
    /// <exception cref="ArgumentException">More subscriptions than may be, or not as many as the plan has places.</exception>
    [SkipLocalsInit]
    public static AllocationState Plan(
        in AllocationInput input, in AllocationState previous, ReadOnlySpan<VideoWish> videos, Span<VideoAllocation> plan)
    {
        if (videos.Length > MostSubscriptions || videos.Length != plan.Length)
        {
            throw new ArgumentException(
                $"{videos.Length} subscriptions for {plan.Length} places: give at most {MostSubscriptions}, and as many places", nameof(videos));
        }

        Span<ulong> turns = stackalloc ulong[videos.Length];
        Span<AllocationCandidate> candidates = stackalloc AllocationCandidate[videos.Length];
        var count = VideoTurns.Order(videos, input.MostVideos, plan, turns);
        var budget = new AllocationBudget(input, previous);
        for (var i = 0; i < count; i++)
        {
            var index = VideoTurns.IndexOf(turns[i]);
            candidates[i] = new AllocationCandidate(index, videos[index], plan[index], budget.Loss);
        }

        return new AllocationRounds(budget, videos, candidates[..count], plan).Run();
    }
}
