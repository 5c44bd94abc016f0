using Nexus.Link;
using Nexus.MediaNode.Data;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Session;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Data;

/// <summary>Data messages between participants through the whole node, on virtual time.</summary>
public sealed class DataRoutingTests : IDisposable
{
    private readonly VirtualNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void A_message_reaches_everyone_else_in_the_room_on_the_same_channel()
    {
        var (ada, bob, cleo) = (Join("ada"), Join("bob"), Join("cleo"));
        var elsewhere = Join("dan", d => d with { RoomKey = "any/t/another" });

        ada.Send("hello");
        bob.Send("quick", reliable: false);
        _node.RunUntil(() => cleo.Got.Count == 2);

        Assert.Equal([("_reliable", "ada", "hello"), ("_lossy", "bob", "quick")], cleo.Got.OrderBy(g => g.From));
        Assert.Equal([("_reliable", "ada", "hello")], bob.Got);
        Assert.Equal([("_lossy", "bob", "quick")], ada.Got);
        Assert.Empty(elsewhere.Got);
    }

    [Fact]
    public void A_message_that_names_receivers_reaches_those_alone_and_once()
    {
        var (ada, bob, cleo) = (Join("ada"), Join("bob"), Join("cleo"));

        ada.Send("for bob", to: ["bob", "nobody", "bob", "ada"]);
        ada.Send("for all");
        _node.RunUntil(() => cleo.Got.Count == 1 && bob.Got.Count == 2);

        Assert.Equal(["for all"], cleo.Texts);
        Assert.Equal(["for bob", "for all"], bob.Texts);
        Assert.Empty(ada.Got);
    }

    [Fact]
    public void One_whose_token_does_not_allow_data_is_heard_by_nobody_until_it_does()
    {
        var (ada, bob) = (Join("ada", d => d with { Grants = new() { CanPublishData = false } }), Join("bob"));

        ada.Send("not allowed");
        bob.Send("I may");
        _node.RunUntil(() => ada.Got.Count == 1 && Dropped(DropReason.DataNotPermitted) == 1);
        Assert.Empty(bob.Got);

        var desired = VirtualNode.Desired("ada", SessionLeg.Duplex);
        Assert.Equal(ApplyStatus.Applied, _node.Apply("ada", desired, seq: 2).Status);
        ada.Send("now I may");
        _node.RunUntil(() => bob.Got.Count == 1);
        Assert.Equal(["now I may"], bob.Texts);
    }

    [Fact]
    public void Who_asks_is_told_of_each_message_whether_it_was_taken_also_of_those_that_race_with_the_grants_end()
    {
        var (ada, bob) = (Join("ada"), Join("bob"));
        var silenced = VirtualNode.Desired("ada", SessionLeg.Duplex) with { Grants = new() { CanPublishData = false } };

        ada.SendForReceipt("one", 1);
        ada.SendForReceipt("one", 1);
        ada.Send("unasked", 2);
        _node.RunUntil(() => bob.Got.Count == 2);
        Assert.Equal(ApplyStatus.Applied, _node.Apply("ada", silenced, seq: 2).Status);
        ada.SendForReceipt("under way", 3);
        ada.SendForReceipt("under way, too", 4);
        _node.RunUntil(() => ada.Receipts.Count == 4);
        Assert.Equal([(1u, ""), (1u, ""), (3u, "PERMISSION"), (4u, "PERMISSION")], ada.Receipts);

        Assert.Equal(ApplyStatus.Applied, _node.Apply("ada", VirtualNode.Desired("ada", SessionLeg.Duplex), seq: 3).Status);
        ada.SendForReceipt("again", 5);
        _node.RunUntil(() => ada.Receipts.Count == 5 && bob.Got.Count == 3);
        Assert.Equal((5u, ""), ada.Receipts[^1]);
        Assert.Equal(["one", "unasked", "again"], bob.Texts);
        Assert.Empty(bob.Receipts);
    }

