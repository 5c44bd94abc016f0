using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>
/// The node that a room is on, as a whole: who of it is elsewhere must come, and keeps his place until he does. No clock, no I/O; not
/// thread-safe.
/// </summary>
public sealed class RoomPlace
{
    /// <summary>How long the place is kept of somebody whose node went, or who was told to come to another.</summary>
    public static readonly TimeSpan Returning = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, DateTimeOffset> _expected = new(StringComparer.Ordinal);
    private ImmutableArray<string>? _allowed;

    /// <summary>Null while nobody has been there.</summary>
    public string? Node { get; private set; }

    /// <summary>A joiner was sent there.</summary>
    /// <param name="allowedRegions">Of its tenant, for whatever is decided without it; empty means every region.</param>
    public void Admit(string identity, string node, ImmutableArray<string> allowedRegions)
    {
        _expected.Remove(identity);
        (Node, _allowed) = (node, allowedRegions);
    }

    /// <summary>Where its tenant's media may be; empty means every region.</summary>
    public void Allow(ImmutableArray<string> regions) => _allowed = regions;

    /// <summary>The room is there from now on.</summary>
    public void Go(string node) => Node = node;

    /// <summary>Someone says that he is there: where nothing is known, after a loss of memory, that is where the room is.</summary>
    public void Learn(string? node) => Node ??= node;

    public void Clear()
    {
        _expected.Clear();
        Node = null;
    }

    /// <summary>Has left because of the node, and is to come again.</summary>
    public void Expect(string identity, DateTimeOffset now) => _expected[identity] = now + Returning;

    public bool IsExpected(string identity, DateTimeOffset now) => _expected.TryGetValue(identity, out DateTimeOffset until) && now < until;

    /// <summary>How long the room is still to wait for whoever is to come again.</summary>
    public TimeSpan Waiting(DateTimeOffset now)
    {
        foreach (string late in _expected.Where(e => e.Value <= now).Select(e => e.Key).ToArray())
        {
            _expected.Remove(late);
        }

        return _expected.Count == 0 ? TimeSpan.Zero : _expected.Values.Max() - now;
    }

    /// <summary>Those who are on another node than the room: they are to leave that, and to come again.</summary>
    public IEnumerable<ParticipantView> Strays(IEnumerable<ParticipantView> people) => people.Where(IsStray);

    /// <inheritdoc cref="Strays"/>
    public bool IsStray(ParticipantView participant) => Node is not null && participant.Node is { } node && node != Node;

    /// <summary>Whether someone who left so is to come again: it was not his will, nor anybody's.</summary>
    public static bool IsToReturn(string? reason) => reason is ReasonCodes.NodeLost or ReasonCodes.NodeChanged;

    /// <summary>Where the room is to go: to a node, to a region, or to wherever is best. Never to where its tenant's media may not be.</summary>
    /// <param name="leaves">The node that it must not be on any more; null when it may stay.</param>
    /// <param name="region">The region wished for; where the room is there already, it stays. Null: that of the node that it leaves.</param>
    /// <param name="here">The region that it is in: the only one surely allowed after a loss of memory.</param>
    public NodeDecision Choose(ImmutableArray<NodeView> nodes, string? leaves, string? node, string? region, string here)
    {
        ImmutableArray<string> allowed = _allowed ?? [here];
        ImmutableArray<NodeView> others = nodes.RemoveAll(n => n.Id == leaves);
        if (node is not null)
        {
            return others.FirstOrDefault(n => n.Id == node) is not { } named
                ? NodeDecision.Refused(ReasonCodes.NoNode, $"there is no media node '{node}': /api/v1/nodes lists them")
                : named.State != NodeState.Ready ? NodeDecision.Refused(ReasonCodes.NoNode, $"media node '{node}' takes nobody now: it is {named.State.ToString().ToLowerInvariant()}")
                : NodeChoice.Choose([named], null, named.Region, allowed);
        }

        if (region is null)
        {
            return NodeChoice.Choose(others, null, here, allowed);
        }

        ImmutableArray<NodeView> there = others.RemoveAll(n => n.Region != region);
        return there.IsEmpty
            ? NodeDecision.Refused(ReasonCodes.NoNode, $"there is no media node in region '{region}': /api/v1/nodes lists them")
            : NodeChoice.Choose(there, leaves is null ? Node : null, region, allowed);
    }
}
