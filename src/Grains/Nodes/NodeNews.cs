using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Orleans.Concurrency;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace Nexus.Grains.Nodes;

/// <summary>What the lists of nodes of different silos say to each other. One on each silo, addressed by the silo itself: no directory is asked.</summary>
[Alias("nexus.INodeNews")]
public interface INodeNews : IGrainService
{
    [OneWay]
    Task Tell(NodeView node, SiloAddress from);

    /// <summary>The nodes whose grains are on this silo.</summary>
    [AlwaysInterleave]
    Task<ImmutableArray<NodeView>> Known();
}

/// <inheritdoc cref="INodeNews"/>
public sealed class NodeNews(GrainId id, Silo silo, ILoggerFactory logs, NodeList list) : GrainService(id, silo, logs), INodeNews
{
    private static readonly TimeSpan LearnWithin = TimeSpan.FromSeconds(1);

    public override async Task Start()
    {
        await list.LearnAsync(LearnWithin);
        await base.Start();
    }

    public Task Tell(NodeView node, SiloAddress from)
    {
        list.Take(node, from);
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<NodeView>> Known() => Task.FromResult(list.Own);
}

/// <summary>The way to the list of another silo.</summary>
public sealed class NodeNewsClient(IServiceProvider services) : GrainServiceClient<INodeNews>(services)
{
    public INodeNews Of(SiloAddress silo) => GetGrainService(silo);
}
