using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Handshakes;

namespace Nexus.MediaNode.Link.Metering;

/// <summary>What a node's meter reads. All of it may be read by any thread.</summary>
/// <param name="LoadOf">A loop's share of its core in the last second, by index.</param>
public sealed record NodeSources(
    IReadOnlyList<ForwardingLoop> Loops, HandshakeWorker Handshakes, Func<int, double> LoadOf, NodeCore Core, Faults Faults);

/// <summary>
/// The meter <c>Nexus.MediaNode</c> of one node: counters and gauges that read the loops' plain fields when somebody collects,
/// and the distributions of <see cref="SessionMeasures"/>. Costs nothing while nobody listens. Every measurement has the tag
/// <c>node</c>, because a process may have several.
/// </summary>
public sealed partial class NodeMeter : IDisposable
{
    public const string Name = "Nexus.MediaNode";

    private readonly Meter _meter = new(Name);
    private readonly KeyValuePair<string, object?> _node;
    private NodeSources _sources = null!;

    public NodeMeter(string node)
    {
        _node = new("node", node);
        Sessions = new SessionMeasures(_meter, _node);
    }

    internal SessionMeasures Sessions { get; }

    /// <summary>Publishes the counters and gauges. Once.</summary>
    public void Observe(NodeSources sources)
    {
        _sources = sources;
        ObserveLoops();
        ObserveDropsAndFaults();
        ObserveHandshakes();
        ObserveTotals();
    }

    /// <summary>Its instruments are gone with it.</summary>
    public void Dispose() => _meter.Dispose();

    private void ObserveLoops()
    {
        foreach (var counter in LoopMeasures.All)
        {
            _meter.CreateObservableCounter(
                counter.Name, () => PerLoop(l => counter.Read(l.Counters, l.Egress)), counter.Unit, counter.Description);
        }

        _meter.CreateObservableGauge(
            "loop_load", () => PerLoop(l => _sources.LoadOf(l.Index)), "1", "Share of its core that a forwarding loop was busy in the last second, 0 (idle) to 1 (full).");
        _meter.CreateObservableGauge(
            "loop_sessions", () => PerLoop(l => l.SessionCount), "{session}", "Sessions that live on a forwarding loop.");
        _meter.CreateObservableGauge(
            "packet_memory_free", () => PerLoop(l => l.PacketSlotsFree), "{slot}", "Packet buffers of a forwarding loop that are free. When none is, what arrives is lost.");
        _meter.CreateObservableGauge(
            "packet_memory_slots", () => PerLoop(l => l.PacketSlots), "{slot}", "Packet buffers that a forwarding loop has.");
        _meter.CreateObservableGauge(
            "command_queue_depth", () => PerLoop(l => l.CommandQueueDepth), "{command}", "Commands that wait for a forwarding loop.");
        _meter.CreateObservableGauge(
            "event_queue_depth", () => PerLoop(l => l.EventQueueDepth), "{event}", "Events of a forwarding loop that wait for the node's control thread.");
    }

    private void ObserveDropsAndFaults()
    {
        _meter.CreateObservableCounter(
            "dropped_packets",
            () => _sources.Loops.SelectMany(l => l.Drops.NonZero().Select(d => OfLoop(d.Value, l, Tag("reason", d.Key.ToString())))),
            "{packet}",
            "Packets not processed or not forwarded, by reason.");
        _meter.CreateObservableCounter(
            "faults",
            () => Enum.GetValues<FaultPlace>().Select(p => OfNode(_sources.Faults[p], Tag("place", SnakeCase(p.ToString())))),
            "{fault}",
            "Faults of the media node's own, by the place where they were caught. Must stay zero: the log has their stack traces.");
    }

    private void ObserveHandshakes()
    {
        var handshakes = _sources.Handshakes;
        _meter.CreateObservableCounter(
            "dtls_handshakes_completed", () => OfNode(handshakes.Completed), "{handshake}", "DTLS handshakes with clients that ended well.");
        _meter.CreateObservableCounter(
            "dtls_handshakes_failed", () => OfNode(handshakes.Failed), "{handshake}", "DTLS handshakes with clients that failed or ran out of time.");
        _meter.CreateObservableGauge(
            "dtls_handshake_queue_depth", () => OfNode(handshakes.QueueDepth), "{message}", "What waits for the handshake thread: the time of joins grows with it.");
    }

    private void ObserveTotals()
    {
        var core = _sources.Core;
        _meter.CreateObservableGauge(
            "sessions",
            () => Enum.GetValues<SessionState>().Select(s => OfNode(core.Totals.Sessions[(int)s], Tag("state", SnakeCase(s.ToString())))),
            "{session}",
            "Client sessions on the node by state: new (no connectivity yet), connecting (DTLS), connected, disconnected (may come back), closed.");
        _meter.CreateObservableGauge("node_rooms", () => OfNode(core.Totals.Rooms), "{room}", "Rooms that have sessions on the node.");
        _meter.CreateObservableGauge("active_tracks", () => OfNode(core.Totals.Tracks), "{track}", "Tracks published on the node. To scale by.");
        _meter.CreateObservableGauge("subscriptions", () => OfNode(core.Totals.Subscriptions), "{subscription}", "Tracks that clients are subscribed to on the node.");
        _meter.CreateObservableCounter(
            "subscription_plans", () => OfNode(core.PlansMade), "{plan}", "How often it was decided what a session gets: once for each session that a change in a room can concern.");
    }

    private IEnumerable<Measurement<T>> PerLoop<T>(Func<ForwardingLoop, T> read)
        where T : struct => _sources.Loops.Select(l => OfLoop(read(l), l));

    private Measurement<T> OfLoop<T>(T value, ForwardingLoop loop, params ReadOnlySpan<KeyValuePair<string, object?>> more)
        where T : struct => new(value, [_node, Tag("loop", loop.Index), .. more]);

    private Measurement<T> OfNode<T>(T value, params ReadOnlySpan<KeyValuePair<string, object?>> more)
        where T : struct => new(value, [_node, .. more]);

    private static KeyValuePair<string, object?> Tag(string name, object value) => new(name, value);

    private static string SnakeCase(string name) => WordStart().Replace(name, "_$0").ToLowerInvariant();

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex WordStart();
}
