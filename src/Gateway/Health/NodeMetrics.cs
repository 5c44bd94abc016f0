using System.Text;
using Nexus.Contracts;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Health;

/// <summary>What the media nodes report: load, tracks, packet counters, drops by reason.</summary>
internal sealed class NodeMetrics(IControlPlane control) : IMetricsSource
{
    /// <summary>A scrape must not wait for a node that is in trouble.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public async Task Write(MetricsText metrics)
    {
        var nodes = await control.Nodes();
        metrics.Gauge("nexus_active_tracks", "Published tracks on all media nodes.", nodes.Where(n => n.State != NodeState.Lost).Sum(n => n.Tracks));
        foreach (var state in Enum.GetValues<NodeState>())
        {
            metrics.Gauge("nexus_nodes", "Media nodes by state.", nodes.Count(n => n.State == state), ("state", state.ToString().ToLowerInvariant()));
        }

        foreach (var node in nodes)
        {
            (string, string)[] labels = [("node", node.Id), ("region", node.Region)];
            metrics.Gauge("nexus_node_load", "0 (idle) to 1 (full).", node.Load, labels);
            metrics.Gauge("nexus_node_sessions", "Client sessions on the node.", node.Sessions, labels);
            metrics.Gauge("nexus_node_tracks", "Published tracks on the node.", node.Tracks, labels);
            metrics.Gauge("nexus_node_subscriptions", "Subscriptions on the node.", node.Subscriptions, labels);
        }

        var inspections = await Task.WhenAll(nodes.Where(n => n.State != NodeState.Lost).Select(Inspect));
        foreach (var inspection in inspections.OfType<Link.NodeInspection>())
        {
            WritePackets(metrics, inspection);
        }
    }

    private static void WritePackets(MetricsText metrics, Link.NodeInspection inspection)
    {
        foreach (var (reason, count) in inspection.Drops)
        {
            metrics.Counter("nexus_dropped_packets_total", "Packets not processed or not forwarded, by reason.", count, ("node", inspection.NodeId), ("reason", reason));
        }

        foreach (var (name, count) in inspection.Counters)
        {
            metrics.Counter($"nexus_{Identifier(name)}_total", "Counter of the packet path.", count, ("node", inspection.NodeId));
        }
    }

    private async Task<Link.NodeInspection?> Inspect(NodeView node)
    {
        try
        {
            return await control.Line(node.Region, node.Id).Ask(port => port.Inspect(), Patience);
        }
        catch (Exception e) when (e is TimeoutException or Orleans.Runtime.OrleansException)
        {
            return null; // its state says so already
        }
    }

    /// <summary>A counter's name as Prometheus takes it.</summary>
    private static string Identifier(string name)
    {
        var text = new StringBuilder(name.EndsWith("_total", StringComparison.Ordinal) ? name[..^6] : name);
        for (int i = 0; i < text.Length; i++)
        {
            text[i] = char.IsAsciiLetterOrDigit(text[i]) ? text[i] : '_';
        }

        return text.ToString();
    }
}
