using System.Diagnostics.Metrics;

namespace Nexus.Link;

/// <summary>What the two ends of links count in this process.</summary>
internal static class LinkMeter
{
    private static readonly Meter Meter = new("Nexus.Link");

    private static readonly Counter<long> Refused =
        Meter.CreateCounter<long>("nexus.link.refused", "{message}", "Messages of the node link that were not sent because they are too long, by message.");

    private static readonly Counter<long> Faults =
        Meter.CreateCounter<long>("nexus.link.faults", "{message}", "Messages of the node link whose handling failed, by message.");

    public static void CountRefused(LinkMessage message) => Refused.Add(1, new KeyValuePair<string, object?>("message", message.GetType().Name));

    public static void CountFault(LinkMessage message) => Faults.Add(1, new KeyValuePair<string, object?>("message", message.GetType().Name));
}
