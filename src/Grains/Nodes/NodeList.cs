using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Core;

namespace Nexus.Grains.Nodes;

/// <summary>
/// The media nodes of the cluster as this silo has heard of them. Each silo has a list of its own: grains of nodes report to that of
/// their silo, which tells the others one-way and waits for nobody, so that a silo that is frozen or gone costs no one else a join. When a
/// node is lost together with the silo that spoke for it, each list tells those grains of its silo that have something there. Thread-safe.
/// </summary>
public sealed class NodeList : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);


    private readonly Lock _gate = new();
    private readonly NodeBook<SiloAddress> _book = new();
    private readonly Dictionary<string, HashSet<GrainId>> _concerned = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly ILocalSiloDetails _here;
    private readonly IClusterMembershipService _members;
    private readonly NodeNewsClient _others;
    private readonly GrainMeter _meter;
    private readonly IGrainFactory _grains;
    private readonly ITimer _timer;

    public NodeList(
        [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider time,
        ILocalSiloDetails here,
        IClusterMembershipService members,
        NodeNewsClient others,
        GrainMeter meter,
        IGrainFactory grains)
    {
        (_time, _here, _members, _others, _meter, _grains) = (time, here, members, others, meter, grains);
        _timer = time.CreateTimer(_ => Look(), null, LookEvery, Timeout.InfiniteTimeSpan);
    }

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

    public void Dispose() => _timer.Dispose();

    /// <summary>A grain that is active on this silo has something on these nodes, by id: it is told when one is lost and nobody else can say so.</summary>
    /// <param name="before">As it said last.</param>
    internal void Note(GrainId grain, ImmutableArray<string> before, ImmutableArray<string> now)
    {
        lock (_gate)
        {
            foreach (string node in before)
            {
                if (_concerned.TryGetValue(node, out HashSet<GrainId>? grains) && grains.Remove(grain) && grains.Count == 0)
                {
                    _concerned.Remove(node);
                }
            }

            foreach (string node in now)
            {
                (_concerned.TryGetValue(node, out HashSet<GrainId>? grains) ? grains : _concerned[node] = []).Add(grain);
            }
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

    private void Look()
    {
        lock (_gate)
        {
            foreach (NodeView unheard in _book.Unheard(_here.SiloAddress, _time.GetUtcNow()))
            {
                _grains.GetGrain<IMediaNodeGrain>(Keys.MediaNode(unheard.Region, unheard.Id)).OnUnheard(unheard.BootId).Ignore();
            }

            foreach (NodeView lost in _book.Forsaken(IsThere))
            {
                foreach (GrainId grain in _concerned.GetValueOrDefault(lost.Id) ?? [])
                {
                    _grains.GetGrain<IOnNodes>(grain).OnNodeLost(lost.Id).Ignore();
                }
            }

            _timer.Change(LookEvery, Timeout.InfiniteTimeSpan);
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
