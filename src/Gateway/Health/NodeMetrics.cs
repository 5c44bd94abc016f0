using Nexus.Contracts;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Health;

/// <summary>What the list of media nodes says: one read of one grain. What a node counts, its own process exports.</summary>
internal sealed class NodeMetrics(IControlPlane control) : IMetricsSource
{
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
    }
}
