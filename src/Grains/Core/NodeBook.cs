using System.Collections.Immutable;
using Nexus.Contracts;

namespace Nexus.Core;

/// <summary>
/// The media nodes as one place has heard of them. Each report is the whole truth about a node and holds for <see cref="Fresh"/>: one that
/// nobody speaks for any more is lost by itself. Not thread-safe.
/// </summary>
/// <typeparam name="TSource">Who reports.</typeparam>
public sealed class NodeBook<TSource> where TSource : notnull
{
    /// <summary>Nodes are reported every second.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(6);

    /// <summary>So that operators see what was lost.</summary>
    private static readonly TimeSpan LostStays = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, (NodeView View, TSource From, DateTimeOffset At)> _nodes = new(StringComparer.Ordinal);

    public bool Knows(string id) => _nodes.ContainsKey(id);

    /// <summary>What its grain says of a node, in place of what was said of it before, by whomever.</summary>
    public void Report(NodeView node, TSource from, DateTimeOffset now) => _nodes[node.Id] = (node, from, now);

    /// <summary>All nodes in the order of their ids, also those that were lost within the last ten minutes.</summary>
    /// <param name="isThere">Whether a source is still there; a node whose source is not is lost, unless it was reported as lost.</param>
    public ImmutableArray<NodeView> All(DateTimeOffset now, Func<TSource, bool> isThere)
    {
        foreach (string id in _nodes.Where(n => n.Value.At < now - LostStays).Select(n => n.Key).ToList())
        {
            _nodes.Remove(id);
        }

        return [.. _nodes.Values.Select(n => Aged(n.View, now - n.At, isThere(n.From))).OrderBy(n => n.Id, StringComparer.Ordinal)];
    }

    /// <summary>Those that this source was the last to report.</summary>
    public IEnumerable<NodeView> Of(TSource source) => _nodes.Values.Where(n => n.From.Equals(source)).Select(n => n.View);

    private static NodeView Aged(NodeView node, TimeSpan age, bool isSourceThere) =>
        node.State == NodeState.Lost || (isSourceThere && age <= Fresh) ? node
        : node with { State = NodeState.Lost, Load = 0, Reason = isSourceThere ? $"nothing was heard of it for {Fresh.TotalSeconds:F0} s" : "the silo that spoke for it is gone" };
}
