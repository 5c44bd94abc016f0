using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Tests.Rtp;

public sealed class ExtenderTests
{
    [Fact]
    public void Random_walks_through_many_wraps_extend_to_the_true_number()
    {
        var random = new Random(1);
        var extender = new SequenceExtender();
        var timestamps = new TimestampExtender();
        long sequence = 65_000;
        long timestamp = 4_000_000_000;
        extender.Extend((ushort)sequence);
        timestamps.Extend((uint)timestamp);
        for (var i = 0; i < 50_000; i++)
        {
            var step = random.Next(-10, 40);
            var number = sequence + step;
            Assert.Equal(SequenceExtender.FirstCycle + number, extender.Extend((ushort)number));
            sequence = Math.Max(sequence, number);
            var time = timestamp + (step * 90_000L);
            Assert.Equal(TimestampExtender.FirstCycle + time, timestamps.Extend((uint)time));
            timestamp = Math.Max(timestamp, time);
        }

        Assert.True(sequence > 10 * 65_536);
    }

    [Fact]
    public void A_packet_sent_before_the_first_one_seen_extends_below_it_and_stays_positive()
    {
        var extender = new SequenceExtender();
        var first = extender.Extend(1);
        Assert.Equal(first - 3, extender.Extend(65_534));
        Assert.Equal(first, extender.Highest);
        Assert.Equal(first + 1, extender.Peek(2));
        Assert.Equal(first, extender.Highest);
    }

    [Theory]
    [InlineData(1, 0, true)]
    [InlineData(0, 65_535, true)]
    [InlineData(65_535, 0, false)]
    [InlineData(5, 5, false)]
    [InlineData(32_767, 0, true)]
    [InlineData(32_768, 0, false)]
    public void Newer_means_less_than_half_the_range_ahead(ushort value, ushort than, bool newer) =>
        Assert.Equal(newer, Wrapping.IsNewer(value, than));
}
