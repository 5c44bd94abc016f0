namespace Nexus.MediaNode.Diagnostics;

/// <summary>
/// How many faults one thing may meet before it is given up: one is bad luck, a row of them will not end by itself, and each
/// costs as much as some hundred packets.
/// </summary>
internal struct FaultBudget
{
    private const int Most = 20;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private int _count;
    private Instant _since;

    /// <summary>True when it was one too many.</summary>
    public bool IsSpentBy(Instant now)
    {
        if (now - _since > Window)
        {
            (_since, _count) = (now, 0);
        }

        return ++_count > Most;
    }
}