    [Fact]
    public void Nobody_can_forge_a_receipt()
    {
        var (ada, bob) = (Join("ada"), Join("bob"));
        Span<byte> receipt = stackalloc byte[DataReceipt.MaxLength];

        ada.SendRaw(ada.Reliable, receipt[..DataReceipt.Write(1, DropReason.None, receipt)]);
        ada.Send("sense");
        _node.RunUntil(() => bob.Got.Count == 1);

        Assert.Empty(bob.Receipts);
        Assert.Equal(1, Dropped(DropReason.DataNotRouted));
    }

    [Fact]
    public void One_who_is_hidden_gets_messages_and_sends_them_without_a_name()
    {
        var (ada, bob) = (Join("ada", d => d with { Grants = new() { Hidden = true } }), Join("bob"));

        ada.Send("from the dark");
        bob.Send("who is there?");
        _node.RunUntil(() => ada.Got.Count == 1 && bob.Got.Count == 1);

        Assert.Equal([("_reliable", "", "from the dark")], bob.Got);
    }

    [Fact]
    public void A_message_that_is_too_long_is_dropped_and_the_next_one_is_not()
    {
        var (ada, bob) = (Join("ada"), Join("bob"));
        ada.Peer.Transport.Data.RemoteMaxMessageSize = 262_144;
        var overhead = DataClient.Packet(new string('x', 60_000)).Length - 60_000;

        ada.Send(new string('x', DataRouter.MaxMessage - overhead + 1));
        ada.Send(new string('y', DataRouter.MaxMessage - overhead));
        _node.RunUntil(() => bob.Got.Count == 1);

        Assert.Equal(new string('y', DataRouter.MaxMessage - overhead), bob.Texts.Single());
        Assert.Equal(1, Dropped(DropReason.DataTooLong));
    }

    [Fact]
    public void A_reliable_message_that_is_sent_again_is_passed_on_once()
    {
        var (ada, bob) = (Join("ada"), Join("bob"));

        ada.Send("one", sequence: 1);
        ada.Send("two", sequence: 2);
        ada.Send("one", sequence: 1);
        ada.Send("two", sequence: 2);
        ada.Send("three", sequence: 3);
        bob.Send("mine", sequence: 1);
        ada.Send("lossy ones do not count", sequence: 1, reliable: false);
        _node.RunUntil(() => bob.Got.Count == 4 && ada.Got.Count == 1);

        Assert.Equal(["one", "two", "three"], bob.Got.Where(g => g.Label == "_reliable").Select(g => g.Text));
        Assert.Equal(2, Dropped(DropReason.DataRepeated));
    }

    [Fact]
    public void Nonsense_is_counted_and_harms_nobody()
    {
        var (ada, bob) = (Join("ada"), Join("bob"));
        var other = ada.Open("my own");

        ada.SendRaw(ada.Reliable, [0xFF]);
        ada.SendRaw(ada.Reliable, "text"u8, isText: true);
        ada.SendRaw(other, DataClient.Packet("where to?"));
        ada.SendRaw(ada.Lossy, Convert.FromHexString("1a110a0f0a0650415f657665150000803f1801"));
        ada.Send("sense");
        _node.RunUntil(() => bob.Got.Count == 1);

        Assert.Equal(["sense"], bob.Texts);
        Assert.Equal((1, 3), (Dropped(DropReason.DataMalformed), Dropped(DropReason.DataNotRouted)));
    }

