namespace Nexus.MediaNode.Allocation;

/// <summary>One subscription that takes part in the rounds, as they go.</summary>
internal struct AllocationCandidate
{
    public AllocationCandidate(int index, in VideoWish wish, in VideoAllocation previous, LossLevel loss)
    {
        Index = index;
        Ceiling = LayerCeiling.Of(wish, loss);
        Held = previous.Reason == AllocationReason.Flows ? wish.Ladder.Find(previous.Rank, previous.Target.TemporalId) : -1;
        IsPaused = previous.Reason == AllocationReason.Bandwidth;
        Step = -1;
    }

    public int Index { get; }

    /// <summary>The highest step that it is to get.</summary>
    public int Ceiling { get; }

    /// <summary>The step that it had by the previous plan: up to there it needs no margin. -1 for none.</summary>
    public int Held { get; }

    /// <summary>It was paused for want of bandwidth.</summary>
    public bool IsPaused { get; }

    /// <summary>The step that it has by now; -1 for none.</summary>
    public int Step { get; set; }

    public readonly bool IsLowered => Step < Math.Min(Held, Ceiling);

    public readonly bool IsRaised => Step > Held && (Held >= 0 || IsPaused);
}
