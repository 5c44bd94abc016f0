using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Link;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Tests.Session;
using Nexus.TestKit.Diagnostics;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Diagnostics;

/// <summary>What operators can collect of a node, as an exporter would.</summary>
public sealed partial class NodeMeterTests : NodeTest
{
    [Fact]
    public void A_call_shows_in_counters_gauges_and_distributions()
    {
        using var meter = new MeterReader(Node.Id);
        Node.Network.Default = new LinkConditions { Delay = TimeSpan.FromMilliseconds(20) };
        var (alice, bob) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(alice, SessionLeg.Publish, VideoOut);
        Connect(bob, SessionLeg.Play, VideoIn);
        SendFrames(new TestStream(alice, "0", 1), null, 90);
        Node.Run(TimeSpan.FromSeconds(2));
        var read = meter.Read();

        Assert.Equal(Node.Loop.Counters.PacketsForwarded, Value(read, "packets_forwarded", ("loop", "0")));
        Assert.Equal(270, Value(read, "packets_forwarded"));
        Assert.Equal(2, Value(read, "sessions", ("state", "connected")));
        Assert.Equal(0, Value(read, "sessions", ("state", "new")));
        Assert.Equal([1, 1, 1], [Value(read, "active_tracks"), Value(read, "subscriptions"), Value(read, "node_rooms")]);
        Assert.Equal(2, Value(read, "dtls_handshakes_completed"));
        Assert.Equal(Node.Loop.Memory.Free, Value(read, "packet_memory_free", ("loop", "0")));
        Assert.Equal(0, Value(read, "faults", ("place", "fan_out")));

        Assert.All(All(read, "dtls_handshake_duration"), m => Assert.InRange(m.Value, 0.04, 5));
        Assert.Equal(2, All(read, "dtls_handshake_duration").Count);
        Assert.InRange(Assert.Single(All(read, "first_media_delay")).Value, 0.04, 5);
    }

    [Fact]
    public void Loss_and_round_trip_are_sampled_once_a_second_by_direction()
    {
        using var meter = new MeterReader(Node.Id);
        var (alice, bob) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(alice, SessionLeg.Publish, VideoOut);
        Connect(bob, SessionLeg.Play, VideoIn);
        var video = new TestStream(alice, "0", 1);
        SendFrames(video, null, 30);
        Node.Run(TimeSpan.FromSeconds(1.1));
        meter.Read();
        for (var i = 0; i < 300; i++)
        {
            video.Lose.Add(video.Sequence + 2 + (i * 3)); // a third
        }

        for (uint second = 1; second <= 5; second++)
        {
            SendFrames(video, null, 30);
            var sent = bob.SenderReports[^1].NtpTimestamp;
            bob.SendReceiverReport(new ReportBlock(bob.AnsweredSsrc(0), 0, (int)(10 * second), 100 * second, 480, (uint)(sent >> 16), 0));
        }

        Node.Run(TimeSpan.FromSeconds(1));
        var read = meter.Read();
        var (up, down) = (All(read, "packet_loss").Where(m => m.Tag("direction") == "up"), All(read, "packet_loss").Where(m => m.Tag("direction") == "down"));
        Assert.InRange(up.Count(), 4, 7);
        Assert.All(up, m => Assert.InRange(m.Value, 0.3, 0.36));
        Assert.InRange(down.Count(), 3, 6);
        Assert.All(down, m => Assert.InRange(m.Value, 0.09, 0.11));
        Assert.InRange(All(read, "round_trip_time").Count, 3, 7);
    }

    [Fact]
    public void A_node_without_sessions_tells_its_load_and_wakes_no_loop()
    {
        var peer = Node.Peer("alice");
        Connect(peer, SessionLeg.Publish, VideoOut);
        Node.Ask<SessionReply>(id => new CloseSession(id, "alice", 1, 2, "test"));
        Node.Run(TimeSpan.FromSeconds(2));
        Node.Sent.Clear();
        var executed = Node.Loop.Counters.CommandsExecuted;
        Node.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(executed, Node.Loop.Counters.CommandsExecuted);
        Assert.InRange(Node.Sent.OfType<LoadReport>().Count(), 9, 11);
        Assert.All(Node.Sent, m => Assert.True(m is LoadReport or Digest, m.ToString()));
    }

    [Fact]
    public void Drops_are_told_by_reason()
    {
        using var meter = new MeterReader(Node.Id);
        Node.Network.Open("10.0.0.99:1").Send(Node.Port.Address, [0xFF, 1, 2, 3]);
        Node.Turn();
        Assert.Equal(1, Value(meter.Read(), "dropped_packets", ("reason", "UnknownProtocol")));
    }

    [Fact]
    public async Task Every_instrument_of_a_running_node_has_a_plain_name_a_unit_and_words_for_operators()
    {
        var options = new NodeOptions { NodeId = $"ND_{Guid.NewGuid():N}", Loops = new LoopOptions { Loops = 2, Port = 0, PacketSlots = 1024 } };
        using var meter = new MeterReader(options.NodeId);
        var published = new ConcurrentQueue<Instrument>(); // nodes of other tests begin meanwhile
        using var listener = new MeterListener { InstrumentPublished = (i, _) => published.Enqueue(i) };
        await using (var node = new NodeAgent(options))
        {
            node.Start();
            listener.Start();
            var read = meter.Read();
            Assert.Equal(["0", "1"], All(read, "packets_received").Select(m => m.Tag("loop")));
            Assert.Equal(2, All(read, "loop_load").Count);
            Assert.True(published.Count(i => i.Meter.Name == "Nexus.MediaNode") > 35);
            Assert.All(published.Where(i => i.Meter.Name == "Nexus.MediaNode"), i =>
            {
                Assert.Matches(PlainName(), i.Name);
                Assert.False(string.IsNullOrEmpty(i.Unit), i.Name);
                Assert.True(i.Description is { Length: > 20 } && i.Description[^1] == '.', i.Name);
            });
        }

        Assert.Empty(meter.Read()); // gone with the node
    }

    [GeneratedRegex("^(?!nexus_)[a-z]+(_[a-z]+)*(?<!_total)$")]
    private static partial Regex PlainName();

    private static List<Metered> All(IEnumerable<Metered> read, string name) => [.. read.Where(m => m.Instrument.Name == name)];

    private static double Value(IEnumerable<Metered> read, string name, params (string Tag, string Value)[] tags) =>
        All(read, name).Single(m => tags.All(t => m.Tag(t.Tag) == t.Value)).Value;
}
