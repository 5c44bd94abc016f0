using System.Diagnostics.Metrics;

namespace Nexus.Silo.Control;

/// <summary>What the control side counts of what nodes say.</summary>
internal static class ControlMeter
{
    private static readonly Meter Meter = new("Nexus.Control");

    private static readonly Counter<long> Superseded = Meter.CreateCounter<long>(
        "node_words_superseded", "{word}", "Reports of media nodes that a newer one replaced before a grain had time for them, by node. Many mean that the silos are overloaded.");

    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>(
        "node_words_dropped", "{word}", "Reports of media nodes that were dropped because too many sessions waited for their grains, by node.");

    private static readonly Counter<long> Failed = Meter.CreateCounter<long>(
        "node_words_failed", "{word}", "Reports of media nodes that did not get through to their grain, by node; the next digest, 5 s later, mends it.");

    public static void Count(Posted posted, string node)
    {
        if (posted is Posted.Replaced)
        {
            Superseded.Add(1, Of(node));
        }
        else if (posted is Posted.Dropped)
        {
            Dropped.Add(1, Of(node));
        }
    }

    public static void CountFailed(string node) => Failed.Add(1, Of(node));

    private static KeyValuePair<string, object?> Of(string node) => new("node", node);
}
