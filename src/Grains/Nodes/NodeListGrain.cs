using System.Collections.Immutable;
using Nexus.Contracts;
using Orleans.Concurrency;

namespace Nexus.Grains.Nodes;

/// <summary>The list of the silo that is asked; there is one on each.</summary>
[StatelessWorker(1)]
public sealed class NodeListGrain(NodeList list) : Grain, INodeListGrain
{
    public Task<ImmutableArray<NodeView>> List() => Task.FromResult(list.Nodes);
}
