using System.Buffers.Binary;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Sctp;

public class TransferTests
{
    private static readonly LinkConditions Bad = new()
    {
        Delay = TimeSpan.FromMilliseconds(20),
        Jitter = TimeSpan.FromMilliseconds(5),
        Loss = 0.05,
        Duplication = 0.01,
        Reorder = 0.05,
    };

    [Fact]
    public void Ten_megabytes_arrive_intact_under_loss_and_reordering()
    {
        var pair = SctpPair.Connected(Bad);
        var channel = pair.Open();
        var random = new Random(7);
        var sent = new List<byte[]>();
        var octets = 0;

        pair.RunUntil(() => pair.Server.OctetsReceived == 10_000_000, () =>
        {
            while (octets < 10_000_000)
            {
                var message = new byte[Math.Min(random.Next(1, 65536), 10_000_000 - octets)];
                random.NextBytes(message);
                if (pair.Client.Channels.TrySend(pair.Now, channel.Id, message, isText: false) != SctpSendStatus.Queued)
                {
                    break;
                }

                octets += message.Length;
                sent.Add(message);
            }
        });

        Assert.Equal(sent, pair.Server.Received[channel.Id]);
        Assert.Equal(SctpEnd.None, pair.Client.Association.End);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1108)]
    [InlineData(1109)]
    [InlineData(65536)]
    [InlineData(256 * 1024)]
    public void Messages_of_any_size_up_to_the_limit_arrive_whole(int size)
    {
        var pair = SctpPair.Connected(Bad, seed: size);
        pair.Client.Channels.RemoteMaxMessageSize = 0;
        var channel = pair.Open();
        var message = new byte[size];
        new Random(size).NextBytes(message);

        Assert.Equal(SctpSendStatus.Queued, pair.Client.Channels.TrySend(pair.Now, channel.Id, message, isText: false));
        pair.RunUntil(() => pair.Server.Received.ContainsKey(channel.Id));

        Assert.Equal(message, Assert.Single(pair.Server.Received[channel.Id]));
    }

    [Fact]
    public void A_message_longer_than_the_limit_ends_the_association_with_a_reason()
    {
        var pair = SctpPair.Connected(serverOptions: new SctpOptions { MaxMessageSize = 10_000 });
        pair.Client.Channels.RemoteMaxMessageSize = 0;
        var channel = pair.Open();

        pair.Client.Channels.TrySend(pair.Now, channel.Id, new byte[10_001], isText: false);
        pair.RunUntil(() => pair.Client.Association.End != SctpEnd.None);

        Assert.Equal(SctpEnd.ProtocolViolation, pair.Server.Association.End);
        Assert.Equal(SctpEnd.AbortedByPeer, pair.Client.Association.End);
        Assert.Equal(SctpCause.ProtocolViolation, pair.Client.Association.EndCause);
    }

    [Fact]
    public void A_message_longer_than_the_peer_takes_is_refused_by_name()
    {
        var pair = SctpPair.Connected();
        pair.Client.Channels.RemoteMaxMessageSize = 100;

        Assert.Equal(SctpSendStatus.TooLong, pair.Client.Channels.TrySend(pair.Now, pair.Open().Id, new byte[101], isText: false));
    }

    [Fact]
    public void Numbers_wrap_without_harm()
    {
        var options = new SctpOptions { InitialTsn = uint.MaxValue - 20 };
        var pair = SctpPair.Connected(Bad, options: options);
        var channel = pair.Open();

        // stream sequence numbers wrap too
        var sent = 0;
        pair.RunUntil(() => pair.Server.Received.GetValueOrDefault(channel.Id)?.Count == 70_000, () =>
        {
            var message = new byte[4];
            for (; sent < 70_000; sent++)
            {
                BinaryPrimitives.WriteInt32BigEndian(message, sent);
                if (pair.Client.Channels.TrySend(pair.Now, channel.Id, message, isText: false) != SctpSendStatus.Queued || sent % 500 == 499)
                {
                    sent += sent % 500 == 499 ? 1 : 0;
                    break;
                }
            }
        });

        var inOrder = pair.Server.Received[channel.Id].Select(m => BinaryPrimitives.ReadInt32BigEndian(m));
        Assert.Equal(Enumerable.Range(0, 70_000), inOrder);
    }

    [Fact]
    public void Ordered_messages_keep_their_order_and_unordered_ones_overtake_a_lost_one()
    {
        var pair = SctpPair.Connected();
        var ordered = pair.Open("ordered");
        var unordered = pair.Open("unordered", new DataChannelOptions { Ordered = false });
        foreach (var channel in (DataChannel[])[ordered, unordered])
        {
            var lost = 0;
            pair.Network.Filter = (_, to, packet) => to != pair.Server.Port.Address || !HasData(packet.Span) || ++lost != 1;
            foreach (var text in (string[])["first", "second", "third"])
            {
                pair.SendText(channel, text);
                pair.Client.Flush(pair.Now, pair.Server.Port);
            }

            pair.RunUntil(() => pair.Server.Received.GetValueOrDefault(channel.Id)?.Count == 3);
        }

        Assert.Equal(["first", "second", "third"], pair.Server.Texts(ordered.Id));
        Assert.Equal(["second", "third", "first"], pair.Server.Texts(unordered.Id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_lost_packet_is_repeated_after_three_later_ones_without_waiting_for_the_timer(bool oneSackForAll)
    {
        var pair = SctpPair.Connected();
        pair.Server.TakesBatches = oneSackForAll;
        var channel = pair.Open();
        var lost = 0;
        pair.Network.Filter = (_, to, packet) => to != pair.Server.Port.Address || !HasData(packet.Span) || ++lost != 1;
        var started = pair.Now;
        for (var i = 0; i < 6; i++)
        {
            pair.Client.Channels.TrySend(pair.Now, channel.Id, new byte[1000], isText: false);
        }

        pair.RunUntil(() => pair.Server.Received.GetValueOrDefault(channel.Id)?.Count == 6);

        Assert.Equal(1, pair.Client.Association.RepeatedChunks);
        Assert.True(pair.Now - started < TimeSpan.FromMilliseconds(100), $"took {pair.Now - started}");
    }

    [Fact]
    public void A_lost_last_packet_is_repeated_after_the_least_time_out()
    {
        var pair = SctpPair.Connected();
        var channel = pair.Open();
        pair.RunFor(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 20; i++)
        {
            pair.SendText(channel, "measure the round trip");
            pair.RunFor(TimeSpan.FromMilliseconds(100));
        }

        var lost = 0;
        pair.Network.Filter = (_, to, packet) => to != pair.Server.Port.Address || !HasData(packet.Span) || ++lost != 1;
        var started = pair.Now;
        pair.SendText(channel, "last");
        pair.RunUntil(() => pair.Server.Texts(channel.Id).Contains("last"));

        Assert.InRange(pair.Now - started, TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(260));
    }

    [Fact]
    public void A_bottleneck_is_filled_but_hardly_overrun()
    {
        var pair = SctpPair.Connected(new LinkConditions
        {
            Delay = TimeSpan.FromMilliseconds(25),
            Bandwidth = 8_000_000,
            QueueLimit = TimeSpan.FromMilliseconds(100),
        });
        var channel = pair.Open();
        var started = pair.Now;
        pair.RunUntil(() => pair.Server.OctetsReceived >= 10_000_000, () => Fill(pair, channel, 16_000));

        var seconds = (pair.Now - started).TotalSeconds;
        Assert.InRange(10_000_000 * 8 / seconds, 6_500_000, 8_000_000);
        Assert.True(pair.Network.Dropped < 300, $"{pair.Network.Dropped} dropped");
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(16)]
    public void Whatever_the_network_does_reliable_channels_deliver_everything_in_order_both_ways(int seed)
    {
        var random = new Random(seed);
        var conditions = new LinkConditions
        {
            Delay = TimeSpan.FromMilliseconds(random.Next(1, 100)),
            Jitter = TimeSpan.FromMilliseconds(random.Next(0, 50)),
            Loss = random.NextDouble() * 0.2,
            Duplication = random.NextDouble() * 0.2,
            Reorder = random.NextDouble() * 0.3,
            ReorderBy = TimeSpan.FromMilliseconds(random.Next(1, 200)),
        };
        var pair = SctpPair.Connected(conditions, seed, new SctpOptions { Mtu = random.Next(300, 1136), ReceiveWindow = random.Next(300_000, 1_000_000) });
        var channels = Enumerable.Range(0, random.Next(1, 6)).Select(i => pair.Open($"channel {i}")).ToArray();
        SctpPeer[] ends = [pair.Client, pair.Server];
        var sent = ends.ToDictionary(e => e, _ => channels.ToDictionary(c => c.Id, _ => new List<byte[]>()));
        var left = 400;

        pair.RunUntil(
            () => left == 0 && ends.All(e => sent[e].All(s => s.Value.Count == Other(e).Received.GetValueOrDefault(s.Key, []).Count)),
            () =>
            {
                for (var i = random.Next(4); i > 0 && left > 0; i--)
                {
                    var end = ends[random.Next(2)];
                    var channel = channels[random.Next(channels.Length)].Id;
                    var message = new byte[random.Next(10) == 0 ? random.Next(60_000) : random.Next(200)];
                    random.NextBytes(message);
                    if (end.Channels.TrySend(pair.Now, channel, message, isText: false) == SctpSendStatus.Queued)
                    {
                        sent[end][channel].Add(message);
                        left--;
                    }
                }
            });

        foreach (var end in ends)
        {
            foreach (var (channel, messages) in sent[end])
            {
                Assert.Equal(messages, Other(end).Received.GetValueOrDefault(channel, []));
            }
        }

        SctpPeer Other(SctpPeer end) => end == pair.Client ? pair.Server : pair.Client;
    }

    internal static void Fill(SctpPair pair, DataChannel channel, int size)
    {
        var message = new byte[size];
        while (pair.Client.Channels.TrySend(pair.Now, channel.Id, message, isText: false) == SctpSendStatus.Queued)
        {
        }
    }

    internal static bool HasData(ReadOnlySpan<byte> packet)
    {
        Assert.True(SctpPacket.TryParse(packet, out var parsed));
        var chunks = parsed.Chunks;
        while (chunks.TryRead(out var chunk))
        {
            if (chunk.ChunkType == ChunkType.Data)
            {
                return true;
            }
        }

        return false;
    }
}
