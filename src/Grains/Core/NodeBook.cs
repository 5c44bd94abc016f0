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

    /// <summary>
    /// Looks, a second apart, at which nobody speaks for a node before it is taken for gone: one that lives finds another silo meanwhile. Looks
    /// are counted and not time, so that who stood still himself holds it against no node.
    /// </summary>
    private const int Patience = 3;

    private readonly Dictionary<string, Entry> _nodes = new(StringComparer.Ordinal);

    public bool Knows(string id) => _nodes.ContainsKey(id);

    /// <summary>What its grain says of a node, in place of what was said of it before, by whomever.</summary>
    public void Report(NodeView node, TSource from, DateTimeOffset now) => _nodes[node.Id] = new(node, from, now);

    /// <summary>All nodes in the order of their ids, also those that were lost within the last ten minutes.</summary>
    /// <param name="isThere">Whether a source is still there; a node whose source is not is lost, unless it was reported as lost.</param>
    public ImmutableArray<NodeView> All(DateTimeOffset now, Func<TSource, bool> isThere)
    {
        foreach (string id in _nodes.Where(n => n.Value.At < now - LostStays).Select(n => n.Key).ToList())
        {
            _nodes.Remove(id);
        }

        return [.. _nodes.Values.Select(n => Aged(n, now - n.At, isThere(n.From))).OrderBy(n => n.Id, StringComparer.Ordinal)];
    }

    /// <summary>
    /// To be called every second. Nodes whose source is gone, and that no other speaks for: who has something on them is to be told, because
    /// nobody else will. Said again every three seconds.
    /// </summary>
    public ImmutableArray<NodeView> Forsaken(Func<TSource, bool> isThere) => Overdue(n => !isThere(n.From));

    /// <summary>To be called every second. Nodes of this source of which nothing is heard any more: it has not noticed, or it would have reported them as lost.</summary>
    public ImmutableArray<NodeView> Unheard(TSource source, DateTimeOffset now) =>
        Overdue(n => n.From.Equals(source) && n.View.State != NodeState.Lost && now - n.At > Fresh);

    private ImmutableArray<NodeView> Overdue(Func<Entry, bool> isAlone) =>
        [.. _nodes.Values.Where(n => isAlone(n) && ++n.LooksAlone % Patience == 0).Select(n => n.View)];

    /// <summary>Those that this source was the last to report.</summary>
    public IEnumerable<NodeView> Of(TSource source) => _nodes.Values.Where(n => n.From.Equals(source)).Select(n => n.View);

    private static NodeView Aged(Entry entry, TimeSpan age, bool isSourceThere) =>
        entry.View.State == NodeState.Lost || (isSourceThere && age <= Fresh) ? entry.View
        : entry.View with { State = NodeState.Lost, Load = 0, IsAwaited = !isSourceThere && entry.LooksAlone < Patience, Reason = isSourceThere ? $"nothing was heard of it for {Fresh.TotalSeconds:F0} s" : "the silo that spoke for it is gone" };

    private sealed record Entry(NodeView View, TSource From, DateTimeOffset At)
    {
        public int LooksAlone { get; set; }
    }
}
