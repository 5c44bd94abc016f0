using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Receiving;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Receiving;

public sealed class TransportFeedbackGeneratorTests
{
    private readonly TransportFeedbackGenerator _generator = new(senderSsrc: 1);

    [Fact]
    public void Arrivals_are_reported_exactly_to_a_quarter_of_a_millisecond()
    {
        (ushort Sequence, double Milliseconds)[] arrivals = [(65_534, 0), (65_535, 1.25), (1, 3), (0, 3.5), (2, 90.75)];
        foreach (var (sequence, milliseconds) in arrivals)
        {
            _generator.Receive(At(milliseconds), sequence, 2);
        }

        Assert.Equal(At(100), _generator.NextTimeout);
        Assert.Empty(Poll(99.9));
        var reported = Assert.Single(Poll(100));
        Assert.Equal(0, reported.Header.FeedbackCount);
        Assert.Equal(arrivals.OrderBy(a => (ushort)(a.Sequence + 10)).Select(a => (a.Sequence, (double?)a.Milliseconds)), reported.Packets);
        Assert.Equal(Instant.Never, _generator.NextTimeout);
    }

    [Fact]
    public void Much_traffic_is_reported_every_50_milliseconds_and_little_every_100()
    {
        var sent = new List<double>();
        for (var i = 0; i < 1000; i++)
        {
            _generator.Receive(At(i), (ushort)i, 2);
            if (Poll(i).Count > 0)
            {
                sent.Add(i);
            }
        }

        Assert.All(sent.Skip(1).Zip(sent), pair => Assert.Equal(50, pair.First - pair.Second));
        Assert.InRange(sent[0], 1, 100);
        Poll(1500);
        _generator.Receive(At(2000), 1000, 2);
        Assert.Equal(At(2100), _generator.NextTimeout);
    }

    [Fact]
    public void Feedback_packets_are_counted_in_eight_bits()
    {
        for (var i = 0; i < 300; i++)
        {
            _generator.Receive(At(i * 200), (ushort)i, 2);
            var reported = Assert.Single(Poll((i * 200) + 100));
            Assert.Equal((byte)i, reported.Header.FeedbackCount);
        }
    }

    [Fact]
    public void A_lost_packet_is_reported_missing_and_reported_again_when_it_comes_late()
    {
        _generator.Receive(At(0), 10, 2);
        _generator.Receive(At(1), 12, 2);
        Assert.Equal([(10, 0.0), (11, null), (12, 1.0)], Assert.Single(Poll(100)).Packets);
        _generator.Receive(At(120), 11, 2);
        Assert.Equal([(11, 120.0), (12, 1.0)], Assert.Single(Poll(300)).Packets);
        Assert.Empty(Poll(400));
    }

    [Fact]
    public void A_packet_later_than_half_a_second_changes_nothing()
    {
        for (var i = 0; i < 20; i++)
        {
            if (i != 5)
            {
                _generator.Receive(At(i * 100), (ushort)i, 2);
            }

            Poll(i * 100);
        }

        Poll(2500);
        _generator.Receive(At(2500), 5, 2);
        Assert.Equal(Instant.Never, _generator.NextTimeout);
        Assert.Empty(Poll(3000));
    }

    [Fact]
    public void A_silence_longer_than_a_delta_starts_a_new_packet()
    {
        _generator.Receive(At(0), 1, 2);
        _generator.Receive(At(9000), 2, 2);
        var reported = Poll(9100);
        Assert.Equal(2, reported.Count);
        Assert.Equal([(1, 0.0)], reported[0].Packets);
        Assert.Equal([(2, 9000.0)], reported[1].Packets);
        Assert.Equal((0, 1), (reported[0].Header.FeedbackCount, reported[1].Header.FeedbackCount));
    }

    [Fact]
    public void A_jump_beyond_the_window_starts_anew()
    {
        _generator.Receive(At(0), 1, 2);
        _generator.Receive(At(1), 20_000, 2);
        _generator.Receive(At(2), 20_001, 2);
        Assert.Equal([(20_000, 1.0), (20_001, 2.0)], Assert.Single(Poll(100)).Packets);
    }

