namespace Nexus.MediaNode;

/// <summary>
/// Drops of one loop, by reason. Written by its owner thread only, without locks; read from anywhere (a reader may see a
/// count a few packets old).
/// </summary>
public sealed class DropCounters
{
    private static readonly int Size = Enum.GetValues<DropReason>().Length;
    private readonly long[] _counts = new long[Size];

    public void Count(DropReason reason) => _counts[(int)reason]++;

    public void Count(DropReason reason, int packets) => _counts[(int)reason] += packets;

    public long this[DropReason reason] => Volatile.Read(ref _counts[(int)reason]);

    /// <summary>All reasons that were counted at least once.</summary>
    public IEnumerable<KeyValuePair<DropReason, long>> NonZero() =>
        Enum.GetValues<DropReason>().Select(r => KeyValuePair.Create(r, this[r])).Where(p => p.Value != 0);
}
