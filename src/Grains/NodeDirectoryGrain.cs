using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Grains.Placement;

namespace Nexus.Grains;

/// <summary>Media nodes as they report themselves. Lost ones stay listed for a while, so that operators see them.</summary>
[ZonePlacement]
public sealed class NodeDirectoryGrain([FromKeyedServices(TimeProviderNames.Grains)] TimeProvider time, GrainMeter meter) : Grain, INodeDirectoryGrain
{
    private static readonly TimeSpan LostStays = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, (NodeView View, DateTimeOffset At)> _nodes = new(StringComparer.Ordinal);

    public Task<ImmutableArray<NodeView>> List()
    {
        DateTimeOffset oldest = time.GetUtcNow() - LostStays;
        foreach (string id in _nodes.Where(n => n.Value.View.State == NodeState.Lost && n.Value.At < oldest).Select(n => n.Key).ToList())
        {
            _nodes.Remove(id);
        }

        return Task.FromResult<ImmutableArray<NodeView>>([.. _nodes.Values.Select(n => n.View).OrderBy(n => n.Id, StringComparer.Ordinal)]);
    }

    public Task Update(NodeView node)
    {
        _nodes[node.Id] = (node, time.GetUtcNow());
        foreach (NodeState state in Enum.GetValues<NodeState>())
        {
            meter.CountNodes(state.ToString().ToLowerInvariant(), _nodes.Values.Count(n => n.View.State == state));
        }

        return Task.CompletedTask;
    }
}
