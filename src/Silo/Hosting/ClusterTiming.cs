namespace Nexus.Silo.Hosting;

/// <summary>How long the processes of one cluster wait for each other. They are of one region: no message crosses an ocean.</summary>
internal static class ClusterTiming
{
    /// <summary>Three probes in a row that were not answered are a silo's death. Each waits so long at first, and at least.</summary>
    public static readonly TimeSpan Probe = TimeSpan.FromSeconds(1);

    /// <summary>A probe's time grows with the delays that are seen. Orleans' own bound, four times the first, makes a frozen silo cost 14 s.</summary>
    public static readonly TimeSpan LongestProbe = TimeSpan.FromSeconds(2);

    /// <summary>A call without a deadline of its own. A join may wait for its node for 13 s.</summary>
    public static readonly TimeSpan Response = TimeSpan.FromSeconds(15);

    public static readonly TimeSpan Connect = TimeSpan.FromSeconds(2);

    /// <summary>How often a client looks who is there: as long as it thinks so, it sends half of its calls by way of a silo that is frozen.</summary>
    public static readonly TimeSpan SiloList = TimeSpan.FromSeconds(1);
}
