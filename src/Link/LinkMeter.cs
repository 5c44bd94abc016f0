using System.Diagnostics.Metrics;

namespace Nexus.Link;

/// <summary>What the two ends of links count in this process.</summary>
internal static class LinkMeter
{
    private static readonly Meter Meter = new("Nexus.Link");

    private static readonly Counter<long> Refused =
        Meter.CreateCounter<long>("link_messages_refused", "{message}", "Messages between control side and media node that were not sent because they are too long, by message. Whoever waited was told; the link went on.");

    private static readonly Counter<long> Faults =
        Meter.CreateCounter<long>("link_message_faults", "{message}", "Messages of media nodes that the control side could not handle, by message: each is a fault of the product.");

    public static void CountRefused(LinkMessage message) => Refused.Add(1, new KeyValuePair<string, object?>("message", message.GetType().Name));

    public static void CountFault(LinkMessage message) => Faults.Add(1, new KeyValuePair<string, object?>("message", message.GetType().Name));
}
