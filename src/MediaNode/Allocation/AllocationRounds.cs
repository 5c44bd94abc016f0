using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Allocation;

/// <summary>
/// Everybody gets the lowest layer, one after the other, then everybody rises one step, and so on (the idea of mediasoup's
/// <c>Transport::DistributeAvailableOutgoingBitrate</c>). What does not fit is passed over, and what is cheaper may still.
/// </summary>
internal ref struct AllocationRounds
{
    private readonly AllocationBudget _budget;
    private readonly ReadOnlySpan<VideoWish> _videos;
    private readonly Span<AllocationCandidate> _candidates;
    private readonly Span<VideoAllocation> _plan;
    private readonly long _held;
    private readonly long _video;
    private long _sum;
    private bool _isRestored;

    /// <param name="candidates">In the order of their turns.</param>
    public AllocationRounds(
        in AllocationBudget budget, ReadOnlySpan<VideoWish> videos, Span<AllocationCandidate> candidates, Span<VideoAllocation> plan)
    {
        _budget = budget;
        _videos = videos;
        _candidates = candidates;
        _plan = plan;
        _held = HeldBy(candidates, videos);
        _video = budget.VideoWith(_held);
    }

    public AllocationState Run()
    {
        for (var step = 0; RunRound(step); step++)
        {
        }

        var nextRise = NextRise();
        var isShort = _held > _video;
        bool isLowered = false, isRaised = false;
        var paused = 0;
        foreach (ref readonly var candidate in _candidates)
        {
            isLowered |= isShort && candidate.IsLowered;
            isRaised |= candidate.IsRaised;
            paused += candidate.Step < 0 ? 1 : 0;
            Write(candidate);
        }

        return _budget.Next(_sum, nextRise, paused, isLowered, isRaised, _isRestored);
    }

    /// <summary>False when nobody could take this step any more.</summary>
    private bool RunRound(int step)
    {
        var any = false;
        foreach (ref var candidate in _candidates)
        {
            if (candidate.Step != step - 1 || step > candidate.Ceiling)
            {
                continue;
            }

            any = true;
            var bitrate = BitrateOf(candidate, step);
            var more = bitrate - BitrateOf(candidate, step - 1);
            if (step == 0 ? GetsLowest(candidate, bitrate) : Gets(candidate, step, bitrate, more))
            {
                candidate.Step = step;
                _sum += more;
            }
        }

        return any;
    }

    private readonly bool Gets(in AllocationCandidate candidate, int step, long bitrate, long more) =>
        step <= candidate.Held ? _sum + more <= _video : _budget.MayRise && _sum + more + _budget.MarginOf(bitrate) <= _budget.Rise;

    private bool GetsLowest(in AllocationCandidate candidate, long bitrate)
    {
        if (_budget.IsUnproven)
        {
            return true;
        }

        if (candidate.IsPaused)
        {
            var restores = !_isRestored
                && _budget.MayRestore
                && AllocationBudget.HasPausedLongEnough(_budget.Now, _plan[candidate.Index].PausedAt)
                && _sum + bitrate + _budget.MarginOf(bitrate) <= _budget.Rise;
            _isRestored |= restores;
            return restores;
        }

        // The only video is worth more than smooth: a picture that stutters tells more than none.
        return _sum + bitrate <= _video || (_candidates.Length == 1 && 2 * bitrate <= 3 * _video);
    }

    /// <summary>What everybody had would take now.</summary>
    private static long HeldBy(ReadOnlySpan<AllocationCandidate> candidates, ReadOnlySpan<VideoWish> videos)
    {
        var held = 0L;
        foreach (ref readonly var candidate in candidates)
        {
            held += BitrateOf(videos, candidate, Math.Min(candidate.Held, candidate.Ceiling));
        }

        return held;
    }

    /// <summary>What the next rise would take beyond the plan, its margin included; 0 when nobody is to rise.</summary>
    private readonly long NextRise()
    {
        var (lowest, rise) = (int.MaxValue, 0L);
        foreach (ref readonly var candidate in _candidates)
        {
            if (candidate.Step < candidate.Ceiling && candidate.Step < lowest)
            {
                lowest = candidate.Step;
                var bitrate = BitrateOf(candidate, lowest + 1);
                rise = bitrate - BitrateOf(candidate, lowest) + AllocationBudget.MarginOfRise(bitrate);
            }
        }

        return rise;
    }

    private readonly void Write(in AllocationCandidate candidate)
    {
        ref var allocation = ref _plan[candidate.Index];
        if (candidate.Step < 0)
        {
            var since = candidate.IsPaused ? allocation.PausedAt : _budget.Now;
            allocation = new(AllocationReason.Bandwidth, LayerTarget.Paused, 0, 0, since);
            return;
        }

        ref readonly var step = ref _videos[candidate.Index].Ladder.Steps[candidate.Step];
        allocation = new(AllocationReason.Flows, step.Target, step.Rank, step.Bitrate, Instant.Zero);
    }

    private readonly long BitrateOf(in AllocationCandidate candidate, int step) => BitrateOf(_videos, candidate, step);

    private static long BitrateOf(ReadOnlySpan<VideoWish> videos, in AllocationCandidate candidate, int step) =>
        step < 0 ? 0 : videos[candidate.Index].Ladder.Steps[step].Bitrate;
}