    [Fact]
    public void Reliable_messages_of_four_arrive_in_order_over_a_bad_network()
    {
        DataClient[] all = [Join("ada"), Join("bob"), Join("cleo"), Join("dan")];
        _node.Network.Default = new LinkConditions
        {
            Delay = TimeSpan.FromMilliseconds(15), Loss = 0.05, Reorder = 0.05, Duplication = 0.02, ReorderBy = TimeSpan.FromMilliseconds(30),
        };

        for (var i = 1; i <= 60; i++)
        {
            foreach (var client in all)
            {
                client.Send($"{i}", sequence: (uint)i);
                client.Send($"{i}", reliable: false);
            }

            _node.Run(TimeSpan.FromMilliseconds(5));
        }

        _node.RunUntil(() => all.All(c => c.Got.Count(g => g.Label == "_reliable") == 180), TimeSpan.FromMinutes(2));
        foreach (var client in all)
        {
            foreach (var from in all.Where(c => c != client))
            {
                Assert.Equal(
                    Enumerable.Range(1, 60).Select(i => $"{i}"),
                    client.Got.Where(g => g.Label == "_reliable" && g.From == from.Name).Select(g => g.Text));
            }

            Assert.InRange(client.Got.Count(g => g.Label == "_lossy"), 90, 180);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_sender_is_slowed_to_the_pace_of_receivers_that_keep_up(bool andOneThatDoesNot)
    {
        var (ada, bob, cleo) = (Join("ada"), Join("bob"), Join("cleo"));
        Limit(bob, 20_000_000);
        Limit(cleo, andOneThatDoesNot ? 200_000 : 10_000_000);

        for (var i = 1; i <= 80; i++)
        {
            var packet = DataClient.Packet($"{i} ".PadRight(60_000, '.'), (uint)i);
            _node.RunUntil(() => ada.SendRaw(ada.Reliable, packet) == SctpSendStatus.Queued, TimeSpan.FromSeconds(5));
        }

        _node.RunUntil(() => bob.Got.Count == 80, TimeSpan.FromSeconds(15));
        Assert.Equal(Enumerable.Range(1, 80), bob.Got.Select(g => int.Parse(g.Text.Split(' ')[0])));
        if (!andOneThatDoesNot)
        {
            _node.RunUntil(() => cleo.Got.Count == 80, TimeSpan.FromSeconds(15));
            Assert.Equal(0, Dropped(DropReason.DataSlowReceiver));
        }
    }

    [Fact]
    public void A_sender_that_waits_for_one_who_leaves_goes_on()
    {
        var (ada, bob, cleo) = (Join("ada"), Join("bob"), Join("cleo"));
        Limit(cleo, 1_000);
        for (var i = 1; i <= 12; i++)
        {
            ada.Send($"{i} ".PadRight(60_000, '.'), sequence: (uint)i);
        }

        _node.RunUntil(() => _node.Loop.Sessions.Find("ada")!.Data!.PausedUntil != Instant.Zero);
        _node.Ask<SessionReply>(id => new CloseSession(id, "cleo", 1, 2, "LEFT"));

        _node.RunUntil(() => bob.Got.Count == 12, DataRouter.Patience / 2);
    }

    [Fact]
    public void A_slow_receiver_misses_messages_and_slows_nobody()
    {
        var (ada, bob, slow) = (Join("ada"), Join("bob"), Join("slow"));
        Limit(slow, 100_000);

        for (var i = 1; i <= 40; i++)
        {
            ada.Send($"{i} ".PadRight(50_000, '.'), sequence: (uint)i);
            ada.Send($"{i} ".PadRight(10_000, '.'), reliable: false);
            _node.RunUntil(() => bob.Got.Count(g => g.Label == "_reliable") == i, TimeSpan.FromSeconds(5));
        }

        Assert.Equal(40, bob.Got.Count(g => g.Label == "_lossy"));
        var missed = Dropped(DropReason.DataSlowReceiver);
        Assert.True(missed > 40, $"{missed}"); // a good half of both kinds

        // once its way is free again it gets what waited, whole and in order, and then whatever is new
        _node.Network.SetPath(_node.Port.Address, slow.Peer.Transport.Port.Address, LinkConditions.Perfect);
        var waiting = _node.Loop.Sessions.Find("slow")!;
        _node.RunUntil(() => waiting.Data!.Channels.Association.TotalBufferedAmount == 0, TimeSpan.FromMinutes(2));
        ada.Send("41 ", sequence: 41);
        _node.RunUntil(() => slow.Texts.Contains("41 "));
        Assert.True(slow.Got.Count(g => g.Label == "_reliable") >= 10);
        var numbers = slow.Got.Where(g => g.Label == "_reliable").Select(g => int.Parse(g.Text.Split(' ')[0])).ToList();
        Assert.Equal(Enumerable.Range(1, numbers.Count - 1).Append(41), numbers);
    }

    [Fact]
    public void Reliable_messages_wait_for_one_whose_channel_is_still_being_opened()
    {
        var (ada, bob) = (Join("ada"), Join("bob", opens: false));

        ada.Send("welcome");
        ada.Send("lossy", reliable: false);
        ada.Send("bob", to: ["bob"]);
        _node.RunUntil(() => Dropped(DropReason.DataNotReady) == 1);
        bob.Open();
        _node.RunUntil(() => bob.Got.Count == 2);

        Assert.Equal(["welcome", "bob"], bob.Texts);
    }

    [Fact]
    public void One_who_never_opens_a_channel_holds_messages_for_15_s_only()
    {
        var (ada, bob) = (Join("ada"), Join("bob", opens: false));
        ada.Send("early");
        _node.Run(HeldMessages.MaxTime + TimeSpan.FromSeconds(1));
        ada.Send("late");
        _node.RunUntil(() => Dropped(DropReason.DataNotReady) == 1);

        bob.Open();
        ada.Send("now");
        _node.RunUntil(() => bob.Got.Count == 1);

        Assert.Equal(["now"], bob.Texts);
    }

    [Fact]
    public void A_participant_with_two_sessions_gets_messages_on_the_one_that_receives()
    {
        var ada = Join("ada");
        var sends = Join("bob-sends", d => d with { Identity = "bob", ParticipantSid = "PA_bob" });
        var receives = Join("bob-receives", d => d with { Identity = "bob", ParticipantSid = "PA_bob" });
        Change("bob-sends", plan => plan with { Data = plan.Data! with { Receives = false } });

        ada.Send("to both of you");
        sends.Send("from bob");
        _node.RunUntil(() => ada.Got.Count == 1 && receives.Got.Count == 1);

        Assert.Equal([("_reliable", "bob", "from bob")], ada.Got);
        Assert.Equal([("_reliable", "ada", "to both of you")], receives.Got);
        Assert.Empty(sends.Got);
    }

    [Fact]
    public void The_node_opens_the_channels_of_a_client_that_only_receives()
    {
        var (ada, bob) = (Join("ada"), Join("bob", d => d with { ParticipantSid = "PA_other" }, opens: false));
        _node.Loop.TryPost(new Recreate("bob"));

        _node.RunUntil(() => bob.Reliable is not null && bob.Lossy is not null);
        ada.Send("hello");
        ada.Send("quick", reliable: false);
        _node.RunUntil(() => bob.Got.Count == 2);

        Assert.Equal((0, 1, false), (bob.Lossy.Options.MaxRetransmits, bob.Reliable.Id % 2, bob.Lossy.Options.Ordered));
    }

    [Fact]
    public void The_server_sends_to_everyone_or_to_those_it_names()
    {
        var (ada, bob) = (Join("ada"), Join("bob"));

        Assert.Equal(new DataDelivery(null, 2), Send(DataClient.Packet("to all")));
        Assert.Equal(new DataDelivery(null, 1), Send(DataClient.Packet("to bob", 0, "bob", "nobody")));
        Assert.Equal(new DataDelivery(null, 0), Send(DataClient.Packet("to nobody"), room: "any/t/none"));
        Assert.Equal(ReasonCodes.BadRequest, Send([0xFF]).Error?.Code);
        Assert.Equal(ReasonCodes.BadRequest, Send(new byte[DataRouter.MaxMessage + 1]).Error?.Code);

        _node.RunUntil(() => ada.Got.Count == 1 && bob.Got.Count == 2);
        Assert.Equal([("_reliable", "", "to all"), ("_reliable", "", "to bob")], bob.Got);
    }

    [Fact]
    public void One_who_moves_to_another_room_is_heard_there_and_not_where_it_was()
    {
        var (ada, bob, cleo) = (Join("ada"), Join("bob"), Join("cleo", d => d with { RoomKey = "any/t/another" }));
        bob.Send("before", sequence: 5);
        _node.RunUntil(() => ada.Got.Count == 1);

        Change("bob", plan => plan with { Data = plan.Data! with { Room = "any/t/another" } });
        bob.Send("before", sequence: 5);
        bob.Send("moved", sequence: 6);
        cleo.Send("welcome");
        _node.RunUntil(() => cleo.Got.Count == 1 && bob.Got.Count == 1);

        Assert.Equal(["moved"], cleo.Texts);
        Assert.Equal(["before"], ada.Texts);
    }

    [Fact]
    public void One_who_left_is_sent_nothing()
    {
        var (ada, bob, cleo) = (Join("ada"), Join("bob"), Join("cleo"));
        _node.Ask<SessionReply>(id => new CloseSession(id, "bob", 1, 2, "LEFT"));

        ada.Send("who is here?");
        _node.RunUntil(() => cleo.Got.Count == 1);

        Assert.Empty(bob.Got);
        Assert.Equal(1, _node.Loop.Counters.DataMessagesForwarded);
    }

    [Fact]
    public void Messages_are_passed_on_without_garbage_once_the_pools_are_warm()
    {
        var clients = Enumerable.Range(0, 6).Select(i => Join($"c{i}")).ToList();
        var all = DataClient.Packet(new string('x', 1000));
        var named = DataClient.Packet(new string('x', 1000), 0, "c1", "c2");
        var command = new Relay("c0", all, named);

        for (var round = 0; round < 30; round++)
        {
            command.Allocated = 0;
            Assert.True(_node.Loop.TryPost(command));
            _node.Run(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal(0, command.Allocated);
        Assert.Equal((30 * 4, 30 * 2), (clients[1].Got.Count, clients[5].Got.Count));
    }

    private DataClient Join(string name, Func<SessionDesired, SessionDesired>? change = null, bool opens = true) =>
        DataClient.Join(_node, name, change, opens);

    /// <summary>Bits per second to a client.</summary>
    private void Limit(DataClient client, int rate) => _node.Network.SetPath(
        _node.Port.Address, client.Peer.Transport.Port.Address, new LinkConditions { Bandwidth = rate, QueueLimit = TimeSpan.FromSeconds(1) });

    private long Dropped(DropReason reason) => _node.Loop.Drops[reason];

    private DataDelivery Send(byte[] packet, string room = "any/t/room") =>
        _node.Ask<DataSent>(id => new SendData(id, room, true, packet)).Delivery;

    /// <summary>Has the loop take another plan of a session.</summary>
    private void Change(string session, Func<SessionPlan, SessionPlan> change)
    {
        Assert.True(_node.Loop.TryPost(new Replan(session, change)));
        _node.Turn();
    }

    private sealed class Replan(string session, Func<SessionPlan, SessionPlan> change) : LoopCommand
    {
        internal override void Execute(ForwardingLoop loop, Instant now)
        {
            var found = loop.Sessions.Find(session)!;
            found.Apply(now, change(found.Plan));
        }
    }

    /// <summary>Makes a session anew, before its client was heard, as one on which the node opens the channels.</summary>
    private sealed class Recreate(string session) : LoopCommand
    {
        internal override void Execute(ForwardingLoop loop, Instant now)
        {
            var before = loop.Sessions.Find(session)!;
            var plan = before.Plan with { Data = before.Plan.Data! with { OpensChannels = true } };
            loop.Remove(before);
            loop.Open(now, plan);
        }
    }

    /// <summary>Hands the router messages as if they had come from a session, and measures it.</summary>
    private sealed class Relay(string session, params byte[][] messages) : LoopCommand
    {
        public long Allocated { get; set; }

        internal override void Execute(ForwardingLoop loop, Instant now)
        {
            var from = loop.Sessions.Find(session)!;
            var channel = from.Data!.Channels.Channels.Single(c => c.Label == DataChannelLabels.Reliable);
            var lossy = from.Data!.Channels.Channels.Single(c => c.Label == DataChannelLabels.Lossy);
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var message in messages)
            {
                loop.Data.MessageReceived(now, from, channel, message, isText: false);
                loop.Data.MessageReceived(now, from, lossy, message, isText: false);
            }

            Allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }
}
