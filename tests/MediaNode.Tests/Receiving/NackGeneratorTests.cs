using Nexus.MediaNode.Receiving;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Receiving;

public sealed class NackGeneratorTests
{
    private const long Base = 65_536 + 65_530;

    private readonly NackGenerator _nack = new();
    private Instant _now = Instant.Zero.AddMilliseconds(1000);

    [Fact]
    public void Nothing_missing_means_nothing_to_ask_and_no_timeout()
    {
        Receive(0, 1, 2, 3);
        Assert.Equal(Instant.Never, _nack.NextTimeout);
        Assert.Empty(Poll());
    }

    [Fact]
    public void A_hole_is_asked_for_once_three_newer_packets_came()
    {
        Receive(0, 2);
        Assert.Empty(Poll());
        Receive(3);
        Assert.Empty(Poll());
        Receive(4);
        Assert.Equal([1], Poll());
        Assert.Empty(Poll());
    }

    [Fact]
    public void A_hole_is_asked_for_after_ten_milliseconds_when_little_else_comes()
    {
        Receive(0, 2);
        Assert.Equal(_now.AddMilliseconds(10), _nack.NextTimeout);
        Wait(10);
        Assert.Equal([1], Poll());
    }

    [Fact]
    public void A_packet_that_was_merely_overtaken_is_not_asked_for()
    {
        Receive(0, 2);
        Assert.Equal(PacketOrder.FilledHole, _nack.Receive(_now, Base + 1));
        Wait(500);
        Assert.Empty(Poll());
        Assert.Equal(Instant.Never, _nack.NextTimeout);
    }

    [Fact]
    public void It_is_asked_for_again_after_a_round_trip_and_ten_times_at_most()
    {
        _nack.RoundTripTime = TimeSpan.FromMilliseconds(50);
        Receive(0, 5);
        for (var attempt = 0; attempt < NackGenerator.MaxTries; attempt++)
        {
            Assert.Equal([1, 2, 3, 4], Poll());
            Wait(49);
            Assert.Empty(Poll());
            Wait(1);
        }

        Assert.Empty(Poll());
        Assert.Equal(0, _nack.MissingCount);
        Assert.Equal(4, _nack.Abandoned);
        Assert.Equal(Instant.Never, _nack.NextTimeout);
    }

    [Fact]
    public void It_is_not_asked_for_after_two_seconds()
    {
        _nack.RoundTripTime = TimeSpan.FromMilliseconds(900);
        Receive(0, 5);
        Assert.Equal(4, Poll().Count);
        Wait(900);
        Assert.Equal(4, Poll().Count);
        Wait(1200);
        Assert.Empty(Poll());
        Assert.Equal(0, _nack.MissingCount);
    }

    [Fact]
    public void A_recovered_packet_is_not_asked_for_again()
    {
        Receive(0, 4);
        Assert.Equal([1, 2, 3], Poll());
        Assert.Equal(PacketOrder.FilledHole, _nack.Receive(_now, Base + 2));
        Assert.Equal(PacketOrder.Old, _nack.Receive(_now, Base + 2));
        Wait(100);
        Assert.Equal([1, 3], Poll());
    }

    [Fact]
    public void Too_many_missing_want_a_keyframe_once_and_are_not_asked_for()
    {
        Receive(0, 10);
        Poll();
        Receive(10 + NackGenerator.MaxMissing + 1);
        Assert.Empty(Poll());
        Assert.True(_nack.TakeKeyFrameNeeded());
        Assert.False(_nack.TakeKeyFrameNeeded());
        Receive(10 + NackGenerator.MaxMissing + 3);
        Wait(10);
        Assert.Equal([10 + NackGenerator.MaxMissing + 2], Poll());
    }

    [Fact]
    public void Holes_before_a_keyframe_give_way_when_there_are_too_many()
    {
        Receive(0, 300);
        _nack.Receive(_now, Base + 301, startsKeyFrame: true);
        Receive(500);
        Assert.False(_nack.TakeKeyFrameNeeded());
        Assert.Equal(Enumerable.Range(302, 198).Select(i => (long)i), Poll());
    }

    [Fact]
    public void A_list_that_is_too_short_is_filled_and_the_rest_comes_next()
    {
        Receive(0, 100);
        Span<ushort> ten = stackalloc ushort[10];
        var all = 0;
        while (_nack.NextTimeout <= _now)
        {
            all += _nack.Poll(_now, ten);
        }

        Assert.Equal(99, all);
    }

    /// <summary>Against the simplest thing that could be right: a set of what is missing.</summary>
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void With_random_loss_and_repeats_the_open_holes_are_those_of_a_set(int seed)
    {
        var random = new Random(seed);
        var missing = new SortedSet<long>();
        long highest = Base;
        _nack.Receive(_now, highest);
        for (var step = 0; step < 20_000; step++)
        {
            if (missing.Count > 0 && random.Next(3) == 0)
            {
                var repeat = missing.ElementAt(random.Next(missing.Count));
                missing.Remove(repeat);
                Assert.Equal(PacketOrder.FilledHole, _nack.Receive(_now, repeat));
            }
            else
            {
                var sequence = highest + (random.Next(10) == 0 ? random.Next(2, 6) : 1);
                missing.UnionWith(Enumerable.Range(1, (int)(sequence - highest - 1)).Select(i => highest + i));
                highest = sequence;
                Assert.Equal(PacketOrder.New, _nack.Receive(_now, sequence));
                missing.RemoveWhere(s => s < highest - NackGenerator.Window);
            }

            Assert.Equal(missing.Count, _nack.MissingCount);
        }

        Wait(50);
        Assert.Equal(missing, Poll().Select(s => s + Base));
    }

    [Fact]
    public void Receiving_and_asking_allocate_nothing()
    {
        var list = new ushort[50];
        Assert.Equal(0, Allocations.Least(i => Round(i * 3000)));

        void Round(int from)
        {
            for (var i = from; i < from + 2000; i++)
            {
                if (i % 7 != 0)
                {
                    _nack.Receive(_now, Base + i);
                    Wait(1);
                    _nack.Poll(_now, list);
                }
            }
        }
    }

    private void Receive(params long[] offsets)
    {
        foreach (var offset in offsets)
        {
            _nack.Receive(_now, Base + offset);
        }
    }

    private void Wait(int milliseconds) => _now = _now.AddMilliseconds(milliseconds);

    private List<long> Poll()
    {
        var buffer = new ushort[2000];
        var count = _nack.Poll(_now, buffer);
        return [.. buffer.Take(count).Select(s => (long)(ushort)(s - (Base & 0xFFFF)))];
    }
}
