using System.Reflection;
using Microsoft.Extensions.Logging;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Session;
using Nexus.MediaNode.Tests.Data;
using Nexus.TestKit.Diagnostics;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Guards;

/// <summary>Faults beyond the packet path: in handshakes, data and the node's control thread. Each is counted, logged, and nobody else's.</summary>
public sealed class NodeFaultTests : IDisposable
{
    private static readonly TestSection VideoOut = new("video", "sendonly", ["VP8"]);
    private static readonly TestSection VideoIn = new("video", "recvonly", ["VP8"]);

    private readonly VirtualNode _node;
    private FaultyEngine _engine = null!;
    private TestStream? _video;

    public NodeFaultTests() => _node = new VirtualNode(wrap: engine => _engine = new FaultyEngine(engine));

    public void Dispose() => _node.Dispose();

    public static TheoryData<string, int> HandshakeBugs => new()
    {
        { nameof(DtlsBugs.Creating), 1 },
        { nameof(DtlsBugs.Handling), 1 },
        { nameof(DtlsBugs.Timing), 1 },
    };

    [Theory]
    [MemberData(nameof(HandshakeBugs))]
    public void A_handshake_that_throws_fails_alone(string where, int faults)
    {
        var bob = Call();
        var bug = new Bug { Times = 1 };
        _engine.Next = where switch
        {
            nameof(DtlsBugs.Creating) => new() { Creating = bug },
            nameof(DtlsBugs.Handling) => new() { Handling = bug },
            _ => new() { Timing = bug },
        };
        var carol = _node.Peer("carol");
        _node.Join(carol, SessionLeg.Play, [VideoIn]);
        if (where == nameof(DtlsBugs.Timing))
        {
            // The node's flight is lost, so that it must be repeated.
            _node.Network.Filter = (_, to, datagram) => to != carol.Transport.Port.Address || PacketClassifier.Classify(datagram.Span) != PacketKind.Dtls;
        }

        _node.RunUntil(() => StateOf("carol") == SessionState.Closed, TimeSpan.FromSeconds(60));
        Assert.Equal("DTLS_FAILED", ReportOf("carol")!.Reason);
        AssertFlows(bob);
        AssertTold(FaultPlace.HandshakeWorker, faults, "carol");
        Assert.Contains(_node.Log.Lines, l => l is { Event: 2010, Level: LogLevel.Information } && Equals(l.Fields["Identity"], "carol"));
    }

    [Fact]
    public void A_session_whose_keys_cannot_be_taken_over_ends_by_name_alone()
    {
        var bob = Call();
        _engine.Next = new() { OutputOnceConnected = new() { Times = 1 } };
        _node.Join(_node.Peer("carol"), SessionLeg.Play, [VideoIn]);
        _node.RunUntil(() => StateOf("carol") == SessionState.Closed);
        Assert.Equal("INTERNAL", ReportOf("carol")!.Reason);
        AssertFlows(bob);
        AssertTold(FaultPlace.Handshake, 1, "carol");
        Assert.Contains(_node.Log.Lines, l => l is { Event: 2011, Level: LogLevel.Warning } && Equals(l.Fields["Identity"], "carol"));
    }

    [Fact]
    public void A_session_that_cannot_say_goodbye_is_gone_all_the_same()
    {
        var bob = Call();
        _engine.Next = new() { Closing = new() { Times = 1 } };
        var carol = Join("carol");
        _node.Ask<SessionReply>(id => new CloseSession(id, "carol", 1, 2, "test"));
        Assert.Null(_node.Loop.Sessions.Find("carol"));
        Assert.Null(_node.Loop.Sessions.Find(carol.Transport.Port.Address));
        AssertFlows(bob);
        AssertTold(FaultPlace.SessionEnd, 1, "carol");
    }

    [Fact]
    public void A_sink_of_data_that_throws_costs_a_message_and_no_other()
    {
        var sink = new FaultySink(_node.Loop.DataSink!);
        _node.Loop.DataSink = sink;
        var (alice, bob, carol) = (DataClient.Join(_node, "alice"), DataClient.Join(_node, "bob"), DataClient.Join(_node, "carol"));
        sink.Receiving.Times = 1;
        alice.Send("lost");
        _node.Run(TimeSpan.FromMilliseconds(100));
        carol.Send("one");
        alice.Send("two");
        _node.RunUntil(() => bob.Got.Count == 2);
        Assert.Equal(["one", "two"], bob.Texts.Order());
        AssertTold(FaultPlace.Receive, 1, "alice");
    }

    [Fact]
    public void A_receiver_of_data_that_throws_costs_the_others_no_message()
    {
        var (alice, bob, carol) = (DataClient.Join(_node, "alice"), DataClient.Join(_node, "bob"), DataClient.Join(_node, "carol"));
        var struck = _node.Loop.Sessions.Find("bob")!.Data!;
        var channels = struck.Channels;
        SetChannels(struck, null);
        alice.Send("hello");
        _node.RunUntil(() => carol.Got.Count == 1);
        SetChannels(struck, channels);
        alice.Send("again");
        _node.RunUntil(() => bob.Got.Count == 1 && carol.Got.Count == 2);
        Assert.Equal(1, _node.Faults[FaultPlace.Data]);
        Assert.Equal("bob", _node.Log.Lines.First(l => l.Event == 2200).Fields["Session"]);
    }

