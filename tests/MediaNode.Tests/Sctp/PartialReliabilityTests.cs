using System.Buffers.Binary;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Sctp;

public class PartialReliabilityTests
{
    private static readonly LinkConditions Lossy = new()
    {
        Delay = TimeSpan.FromMilliseconds(20),
        Loss = 0.1,
        Reorder = 0.05,
        ReorderBy = TimeSpan.FromMilliseconds(5),
    };

    [Theory]
    [InlineData(true, 100)]
    [InlineData(false, 100)]
    [InlineData(true, 5000)]
    [InlineData(false, 5000)]
    public void Messages_without_repeats_are_lost_like_packets_and_hold_nobody_up(bool ordered, int size)
    {
        var pair = SctpPair.Connected(Lossy);
        var channel = pair.Open("lossy", new DataChannelOptions { Ordered = ordered, MaxRetransmits = 0 });
        var numbers = SendNumbered(pair, channel, 1000, size, TimeSpan.FromMilliseconds(size == 100 ? 10 : 60));

        Assert.InRange(numbers.Count, size == 100 ? 850 : 450, 980);
        Assert.Equal(numbers.Count, numbers.Distinct().Count());
        if (ordered)
        {
            Assert.Equal(numbers.Order(), numbers);
        }

        // and the association is sound: what is reliable still is
        var reliable = pair.Open("reliable");
        pair.SendText(reliable, "everything");
        pair.RunUntil(() => pair.Server.Texts(reliable.Id).Contains("everything"));
        Assert.Equal(SctpEnd.None, pair.Client.Association.End);
    }

    [Fact]
    public void One_repeat_saves_nearly_all()
    {
        var pair = SctpPair.Connected(Lossy);
        var none = SendNumbered(pair, pair.Open("0", new DataChannelOptions { Ordered = false, MaxRetransmits = 0 }), 1000, 100, TimeSpan.FromMilliseconds(10));
        var one = SendNumbered(pair, pair.Open("1", new DataChannelOptions { Ordered = false, MaxRetransmits = 1 }), 1000, 100, TimeSpan.FromMilliseconds(10));

        Assert.InRange(one.Count, 970, 1000);
        Assert.True(one.Count > none.Count);
    }

    [Fact]
    public void Messages_that_waited_beyond_their_lifetime_are_not_sent()
    {
        var pair = SctpPair.Connected(new LinkConditions { Delay = TimeSpan.FromMilliseconds(20), Bandwidth = 400_000 });
        var channel = pair.Open("live", new DataChannelOptions { MaxLifetime = TimeSpan.FromMilliseconds(200) });
        var latest = TimeSpan.Zero;
        pair.Server.OnEvent = e =>
        {
            if (e.Kind == DataChannelEventKind.Message)
            {
                var age = pair.Now - new Instant(BinaryPrimitives.ReadInt64BigEndian(e.Data.Span));
                latest = age > latest ? age : latest;
            }
        };
        for (var i = 0; i < 1000; i++)
        {
            // 800 kbit/s into 400
            var message = new byte[1000];
            BinaryPrimitives.WriteInt64BigEndian(message, pair.Now.Nanoseconds);
            pair.Client.Channels.TrySend(pair.Now, channel.Id, message, isText: false);
            pair.RunFor(TimeSpan.FromMilliseconds(10));
        }

        pair.RunFor(TimeSpan.FromSeconds(5));

        Assert.InRange(pair.Server.Received[channel.Id].Count, 300, 600);

        // lifetime, the link's queue, and behind a lost one: the round trip that gave it up and the one that said so
        Assert.True(latest < TimeSpan.FromMilliseconds(1200), $"oldest on arrival: {latest}");
    }

    [Fact]
    public void A_peer_that_knows_no_partial_reliability_gets_everything()
    {
        var pair = new SctpPair(Lossy, seed: 3);
        HideForwardTsn(pair);
        pair.Client.Association.Connect(pair.Now);
        pair.RunUntil(() => pair.Client.Association.State == SctpState.Established && pair.Server.Association.State == SctpState.Established);
        Assert.False(pair.Client.Association.SupportsPartialReliability);

        var numbers = SendNumbered(pair, pair.Open("lossy", new DataChannelOptions { MaxRetransmits = 0 }), 300, 100, TimeSpan.FromMilliseconds(5));

        Assert.Equal(Enumerable.Range(0, 300), numbers);
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(23)]
    [InlineData(24)]
    public void Reliable_channels_lose_nothing_beside_lossy_ones(int seed)
    {
        var random = new Random(seed);
        var pair = SctpPair.Connected(Lossy with { Loss = 0.15, Duplication = 0.1 }, seed);
        DataChannel[] channels =
        [
            pair.Open("reliable"),
            pair.Open("lossy", new DataChannelOptions { Ordered = false, MaxRetransmits = 0 }),
            pair.Open("lossy, in order", new DataChannelOptions { MaxRetransmits = 0 }),
            pair.Open("short-lived", new DataChannelOptions { MaxLifetime = TimeSpan.FromMilliseconds(30) }),
        ];
        var reliable = new List<byte[]>();
        for (var i = 0; i < 400; i++)
        {
            var channel = channels[random.Next(channels.Length)];
            var message = new byte[random.Next(1, random.Next(8) == 0 ? 30_000 : 300)];
            random.NextBytes(message);
            if (pair.Client.Channels.TrySend(pair.Now, channel.Id, message, isText: false) == SctpSendStatus.Queued && channel == channels[0])
            {
                reliable.Add(message);
            }

            pair.RunFor(TimeSpan.FromMilliseconds(random.Next(20)));
        }

        pair.RunUntil(() => pair.Server.Received[channels[0].Id].Count == reliable.Count);

        Assert.Equal(reliable, pair.Server.Received[channels[0].Id]);
    }

    private static List<int> SendNumbered(SctpPair pair, DataChannel channel, int count, int size, TimeSpan every)
    {
        for (var i = 0; i < count; i++)
        {
            var message = new byte[size];
            BinaryPrimitives.WriteInt32BigEndian(message, i);
            pair.Client.Channels.TrySend(pair.Now, channel.Id, message, isText: false);
            pair.RunFor(every);
        }

        pair.RunFor(TimeSpan.FromSeconds(20));
        return [.. pair.Server.Received[channel.Id].Select(m => BinaryPrimitives.ReadInt32BigEndian(m))];
    }

    /// <summary>Turns the parameters that announce FORWARD-TSN into unknown ones that are to be skipped.</summary>
    private static void HideForwardTsn(SctpPair pair) => pair.Network.Filter = (_, _, packet) =>
    {
        var bytes = System.Runtime.InteropServices.MemoryMarshal.AsMemory(packet).Span;
        if (bytes[12] is (byte)ChunkType.Init or (byte)ChunkType.InitAck)
        {
            bytes[32] = 0x90;
            bytes[41] = 0xEE;
            Crc32c.Write(bytes);
        }

        return true;
    };
}
