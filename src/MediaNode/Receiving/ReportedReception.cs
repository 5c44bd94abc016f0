using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.MediaNode.Receiving;

/// <summary>
/// What a receiver's report blocks say of one stream of ours (RFC 3550 section 6.4.1), added up: blocks come rarely and may be lost,
/// so their differences count. A mutable struct.
/// </summary>
public struct ReportedReception
{
    /// <summary>A block that is further ahead of the one before is not believed: 5 s of any stream are fewer packets.</summary>
    private const uint MostBetweenBlocks = 1 << 16;

    private ReportBlock _last;
    private bool _started;

    /// <summary>Packets between the first block and the last.</summary>
    public long Expected { get; private set; }

    /// <summary>Those of them that did not arrive on the stream itself; what was repeated by RTX is lost too.</summary>
    public long Lost { get; private set; }

    public TimeSpan Jitter { get; private set; }

    public void Handle(in ReportBlock block, int clockRate)
    {
        var expected = block.ExtendedHighestSequence - _last.ExtendedHighestSequence;
        if (_started && expected < MostBetweenBlocks)
        {
            Expected += expected;
            Lost += Math.Clamp(block.CumulativeLost - _last.CumulativeLost, 0, (int)expected);
        }

        _started = true;
        _last = block;
        Jitter = TimeSpan.FromSeconds(Math.Min(block.Jitter / (double)clockRate, 10));
    }
}
