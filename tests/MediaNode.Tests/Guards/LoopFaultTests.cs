using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Session;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Guards;

/// <summary>One fault at each place of a loop's turn: it costs what it belongs to, and everyone else's media go on.</summary>
public sealed class LoopFaultTests : IDisposable
{
    private const int Subscribers = 4;
    private const int Burst = 3;
    private const string Struck = "subscriber-1";

    private static readonly TransportTuple Publisher = TransportTuple.FromIPv4(0x7F000001, 4000);

    private readonly FaultyUdpPort _port = new();
    private readonly FaultyTcpPort _tcp = new();
    private readonly Dictionary<string, List<FaultyCipher>> _ciphers = [];
    private readonly ForwardingRig _rig;
    private Instant _now = new(1_000_000_000);
    private bool _begun;

    public LoopFaultTests()
    {
        _rig = new ForwardingRig(_now, _port, Publisher, [.. Enumerable.Range(0, Subscribers).Select(Tuple)], tcp: _tcp, wrap: Wrap, transportFeedback: false);
        Turn(); // what their joins made
        Reset();
    }

    public void Dispose() => _rig.Dispose();

    private FaultyCipher Local => _ciphers[Struck][0];

    private FaultyCipher Remote => _ciphers[Struck][1];

    [Fact]
    public void A_packet_that_cannot_be_sealed_for_one_subscriber_is_all_that_it_loses()
    {
        Local.SealingRtp.Times = 1;
        SendFrames(4);
        Assert.Equal([12, 11, 12, 12], Got());
        AssertFaults(FaultPlace.FanOut, 1);
        Assert.Equal(1, _rig.Loop.Drops[DropReason.InternalError]);
    }

    [Fact]
    public void A_subscriber_that_cannot_be_served_at_all_rests_stays_and_flows_again()
    {
        Local.SealingRtp.Times = int.MaxValue;
        SendFrames(20);
        Assert.Equal([60, 0, 60, 60], Got());
        AssertFaults(FaultPlace.FanOut, 21); // and no more: each costs as much as many packets
        Assert.Equal("INTERNAL", SessionSnapshot.Of(Session(Struck), _now).Subscriptions.Single().Reason);
        Assert.Equal(SessionState.Connected, Session(Struck).State);

        Local.SealingRtp.Times = 0;
        _now = _now.AddMilliseconds(10_001);
        Turn(); // reports are due
        Reset();
        SendFrames(1, keyFrame: true);
        Assert.Equal([3, 3, 3, 3], Got());
    }

    [Fact]
    public void A_packet_that_meets_a_fault_on_arrival_is_lost_alone()
    {
        Remote.OpeningRtcp.Times = 1;
        AddFeedback();
        SendFrames(2);
        Assert.Equal([6, 6, 6, 6], Got());
        AssertFaults(FaultPlace.Receive, 1);
        Assert.Equal(1, _rig.Loop.Drops[DropReason.InternalError]);
    }

    [Fact]
    public void A_session_all_of_whose_packets_meet_faults_ends_by_name_and_leaks_nothing()
    {
        Remote.OpeningRtcp.Times = int.MaxValue;
        for (var i = 0; i < 30; i++)
        {
            AddFeedback();
            Turn();
        }

        SendFrames(2);
        Assert.Equal([6, 0, 6, 6], Got());
        AssertFaults(FaultPlace.Receive, 21);
        Assert.Equal((SessionState.Closed, "INTERNAL"), Ends().Last(e => e.Id == Struck).Outcome);
        Assert.Null(_rig.Loop.Sessions.Find(Tuple(1)));

        _rig.Loop.TryPost(new Nexus.MediaNode.Engine.RemoveSession(Struck));
        Turn();
        Assert.Null(_rig.Loop.Sessions.Find(Struck));
        _now = _now.AddMilliseconds(3000);
        Turn();
        Assert.Equal(_rig.Loop.Memory.Capacity, _rig.Loop.Memory.Free);
    }

    [Fact]
    public void A_timer_that_meets_a_fault_is_tried_again_and_nobody_elses_is_missed()
    {
        // One session went over TCP for a while, and the port cannot close that.
        Session(Struck).ReceiveStun(_now, Check(Struck), TransportTuple.FromIPv4(0x7F000003, 9, connection: 7));
        Session(Struck).ReceiveStun(_now, Check(Struck), Tuple(1));
        _tcp.Closing.Times = 1;
        _now = _now.AddMilliseconds(31_000); // nobody's consent was renewed
        Turn();
        _now = _now.AddMilliseconds(101);
        Turn();
        Turn();
        AssertFaults(FaultPlace.Timer, 1);
        Assert.Equal(
            Enumerable.Range(0, Subscribers).Select(i => $"subscriber-{i}").Append("publisher").Order(),
            Ends().Where(e => e.Outcome.State == SessionState.Disconnected).Select(e => e.Id).Order());
    }

    [Fact]
    public void Feedback_that_cannot_be_sealed_costs_no_other_session_its_own()
    {
        SendFrames(1);
        Reset();
        Local.SealingRtcp.Times = 1;
        _now = _now.AddMilliseconds(1100);
        Turn();
        AssertFaults(FaultPlace.Settle, 1);
        Assert.Equal([1, 0, 1, 1], Got()); // sender reports
        _now = _now.AddMilliseconds(1100);
        Turn();
        Assert.Equal([2, 1, 2, 2], Got());
    }