    [Fact]
    public void A_section_that_cannot_be_bound_is_held_by_name_and_tried_again()
    {
        var bob = Call();
        var carol = Join("carol");
        var mid = _node.ReportOf("carol").Subscriptions.Single().Mid;
        _node.Loop.TryPost(new BindTrack("carol", mid, "alice", SectionOf("alice"), null!, default));
        _node.RunUntil(() => ReportOf("carol")!.Subscriptions.Single() is { State: "paused", Reason: "INTERNAL" });
        AssertFlows(bob);
        AssertTold(FaultPlace.Command, 1, "carol");

        _node.Apply("carol", VirtualNode.Desired("carol", SessionLeg.Play) with { CanPublish = true }, seq: 2);
        AssertFlows(carol);
    }

    [Fact]
    public void A_session_that_cannot_be_made_is_refused_by_name_and_closed()
    {
        var bob = Call();
        _node.Loop.DataSink = new FaultySink(_node.Loop.DataSink!) { Applying = { Times = 1 } };
        var applied = _node.Join(_node.Peer("carol"), SessionLeg.Play, [VideoIn]);
        Assert.Equal((ApplyStatus.Refused, "INTERNAL"), (applied.Status, applied.Error?.Code));
        Assert.Equal((SessionState.Closed, "INTERNAL"), (StateOf("carol"), ReportOf("carol")!.Reason));
        _node.Turn();
        Assert.Null(_node.Loop.Sessions.Find("carol"));
        AssertFlows(bob);
        AssertTold(FaultPlace.Command, 1, "carol");

        // Closed, it can be had anew.
        _node.Ask<SessionReply>(id => new CloseSession(id, "carol", 1, 2, "test"));
        var again = VirtualNode.Desired("carol", SessionLeg.Play) with { Offer = new SdpOffer(1, _node.Peer("carol").Offer([VideoIn])) };
        Assert.Equal(ApplyStatus.Applied, _node.Apply("carol", again, seq: 3).Status);
    }

    [Fact]
    public void A_message_that_meets_a_fault_is_refused_by_name_and_its_repeat_too()
    {
        var bob = Call();
        Assert.Equal("INTERNAL", _node.Apply("alice", VirtualNode.Desired("alice", SessionLeg.Publish) with { MutedTracks = default }, seq: 2).Error?.Code);
        Assert.Equal("INTERNAL", _node.Apply("alice", VirtualNode.Desired("alice", SessionLeg.Publish), seq: 2).Error?.Code);
        Assert.Equal(ApplyStatus.Applied, _node.Apply("alice", VirtualNode.Desired("alice", SessionLeg.Publish), seq: 3).Status);
        AssertFlows(bob);
        AssertTold(FaultPlace.Message, 1, "alice");
    }

    [Fact]
    public void A_plan_that_cannot_be_made_is_one_sessions_only()
    {
        Join("carol");
        Join("bob");
        _node.Apply("carol", VirtualNode.Desired("carol", SessionLeg.Play) with { Subscriptions = default }, seq: 2);
        Publish("alice");
        _node.Run(TimeSpan.FromSeconds(2));
        Assert.Equal("PA_alice", _node.Sent.OfType<SessionChanged>().Last(c => c.Report.Session == "bob").Report.Actual.Subscriptions.Single().ParticipantSid);
        AssertTold(FaultPlace.Plan, (int)_node.Faults[FaultPlace.Plan], "carol");

        // and its broken state costs the answer about the room that session alone
        Assert.Equal(["alice", "bob"], _node.Inspect().Select(s => s.Session));
        Assert.Equal(1, _node.Faults[FaultPlace.Report]);
    }

    [Fact]
    public void A_report_that_cannot_be_sent_is_one_sessions_only()
    {
        var bob = Call();
        _node.Sending = m => (m is SessionChanged { Report.Session: "alice" } ? new Bug { Times = 1 } : new Bug()).Strike("send");
        _node.Sent.Clear();
        _node.Core.HandleLinkUp(_node.Clock.Now);
        _node.Sending = _ => { };
        Assert.Equal(["bob"], _node.Sent.OfType<SessionChanged>().Select(c => c.Report.Session));
        AssertFlows(bob);
        AssertTold(FaultPlace.Report, 1, "alice");
    }

    [Fact]
    public void A_completion_and_a_timer_that_throw_leave_the_control_thread_at_work()
    {
        var bob = Call();
        _node.Loop.TryPost(new Act(() => { }) { Completed = () => throw new BugException("completed") });
        _node.Turn();
        AssertTold(FaultPlace.Control, 1, null);
        _node.Sending = m => (m is LoadReport ? new Bug { Times = 1 } : new Bug()).Strike("send");
        _node.Run(TimeSpan.FromSeconds(3));
        _node.Sending = _ => { };
        Assert.InRange(_node.Faults[FaultPlace.Control], 3, 5); // once a second, not once a turn
        AssertFlows(bob);
    }

