using Nexus.MediaNode.Quality;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Session;

/// <summary>What is counted of one played section, whatever tracks it carries in time. A mutable struct of the loop's thread.</summary>
internal struct PlayCounts
{
    /// <summary>Of what has left, without repeats.</summary>
    public RateWindow Rate;

    public FreezeMeter Freezes;

    /// <summary>Packets that the subscriber asked for again.</summary>
    public long Nacks;

    /// <summary>Those of them that were sent again, or wait to be.</summary>
    public long Repeats;

    public long KeyFrameRequests;

    /// <summary>Packets that waited too long for the pacer.</summary>
    public long Dropped;
}
