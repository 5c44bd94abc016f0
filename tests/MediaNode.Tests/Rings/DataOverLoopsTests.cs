using Nexus.Link;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Tests.Data;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Rings;

/// <summary>Data messages in a room that is on two loops: ada and cleo are on the first, bob and dan on the second.</summary>
public sealed class DataOverLoopsTests : IDisposable
{
    private readonly VirtualNode _node = new(change: o => o with { Loops = 2, MostSessions = 0 });
    private readonly DataClient _ada;
    private readonly DataClient _bob;
    private readonly DataClient _cleo;
    private readonly DataClient _dan;

    public DataOverLoopsTests()
    {
        _ada = DataClient.Join(_node, "ada");
        _bob = DataClient.Join(_node, "bob", Watching);
        _cleo = DataClient.Join(_node, "cleo", Watching);
        _dan = DataClient.Join(_node, "dan", Watching);
        Assert.Equal([0, 1, 0, 1], new[] { "ada", "bob", "cleo", "dan" }.Select(n => _node.LoopOf(n).Index));
    }

    public void Dispose() => _node.Dispose();

    [Fact]
    public void A_message_reaches_everyone_on_all_loops_once()
    {
        _ada.Send("hello");
        _bob.Send("quick", reliable: false);
        _node.RunUntil(() => _cleo.Got.Count == 2 && _dan.Got.Count == 2);
        Assert.Equal([("_reliable", "ada", "hello")], _bob.Got);
        Assert.Equal([("_lossy", "bob", "quick")], _ada.Got);
    }

    [Fact]
    public void A_message_that_names_receivers_reaches_those_alone_wherever_they_are()
    {
        _ada.Send("for two", to: ["dan", "cleo", "ada"]);
        _ada.Send("for all");
        _node.RunUntil(() => _bob.Got.Count == 1 && _cleo.Got.Count == 2 && _dan.Got.Count == 2);
        Assert.Equal(["for all"], _bob.Texts);
        Assert.Empty(_ada.Got);
    }

    [Fact]
    public void What_the_server_sends_reaches_all_and_counts_them_once()
    {
        var sent = _node.Ask<DataSent>(id => new SendData(id, "any/t/room", true, DataClient.Packet("news"))).Delivery;
        Assert.Equal((null, 4), (sent.Error, sent.Receivers));
        _node.RunUntil(() => new[] { _ada, _bob, _cleo, _dan }.All(c => c.Texts.SequenceEqual(["news"])));
    }

    [Fact]
    public void A_sender_is_slowed_down_by_who_is_on_another_loop_and_what_it_sends_arrives_whole()
    {
        _node.SetPath(_dan.Peer.Transport.Port.Address, new LinkConditions { Bandwidth = 10_000_000, QueueLimit = TimeSpan.FromSeconds(1) });
        var (isHeldUp, sender) = (false, _node.LoopOf("ada").Sessions.Find("ada")!.Data!);
        for (var i = 1; i <= 80; i++)
        {
            var packet = DataClient.Packet($"{i} ".PadRight(60_000, '.'), (uint)i);
            _node.RunUntil(
                () =>
                {
                    isHeldUp |= sender.PausedUntil != Instant.Zero;
                    return _ada.SendRaw(_ada.Reliable, packet) == SctpSendStatus.Queued;
                },
                TimeSpan.FromSeconds(5));
        }

        _node.RunUntil(() => _dan.Got.Count == 80, TimeSpan.FromSeconds(15));
        Assert.True(isHeldUp);
        Assert.Equal(Enumerable.Range(1, 80), _dan.Got.Select(g => int.Parse(g.Text.Split(' ')[0])));
        Assert.Equal(0, _node.Dropped(DropReason.DataSlowReceiver));
    }

    [Fact]
    public void Who_moves_into_a_room_of_another_loop_is_heard_there_and_not_where_it_was()
    {
        DataClient.Join(_node, "fay", Watching);
        var eve = DataClient.Join(_node, "eve", d => d with { RoomKey = "any/t/another" });
        Assert.Equal(1, _node.LoopOf("eve").Index);
        var desired = VirtualNode.Desired("cleo", SessionLeg.Duplex) with { RoomKey = "any/t/another", CanPublish = false };
        Assert.Equal(ApplyStatus.Applied, _node.Apply("cleo", desired, seq: 2).Status);
        Assert.Equal(0, _node.LoopOf("cleo").Index);
        _cleo.Send("moved");
        eve.Send("welcome");
        _ada.Send("gone?");
        _node.RunUntil(() => eve.Got.Count == 1 && _cleo.Got.Count == 1 && _bob.Got.Count == 1);
        Assert.Equal(["moved"], eve.Texts);
        Assert.Equal(["welcome"], _cleo.Texts);
        Assert.Empty(_ada.Got);
    }

    [Fact]
    public void A_room_that_is_on_one_loop_again_sends_nothing_elsewhere()
    {
        foreach (var gone in new[] { "bob", "dan" })
        {
            _node.Ask<SessionReply>(id => new CloseSession(id, gone, 1, 2, "LEFT"));
        }

        var before = _node.Loops[1].Counters.CommandsExecuted;
        _ada.Send("alone");
        _node.RunUntil(() => _cleo.Got.Count == 1);
        Assert.Equal(before, _node.Loops[1].Counters.CommandsExecuted);
    }

    private static SessionDesired Watching(SessionDesired desired) => desired with { CanPublish = false };
}