    [Fact]
    public void A_flood_of_faults_is_one_line_a_second_with_their_number()
    {
        var lines = _node.Log.Lines.Count;
        for (var i = 0; i < 250; i++)
        {
            _node.Loop.TryPost(new Act(() => throw new BugException("flood")));
            _node.Run(TimeSpan.FromMilliseconds(10));
        }

        _node.Run(TimeSpan.FromSeconds(1.1));
        var told = _node.Log.Lines.Skip(lines).Where(l => l.Event == 2200).ToList();
        Assert.InRange(told.Count, 3, 4);
        Assert.All(told, l => Assert.True(l is { Level: LogLevel.Error, Exception: BugException }));
        Assert.Equal(250L, told.Sum(l => (long)l.Fields["Count"]!));
        Assert.Equal(250, _node.Faults[FaultPlace.Command]);
    }

    /// <summary>A call from alice to bob that flows.</summary>
    private TestPeer Call()
    {
        Publish("alice");
        var bob = Join("bob");
        AssertFlows(bob);
        return bob;
    }

    private void Publish(string name)
    {
        var peer = _node.Peer(name);
        _node.Join(peer, SessionLeg.Publish, [VideoOut]);
        _node.RunUntil(() => peer.IsConnected && StateOf(name) == SessionState.Connected);
        _video ??= new TestStream(peer, "0", 1);
    }

    private TestPeer Join(string name)
    {
        var peer = _node.Peer(name);
        Assert.Equal(ApplyStatus.Applied, _node.Join(peer, SessionLeg.Play, [VideoIn]).Status);
        _node.RunUntil(() => peer.IsConnected && StateOf(name) == SessionState.Connected);
        return peer;
    }

    private void AssertFlows(TestPeer viewer)
    {
        var before = viewer.Packets.Count;
        for (var i = 0; i < 20; i++)
        {
            _video!.SendVp8Frame(_node.Clock.Now, keyFrame: true);
            _node.Run(TimeSpan.FromMilliseconds(33));
        }

        Assert.InRange(viewer.Packets.Count - before, 15, int.MaxValue);
    }

    private void AssertTold(FaultPlace place, int count, string? session)
    {
        Assert.Equal(count, _node.Faults[place]);
        Assert.Equal(count, _node.Faults.Total);
        Assert.NotEqual(0, count);
        _node.Run(TimeSpan.FromSeconds(1.1)); // what came within a second of the first is told then
        var lines = _node.Log.Lines.Where(l => l.Event == 2200).ToList();
        Assert.All(lines, line => Assert.Equal(
            (LogLevel.Error, place, session, _node.Id),
            (line.Level, (FaultPlace)line.Fields["Place"]!, (string?)line.Fields["Session"], (string?)line.Fields["Node"])));
        Assert.Equal((long)count, lines.Sum(l => (long)l.Fields["Count"]!));
        Assert.InRange(lines.Count, 1, 2);
        using var meter = new MeterReader(_node.Id);
        Assert.Equal(count, meter.Read().Where(m => m.Instrument.Name == "faults").Sum(m => m.Value));
    }

    /// <summary>Takes a receiver's association away: there is no seam at which it could be made to throw.</summary>
    private static void SetChannels(SessionData data, DataChannels? channels) =>
        typeof(SessionData).GetField("<Channels>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(data, channels);

    private string SectionOf(string session) => _node.ReportOf(session).Tracks.Single().Mid;

    private SessionActual? ReportOf(string session) =>
        _node.Sent.OfType<SessionChanged>().LastOrDefault(s => s.Report.Session == session)?.Report.Actual;

    private SessionState StateOf(string session) => ReportOf(session)?.State ?? SessionState.New;

    private sealed class Act(Action act) : LoopCommand
    {
        internal override void Execute(ForwardingLoop loop, Instant now) => act();
    }

    private sealed class FaultySink(IDataSink sink) : IDataSink
    {
        public Bug Applying { get; init; } = new();

        public Bug Receiving { get; } = new();

        public void SessionApplied(Instant now, MediaSession session)
        {
            Applying.Strike(nameof(SessionApplied));
            sink.SessionApplied(now, session);
        }

        public void SessionEnded(MediaSession session) => sink.SessionEnded(session);

        public void ChannelOpened(Instant now, MediaSession session, DataChannel channel) => sink.ChannelOpened(now, session, channel);

        public void MessageReceived(Instant now, MediaSession session, DataChannel channel, ReadOnlySpan<byte> message, bool isText)
        {
            Receiving.Strike(nameof(MessageReceived));
            sink.MessageReceived(now, session, channel, message, isText);
        }

        public void RoomToSend(Instant now, MediaSession session, DataChannel channel) => sink.RoomToSend(now, session, channel);

        public void Settled(Instant now, MediaSession session) => sink.Settled(now, session);

        public void ChannelClosed(Instant now, MediaSession session, DataChannel channel) => sink.ChannelClosed(now, session, channel);
    }
}
