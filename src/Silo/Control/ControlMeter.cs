using System.Diagnostics.Metrics;

namespace Nexus.Silo.Control;

/// <summary>What the control side counts of what nodes say.</summary>
internal static class ControlMeter
{
    private static readonly Meter Meter = new("Nexus.Control");

    private static readonly Counter<long> Superseded = Meter.CreateCounter<long>(
        "nexus.control.superseded", "{word}", "Words of nodes that a newer one replaced before their grain had time for them.");

    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>(
        "nexus.control.dropped", "{word}", "Words of nodes that were dropped because too many sessions waited for their grains.");

    private static readonly Counter<long> Failed = Meter.CreateCounter<long>(
        "nexus.control.failed", "{word}", "Words of nodes that did not get through to their grain; the next digest mends it.");

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
