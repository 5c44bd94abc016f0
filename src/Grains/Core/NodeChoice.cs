using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>Which media node a joiner is sent to.</summary>
public static class NodeChoice
{
    /// <summary>Above this load a node is only taken when no other is there.</summary>
    public const double FullLoad = 0.9;

    /// <summary>
    /// Residency first, then the node the room is on already (until relay links join nodes, a room lives on one), then the
    /// wished region, then the least loaded. Fails closed: never a node outside <paramref name="allowedRegions"/>.
    /// </summary>
    /// <param name="current">Node the room is on; null for a new room.</param>
    /// <param name="allowedRegions">Empty means every region.</param>
    public static NodeDecision Choose(ImmutableArray<NodeView> nodes, string? current, string wishedRegion, ImmutableArray<string> allowedRegions)
    {
        NodeView[] ready = [.. nodes.Where(n => n.State == NodeState.Ready)];
        NodeView[] allowed = [.. ready.Where(n => allowedRegions.IsEmpty || allowedRegions.Contains(n.Region))];
        if (allowed.Length == 0)
        {
            return ready.Length == 0
                ? NodeDecision.Refused(ReasonCodes.NoNode, nodes.IsEmpty
                    ? "no media node is linked to this cluster: start one, or look at /api/v1/nodes"
                    : "no media node takes new sessions now (all are draining or lost): look at /api/v1/nodes")
                : NodeDecision.Refused(ReasonCodes.RegionRefused,
                    $"this tenant's media may only be carried in {string.Join(", ", allowedRegions)}, and no media node is ready there");
        }

        return new NodeDecision(
            allowed.FirstOrDefault(n => n.Id == current)
                ?? allowed
                    .OrderBy(n => n.Load >= FullLoad)
                    .ThenBy(n => n.Region != wishedRegion)
                    .ThenBy(n => n.Load)
                    .ThenBy(n => n.Id, StringComparer.Ordinal)
                    .First(),
            null);
    }
}

/// <summary>A node, or why there is none.</summary>
public sealed record NodeDecision(NodeView? Node, LinkError? Error)
{
    public static NodeDecision Refused(string code, string message) => new(null, new LinkError(code, message));
}
