using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Core;

namespace Nexus.Grains.Nodes;

/// <summary>
/// The media nodes of the cluster as this silo has heard of them. Each silo has a list of its own: grains of nodes report to that of
/// their silo, which tells the others one-way and waits for nobody, so that a silo that is frozen or gone costs no one else a join.
/// Thread-safe.
/// </summary>
public sealed class NodeList
{
    private readonly Lock _gate = new();
    private readonly NodeBook<SiloAddress> _book = new();
    private readonly TimeProvider _time;
    private readonly ILocalSiloDetails _here;
    private readonly IClusterMembershipService _members;
    private readonly NodeNewsClient _others;
    private readonly GrainMeter _meter;

    public NodeList(
        [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider time, ILocalSiloDetails here, IClusterMembershipService members, NodeNewsClient others, GrainMeter meter) =>
        (_time, _here, _members, _others, _meter) = (time, here, members, others, meter);

    /// <summary>All nodes in the order of their ids, lost ones too.</summary>
    public ImmutableArray<NodeView> Nodes
    {
        get
        {
            lock (_gate)
            {
                return _book.All(_time.GetUtcNow(), IsThere);
            }
        }
    }

    /// <summary>Those whose grains are on this silo.</summary>
    public ImmutableArray<NodeView> Own
    {
        get
        {
            lock (_gate)
            {
                return [.. _book.Of(_here.SiloAddress)];
            }
        }
    }

    /// <summary>From the node's grain on this silo, on change and every few seconds (<see cref="NodeBook{T}.Fresh"/>). Waits for nobody.</summary>
    public void Report(NodeView node)
    {
        Take(node, _here.SiloAddress);
        Count();
        foreach (SiloAddress silo in Others)
        {
            _others.Of(silo).Tell(node, _here.SiloAddress).Ignore();
        }
    }

    /// <summary>From the list of another silo.</summary>
    internal void Take(NodeView node, SiloAddress from)
    {
        lock (_gate)
        {
            _book.Report(node, from, _time.GetUtcNow());
        }
    }

    /// <summary>Asks the lists of the others, so that joins at a new silo need not wait for the next report. Those that do not answer in time are left out.</summary>
    internal Task LearnAsync(TimeSpan within) => Task.WhenAll(Others.Select(silo => LearnAsync(silo, within)));

    private async Task LearnAsync(SiloAddress silo, TimeSpan within)
    {
        try
        {
            foreach (NodeView node in await _others.Of(silo).Known().WaitAsync(within))
            {
                lock (_gate)
                {
                    if (!_book.Knows(node.Id))
                    {
                        _book.Report(node, silo, _time.GetUtcNow());
                    }
                }
            }
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            // it reports what it knows soon, or is gone
        }
    }

    private IEnumerable<SiloAddress> Others => _members.OthersThan(_here);

    private bool IsThere(SiloAddress silo) => silo.Equals(_here.SiloAddress) || _members.CurrentSnapshot.GetSiloStatus(silo) == SiloStatus.Active;

    /// <summary>Of the nodes whose grains are on this silo: sums over the silos are right.</summary>
    private void Count()
    {
        ImmutableArray<NodeView> own = Own;
        foreach (NodeState state in Enum.GetValues<NodeState>())
        {
            _meter.CountNodes(state.ToString().ToLowerInvariant(), own.Count(n => n.State == state));
        }
    }
}