    [Fact]
    public void What_does_not_fit_one_packet_comes_in_the_next()
    {
        for (var i = 0; i < 2000; i++)
        {
            _generator.Receive(At(i * 0.25), (ushort)(i * 2), 2);
        }

        var reported = Poll(1000, size: 200);
        Assert.True(reported.Count > 5);
        Assert.Equal(
            Enumerable.Range(0, 2000).Select(i => ((ushort)(i * 2), i * 0.25)),
            reported.SelectMany(r => r.Packets).Where(p => p.At is not null).Select(p => (p.Sequence, p.At!.Value)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Under_random_loss_reordering_and_wrap_every_arrival_is_reported_and_nothing_else(int seed)
    {
        var random = new Random(seed);
        var arrivals = Enumerable.Range(60_000, 30_000)
            .Where(_ => random.Next(10) != 0)
            .Select(s => (Sequence: (ushort)s, At: Math.Floor((s * 1.5) + (random.Next(20) == 0 ? random.Next(40) : 0)) - 90_000))
            .OrderBy(a => a.At).ToList();
        var reported = new Dictionary<ushort, double>();
        var next = 0;
        for (double now = 0; next < arrivals.Count || now < arrivals[^1].At + 300; now += 10)
        {
            for (; next < arrivals.Count && arrivals[next].At <= now; next++)
            {
                _generator.Receive(At(arrivals[next].At), arrivals[next].Sequence, 2);
            }

            foreach (var (sequence, at) in Poll(now, size: 300).SelectMany(r => r.Packets).Where(p => p.At is not null))
            {
                reported[sequence] = at!.Value;
            }
        }

        Assert.Equal(arrivals.OrderBy(a => a.Sequence).Select(a => (a.Sequence, a.At)), reported.OrderBy(p => p.Key).Select(p => (p.Key, p.Value)));
    }

    [Fact]
    public void Recording_and_reporting_allocate_nothing()
    {
        var buffer = new byte[1200];
        Assert.Equal(0, Allocations.Least(i => Round(i * 1000)));

        void Round(int from)
        {
            for (var i = from; i < from + 1000; i++)
            {
                _generator.Receive(At(i), (ushort)i, 2);
                while (_generator.Poll(At(i), buffer, out _))
                {
                }
            }
        }
    }

    [Fact]
    public void Who_receives_nothing_is_not_made_room_for_and_who_receives_much_no_more_than_the_window()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var idle = new TransportFeedbackGenerator(1);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 256);
        Assert.Equal(Instant.Never, idle.NextTimeout);
        for (var i = 0; i < 20_000; i++)
        {
            _generator.Receive(At(i / 100.0), (ushort)(i * 3), 2);
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 2 * TransportFeedbackGenerator.Window * sizeof(long) + 1024);
        Assert.Equal(TransportFeedbackGenerator.Window / 3, Poll(300).Sum(r => r.Packets.Count(p => p.At is not null)), 1.0);
    }

    private static Instant At(double milliseconds) => new((long)(milliseconds * 1e6));

    private List<(TransportWideHeader Header, List<(ushort Sequence, double? At)> Packets)> Poll(double milliseconds, int size = 1200)
    {
        var all = new List<(TransportWideHeader, List<(ushort, double?)>)>();
        var buffer = new byte[size];
        while (_generator.Poll(At(milliseconds), buffer, out var length))
        {
            var rtcp = new RtcpReader(buffer.AsSpan(0, length));
            Assert.True(rtcp.MoveNext(out var packet));
            Assert.True(TransportWideReader.TryRead(packet, out var feedback, out var reader));
            Assert.Equal(new FeedbackHeader(1, 2), feedback);
            var time = reader.Header.ReferenceTime * 64.0;
            var packets = new List<(ushort, double?)>();
            while (reader.MoveNext())
            {
                time += reader.Delta * 0.25;
                packets.Add((reader.Sequence, reader.Received ? time : null));
            }

            all.Add((reader.Header, packets));
        }

        return all;
    }
}
