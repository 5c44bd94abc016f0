using System.Text;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Sctp;

public class DataChannelTests
{
    public static TheoryData<DataChannelOptions> Kinds =>
    [
        new DataChannelOptions(),
        new DataChannelOptions { Ordered = false },
        new DataChannelOptions { Ordered = false, MaxRetransmits = 0 },
        new DataChannelOptions { MaxRetransmits = 3, Priority = 512 },
        new DataChannelOptions { MaxLifetime = TimeSpan.FromMilliseconds(250), Protocol = "chat.v2" },
    ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_peer_learns_name_protocol_and_reliability(DataChannelOptions options)
    {
        var pair = SctpPair.Connected();

        var channel = pair.Open("Grüße", options);

        var opened = Assert.Single(pair.Server.Opened);
        Assert.Equal(("Grüße", options), (opened.Label, opened.Options));
        Assert.Equal(channel.Id, opened.Id);
        Assert.Equal(channel, Assert.Single(pair.Client.Opened));
    }

    [Fact]
    public void The_dtls_client_takes_even_ids_and_the_server_odd_ones()
    {
        var pair = SctpPair.Connected();
        Assert.Equal([0, 2, 4], Enumerable.Range(0, 3).Select(i => (int)pair.Client.Channels.Open(pair.Now, $"c{i}")!.Id));
        Assert.Equal([1, 3, 5], Enumerable.Range(0, 3).Select(i => (int)pair.Server.Channels.Open(pair.Now, $"s{i}")!.Id));

        pair.RunUntil(() => pair.Client.Opened.Count == 6 && pair.Server.Opened.Count == 6);

        Assert.Equal(["s0", "s1", "s2"], pair.Client.Opened.Where(c => c.Id % 2 == 1).OrderBy(c => c.Id).Select(c => c.Label));
    }

    [Fact]
    public void Channels_opened_and_used_before_the_association_is_up_work_once_it_is()
    {
        var pair = new SctpPair();
        var channel = pair.Client.Channels.Open(pair.Now, "early")!;
        Assert.Equal(SctpSendStatus.Queued, pair.SendText(channel, "already here"));
        pair.Client.Association.Connect(pair.Now);

        pair.RunUntil(() => pair.Server.Texts(channel.Id).Contains("already here"));
    }

    [Fact]
    public void Text_binary_and_empty_messages_stay_what_they_are()
    {
        var pair = SctpPair.Connected();
        var channel = pair.Open();
        var seen = new List<(bool IsText, string Data)>();
        pair.Server.OnEvent = e =>
        {
            if (e.Kind == DataChannelEventKind.Message)
            {
                seen.Add((e.IsText, Encoding.UTF8.GetString(e.Data.Span)));
            }
        };
        foreach (var (text, isText) in ((string, bool)[])[("text", true), ("", true), ("binary", false), ("", false)])
        {
            pair.Client.Channels.TrySend(pair.Now, channel.Id, Encoding.UTF8.GetBytes(text), isText);
        }

        pair.RunUntil(() => seen.Count == 4);

        Assert.Equal([(true, "text"), (true, ""), (false, "binary"), (false, "")], seen);
    }

    [Fact]
    public void A_channel_that_both_sides_agreed_on_needs_no_opening()
    {
        var pair = SctpPair.Connected();
        var options = new DataChannelOptions { NegotiatedId = 42 };
        var channel = pair.Client.Channels.Open(pair.Now, "agreed", options)!;
        pair.Server.Channels.Open(pair.Now, "agreed", options);

        pair.SendText(channel, "hi");
        pair.RunUntil(() => pair.Server.Texts(42).Contains("hi"));

        Assert.Empty(pair.Server.Opened);
        Assert.Null(pair.Client.Channels.Open(pair.Now, "taken", options));
    }

    [Fact]
    public void Closing_sends_what_was_queued_and_frees_the_id_on_both_sides()
    {
        var pair = SctpPair.Connected(new LinkConditions { Delay = TimeSpan.FromMilliseconds(20), Loss = 0.1, Reorder = 0.2 });
        var channel = pair.Open("first");
        for (var i = 0; i < 100; i++)
        {
            pair.SendText(channel, $"message {i}");
        }

        pair.Client.Channels.Close(channel.Id);
        Assert.Equal(SctpSendStatus.Closed, pair.SendText(channel, "too late"));
        pair.RunUntil(() => pair.Client.Closed.Count == 1 && pair.Server.Closed.Count == 1);

        Assert.Equal(100, pair.Server.Received[channel.Id].Count);
        Assert.Equal(DataChannelState.Closed, channel.State);
        Assert.Empty(pair.Server.Channels.Channels);

        var second = pair.Open("second");
        Assert.Equal(channel.Id, second.Id);
        pair.SendText(second, "numbers start again");
        pair.RunUntil(() => pair.Server.Texts(second.Id).Last() == "numbers start again");
    }

    [Fact]
    public void Both_sides_may_close_at_once()
    {
        var pair = SctpPair.Connected();
        var channel = pair.Open();
        pair.Client.Channels.Close(channel.Id);
        pair.Server.Channels.Close(channel.Id);

        pair.RunUntil(() => pair.Client.Closed.Count == 1 && pair.Server.Closed.Count == 1);
    }

    [Fact]
    public void A_channel_closed_before_the_association_is_up_is_closed_at_the_peer_too()
    {
        var pair = new SctpPair();
        var channel = pair.Client.Channels.Open(pair.Now, "short")!;
        pair.Client.Channels.Close(channel.Id);
        pair.Client.Association.Connect(pair.Now);

        pair.RunUntil(() => pair.Client.Closed.Count == 1 && pair.Server.Closed.Count == 1);
    }

    [Fact]
    public void Two_hundred_channels_open_talk_and_close()
    {
        var pair = SctpPair.Connected(new LinkConditions { Delay = TimeSpan.FromMilliseconds(10), Loss = 0.05 });
        var channels = Enumerable.Range(0, 200).Select(i => pair.Client.Channels.Open(pair.Now, $"channel {i}")!).ToList();
        channels.ForEach(c => pair.SendText(c, c.Label));
        pair.RunUntil(() => channels.TrueForAll(c => pair.Server.Texts(c.Id).Contains(c.Label)));

        channels.ForEach(c => pair.Client.Channels.Close(c.Id));
        pair.RunUntil(() => pair.Client.Closed.Count == 200 && pair.Server.Closed.Count == 200);
    }

    [Fact]
    public void A_full_buffer_refuses_and_says_when_there_is_room_again()
    {
        var pair = SctpPair.Connected(options: new SctpOptions { SendBuffer = 100_000 });
        var channel = pair.Open();
        TransferTests.Fill(pair, channel, 1000);
        Assert.InRange(pair.Client.Channels.BufferedAmount(channel.Id), 99_000, 100_000);
        Assert.Equal(SctpSendStatus.BufferFull, pair.Client.Channels.TrySend(pair.Now, channel.Id, new byte[1000], isText: false));

        pair.RunUntil(() => pair.Client.Events.Contains(DataChannelEventKind.BufferedAmountLow));

        Assert.Equal(SctpSendStatus.Queued, pair.Client.Channels.TrySend(pair.Now, channel.Id, new byte[1000], isText: false));
    }

    [Fact]
    public void Falling_to_the_threshold_is_told_once()
    {
        var pair = SctpPair.Connected();
        var channel = pair.Open();
        pair.Client.Channels.SetBufferedAmountLowThreshold(channel.Id, 10_000);
        var amount = long.MaxValue;
        pair.Client.OnEvent = e => amount = e.Kind == DataChannelEventKind.BufferedAmountLow ? pair.Client.Channels.BufferedAmount(channel.Id) : amount;
        for (var i = 0; i < 60; i++)
        {
            pair.Client.Channels.TrySend(pair.Now, channel.Id, new byte[1000], isText: false);
        }

        pair.RunUntil(() => pair.Server.OctetsReceived == 60_000);

        Assert.Single(pair.Client.Events, DataChannelEventKind.BufferedAmountLow);
        Assert.InRange(amount, 9_000, 10_000);
    }

    [Fact]
    public void A_receiver_that_does_not_read_stops_the_sender_until_it_does()
    {
        var pair = SctpPair.Connected();
        var channel = pair.Open();
        pair.Server.Polls = false;
        var sent = 0L;
        for (var i = 0; i < 300; i++)
        {
            while (pair.Client.Channels.TrySend(pair.Now, channel.Id, new byte[10_000], isText: false) == SctpSendStatus.Queued)
            {
                sent += 10_000;
            }

            pair.RunFor(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(sent, SctpOptions.Default.ReceiveWindow, SctpOptions.Default.ReceiveWindow + SctpOptions.Default.SendBuffer);
        Assert.Equal(SctpEnd.None, pair.Client.Association.End);

        pair.Server.Polls = true;
        pair.RunUntil(() => pair.Server.OctetsReceived == sent);
    }

    [Fact]
    public void A_channel_full_of_large_messages_does_not_starve_a_small_one()
    {
        var pair = SctpPair.Connected(new LinkConditions { Delay = TimeSpan.FromMilliseconds(10), Bandwidth = 2_000_000 });
        var large = pair.Open("files");
        var small = pair.Open("chat");
        var step = 0;
        pair.RunUntil(() => pair.Server.Received.GetValueOrDefault(large.Id)?.Count >= 50, () =>
        {
            TransferTests.Fill(pair, large, 16_000);
            if (++step % 20 == 0)
            {
                pair.SendText(small, "hi");
            }
        });
        var said = pair.Server.Received[small.Id].Count;

        pair.Client.Channels.SetBufferedAmountLowThreshold(small.Id, 0);
        var asked = pair.Now;
        pair.Client.OnEvent = _ => { };
        while (pair.Client.Channels.TrySend(pair.Now, small.Id, "now"u8, isText: true) != SctpSendStatus.Queued)
        {
            pair.RunFor(TimeSpan.FromMilliseconds(10));
        }

        pair.RunUntil(() => pair.Server.Texts(small.Id).Contains("now"));
        Assert.True(said > 0);
        Assert.True(pair.Now - asked < TimeSpan.FromSeconds(1.5), $"took {pair.Now - asked}");
    }

    [Fact]
    public void A_priority_of_nothing_is_the_normal_one()
    {
        var pair = SctpPair.Connected(new LinkConditions { Delay = TimeSpan.FromMilliseconds(10), Bandwidth = 4_000_000 });
        var unsaid = pair.Open("unsaid", new DataChannelOptions { Priority = 0 });
        var normal = pair.Open("normal");
        for (var i = 0; i < 250; i++)
        {
            pair.Client.Channels.TrySend(pair.Now, unsaid.Id, new byte[2000], isText: false);
            pair.Client.Channels.TrySend(pair.Now, normal.Id, new byte[2000], isText: false);
        }

        pair.RunUntil(() => pair.Server.Received.GetValueOrDefault(normal.Id)?.Count == 200);

        Assert.InRange(pair.Server.Received[unsaid.Id].Count, 190, 210);
    }

    [Fact]
    public void Priority_divides_a_bottleneck()
    {
        var pair = SctpPair.Connected(new LinkConditions { Delay = TimeSpan.FromMilliseconds(10), Bandwidth = 4_000_000 });
        var high = pair.Open("high", new DataChannelOptions { Priority = 1024 });
        var normal = pair.Open("normal");
        for (var i = 0; i < 250; i++)
        {
            pair.Client.Channels.TrySend(pair.Now, high.Id, new byte[2000], isText: false);
            pair.Client.Channels.TrySend(pair.Now, normal.Id, new byte[2000], isText: false);
        }

        pair.RunUntil(() => pair.Server.Received.GetValueOrDefault(high.Id)?.Count == 200);

        Assert.InRange(pair.Server.Received[normal.Id].Count, 40, 65);
    }

    [Fact]
    public void An_opening_on_a_used_id_closes_that_channel()
    {
        var pair = SctpPair.Connected();
        var channel = pair.Open();
        pair.Client.Association.TrySend(pair.Now, channel.Id, PayloadProtocol.Dcep, Dcep.WriteOpen(DataChannelOptions.Default, "again"));

        pair.RunUntil(() => pair.Client.Closed.Count == 1 && pair.Server.Closed.Count == 1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("03")]
    [InlineData("030000000000000000FF0000")]
    [InlineData("037F00000000000000000000")]
    [InlineData("090000000000000000000000")]
    public void A_malformed_opening_opens_nothing(string hex) =>
        Assert.False(Dcep.TryReadOpen(Convert.FromHexString(hex), out _, out _));
}
