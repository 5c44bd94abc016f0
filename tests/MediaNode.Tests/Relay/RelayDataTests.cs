using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Tests.Data;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Relay;

/// <summary>Data messages in a room that is on two nodes: ada and cleo are here, bob and dan there.</summary>
public sealed class RelayDataTests : RelayTest
{
    private readonly DataClient _ada;
    private readonly DataClient _cleo;
    private readonly DataClient _bob;
    private readonly DataClient _dan;

    public RelayDataTests()
    {
        Dial();
        _ada = DataClient.Join(Node, "ada");
        _cleo = DataClient.Join(Node, "cleo");
        _bob = DataClient.Join(There, "bob");
        _dan = DataClient.Join(There, "dan");
    }

    [Fact]
    public void A_message_reaches_everyone_at_both_nodes_once()
    {
        _ada.Send("hello");
        _bob.Send("quick", reliable: false);
        Node.RunUntil(() => _cleo.Got.Count == 2 && _dan.Got.Count == 2);
        Node.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([("_reliable", "ada", "hello")], _bob.Got);
        Assert.Equal([("_lossy", "bob", "quick")], _ada.Got);
    }

    [Fact]
    public void A_message_that_names_receivers_reaches_those_alone_wherever_they_are()
    {
        _ada.Send("for two", to: ["dan", "cleo", "ada"]);
        _ada.Send("for all");
        Node.RunUntil(() => _bob.Got.Count == 1 && _cleo.Got.Count == 2 && _dan.Got.Count == 2);
        Assert.Equal(["for all"], _bob.Texts);
        Assert.Empty(_ada.Got);
    }

    [Fact]
    public void Reliable_messages_arrive_whole_and_in_order_over_a_line_that_is_slow_and_loses()
    {
        SetLine(new LinkConditions { Bandwidth = 20_000_000, Loss = 0.01, Delay = TimeSpan.FromMilliseconds(40), QueueLimit = TimeSpan.FromSeconds(1) });
        for (var i = 1; i <= 80; i++)
        {
            var packet = DataClient.Packet($"{i} ".PadRight(60_000, '.'), (uint)i);
            Node.RunUntil(() => _ada.SendRaw(_ada.Reliable, packet) == SctpSendStatus.Queued, TimeSpan.FromSeconds(30));
        }

        Node.RunUntil(() => _dan.Got.Count == 80, TimeSpan.FromSeconds(120));
        Assert.Equal(Enumerable.Range(1, 80), _dan.Got.Select(g => int.Parse(g.Text.Split(' ')[0])));
        Assert.Equal(0, Node.Dropped(DropReason.DataSlowReceiver) + There.Dropped(DropReason.DataSlowReceiver));
    }

    [Fact]
    public void A_slow_receiver_at_the_other_node_slows_its_sender_down()
    {
        There.SetPath(_dan.Peer.Transport.Port.Address, new LinkConditions { Bandwidth = 10_000_000, QueueLimit = TimeSpan.FromSeconds(1) });
        var (isHeldUp, sender) = (false, Node.LoopOf("ada").Sessions.Find("ada")!.Data!);
        for (var i = 1; i <= 80; i++)
        {
            var packet = DataClient.Packet($"{i} ".PadRight(60_000, '.'), (uint)i);
            Node.RunUntil(
                () =>
                {
                    isHeldUp |= sender.PausedUntil != Instant.Zero;
                    return _ada.SendRaw(_ada.Reliable, packet) == SctpSendStatus.Queued;
                },
                TimeSpan.FromSeconds(5));
        }

        Node.RunUntil(() => _dan.Got.Count == 80, TimeSpan.FromSeconds(15));
        Assert.True(isHeldUp);
        Assert.Equal(Enumerable.Range(1, 80), _dan.Got.Select(g => int.Parse(g.Text.Split(' ')[0])));
        Assert.Equal(0, There.Dropped(DropReason.DataSlowReceiver));
    }
}