    [Fact]
    public void A_command_that_throws_is_completed_as_failed_and_the_next_one_is_done()
    {
        var completed = new List<string>();
        _rig.Loop.TryPost(new Act("bad", _ => throw new BugException("command")) { Completed = () => completed.Add("bad") });
        _rig.Loop.TryPost(new Act("mute", _ => throw new BugException("command")));
        _rig.Loop.TryPost(new Act("good", _ => completed.Add("done")) { Completed = () => completed.Add("good") });
        SendFrames(1);
        var commands = Events().OfType<CommandCompleted>().Select(e => (Act)e.Command).ToList();
        commands.ForEach(c => c.Completed?.Invoke());
        Assert.Equal(["done", "bad", "good"], completed);
        Assert.Equal([("bad", true), ("mute", true), ("good", false)], commands.Select(c => (c.Name, c.Fault is BugException)));
        Assert.Equal([3, 3, 3, 3], Got());
        AssertFaults(FaultPlace.Command, 2);
    }

    [Fact]
    public void What_the_socket_throws_at_is_lost_and_the_next_turn_flows()
    {
        SendFrames(1);
        _port.Sending.Times = 1;
        SendFrames(2);
        Assert.Equal([6, 6, 6, 6], Got());
        Assert.Equal(Subscribers * Burst, _rig.Loop.Egress.PacketsLost);
        AssertFaults(FaultPlace.Egress, 1);
    }

    [Fact]
    public void A_tcp_port_that_throws_takes_nothing_from_those_on_udp()
    {
        Session(Struck).ReceiveStun(_now, Check(Struck), TransportTuple.FromIPv4(0x7F000003, 9, connection: 7));
        _tcp.Sending.Times = int.MaxValue;
        _tcp.Receiving.Times = int.MaxValue;
        SendFrames(2);
        Assert.Equal([6, 0, 6, 6], Got());
        Assert.True(_rig.Faults[FaultPlace.Egress] >= 2);
        Assert.True(_rig.Faults[FaultPlace.Port] >= 2);
    }

    [Fact]
    public void A_socket_that_cannot_be_read_for_a_turn_costs_no_timer_and_no_command()
    {
        var isDone = false;
        var fired = _rig.Loop.Counters.TimersFired;
        _rig.Loop.TryPost(new Act("one", _ => isDone = true));
        _port.Receiving.Times = 1;
        _now = _now.AddMilliseconds(1100);
        Turn();
        Assert.True(isDone);
        Assert.Equal(Subscribers + 1, _rig.Loop.Counters.TimersFired - fired);
        SendFrames(1);
        Assert.All(Got(), got => Assert.True(got >= 3));
        AssertFaults(FaultPlace.Port, 1);
    }

    [Fact]
    public void A_snapshot_that_one_session_spoils_has_all_the_others()
    {
        var snapshot = new TakeSnapshot { Completed = () => { } };
        Session(Struck).Sender.DownTracks.Add(null!);
        _rig.Loop.TryPost(snapshot);
        Turn();
        Session(Struck).Sender.DownTracks.Remove(null!);
        Assert.Equal(Subscribers, snapshot.Sessions.Count);
        Assert.DoesNotContain(snapshot.Sessions, s => s.Id == Struck);
        Assert.Equal(1, _rig.Faults[FaultPlace.Report]);
    }

    private static TransportTuple Tuple(int i) => TransportTuple.FromIPv4(0x7F000002, (ushort)(5000 + i));

    private FaultyCipher Wrap(string session, Nexus.MediaNode.Protocol.Srtp.ISrtpCipher cipher)
    {
        var faulty = new FaultyCipher(cipher);
        (_ciphers.TryGetValue(session, out var list) ? list : _ciphers[session] = []).Add(faulty);
        return faulty;
    }

    private MediaSession Session(string id) => _rig.Loop.Sessions.Find(id)!;

    private byte[] Check(string session) => ForwardingRig.Check(Session(session).Plan.Transport.Ice);

    private void Turn()
    {
        _port.Canned.Released = int.MaxValue;
        _rig.Loop.RunTurn(_now);
    }

    private void SendFrames(int frames, bool keyFrame = false)
    {
        Span<byte> buffer = stackalloc byte[2048];
        for (var frame = 0; frame < frames; frame++)
        {
            for (var i = 0; i < Burst; i++)
            {
                var length = _rig.WritePacket(buffer, 900, first: i == 0, last: i == Burst - 1, keyFrame: keyFrame || !_begun);
                _port.Canned.Add(Publisher, buffer[..length].ToArray());
            }

            _begun = true;
            Turn();
        }
    }

    private void AddFeedback()
    {
        Span<byte> buffer = stackalloc byte[256];
        _port.Canned.Add(Tuple(1), buffer[.._rig.WriteNack(1, buffer, 1)].ToArray());
    }

    /// <summary>Packets by subscriber.</summary>
    private int[] Got() => [.. Enumerable.Range(0, Subscribers).Select(i => _port.Sent.GetValueOrDefault(Tuple(i)))];

    private void Reset() => _port.Sent.Clear();

    private List<LoopEvent> Events()
    {
        var events = new List<LoopEvent>();
        while (_rig.Loop.TryReadEvent(out var @event))
        {
            events.Add(@event);
        }

        return events;
    }

    private List<(string Id, (SessionState State, string? Reason) Outcome)> Ends() =>
        [.. Events().OfType<SessionStateChanged>().Select(e => (e.Id, (e.State, e.Reason)))];

    private void AssertFaults(FaultPlace place, int count)
    {
        Assert.Equal(count, _rig.Faults[place]);
        Assert.Equal(count, _rig.Faults.Total);
        Assert.IsType<BugException>(_rig.Faults.Take(place)!.Exception);
    }

    private sealed class Act(string name, Action<ForwardingLoop> act) : LoopCommand
    {
        public string Name => name;

        internal override void Execute(ForwardingLoop loop, Instant now) => act(loop);
    }
}
