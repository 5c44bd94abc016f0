using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Tests.Receiving;

public sealed class RtpHistoryTests
{
    private const long Base = 70_000;

    private readonly RtpHistory<int> _history = new(8, TimeSpan.FromSeconds(1), 8);
    private Instant _now = Instant.Zero.AddMilliseconds(100_000);

    [Fact]
    public void Packets_are_found_by_their_number_until_pushed_out()
    {
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(HistoryInsert.Stored, Insert(i).Result);
        }

        Assert.Equal((HistoryInsert.StoredAndEvicted, 0), Insert(8));
        Assert.False(_history.TryGet(Base, out _));
        Assert.True(_history.TryGet(Base + 8, out var packet));
        Assert.Equal(8, packet);
        Assert.Equal(8, _history.Count);
        Assert.False(_history.TryGet(0, out _));
        Assert.False(_history.TryGet(-8, out _));
    }

    [Fact]
    public void Late_packets_are_stored_within_the_capacity_and_doubles_are_not()
    {
        Insert(10);
        Assert.Equal(HistoryInsert.Stored, Insert(3).Result);
        Assert.Equal(HistoryInsert.TooOld, Insert(2).Result);
        Assert.Equal(HistoryInsert.Duplicate, Insert(10).Result);
        Assert.Equal(HistoryInsert.Duplicate, Insert(3).Result);
        Assert.Equal(2, _history.Count);
    }

    [Fact]
    public void It_grows_while_what_would_give_way_is_young_and_to_its_bound()
    {
        var history = new RtpHistory<int>(64, TimeSpan.FromSeconds(1), 4);
        for (var i = 0; i < 200; i++, _now = _now.AddMilliseconds(50))
        {
            history.Insert(_now, Base + i, i, out _);
        }

        Assert.Equal(32, history.Capacity);
        for (var i = 180; i < 200; i++)
        {
            Assert.True(history.TryGet(Base + i, out var packet));
            Assert.Equal(i, packet);
        }

        for (var i = 200; i < 1000; i++)
        {
            history.Insert(_now, Base + i, i, out _);
        }

        Assert.Equal((64, 64), (history.Capacity, history.Count));
    }

    [Fact]
    public void It_grows_for_one_that_comes_late_and_loses_none_meanwhile()
    {
        var history = new RtpHistory<int>(1024, TimeSpan.FromSeconds(1), 4);
        history.Insert(_now, Base, 0, out _);
        history.Insert(_now, Base + 900, 900, out _);
        Assert.Equal(HistoryInsert.Stored, history.Insert(_now, Base + 100, 100, out _));
        Assert.True(history.TryGet(Base, out _) && history.TryGet(Base + 100, out _) && history.TryGet(Base + 900, out _));
        Assert.Equal(3, history.Count);
        Assert.Equal(HistoryInsert.TooOld, history.Insert(_now, Base - 200, 0, out _));
        var taken = 0;
        while (history.TryTake(out _))
        {
            taken++;
        }

        Assert.Equal(3, taken);
    }

    [Fact]
    public void Packets_expire_by_age_oldest_first()
    {
        Insert(0);
        Insert(2);
        _now = _now.AddMilliseconds(500);
        Insert(1);
        _now = _now.AddMilliseconds(499);
        Assert.Empty(Expire());
        _now = _now.AddMilliseconds(1);
        Assert.Equal([0], Expire());
        _now = _now.AddMilliseconds(500);
        Assert.Equal([1, 2], Expire());
        Assert.Equal(0, _history.Count);
    }

    [Fact]
    public void What_a_jump_left_behind_expires_at_once()
    {
        Insert(0);
        Insert(1);
        Insert(30_002);
        Insert(60_003);
        Assert.Equal([0, 1, 30_002], Expire());
        Assert.True(_history.TryGet(Base + 60_003, out _));
    }

    [Fact]
    public void Everything_can_be_taken_out()
    {
        Insert(3);
        Insert(20_001);
        Insert(40_002);
        var taken = new List<int>();
        while (_history.TryTake(out var packet))
        {
            taken.Add(packet);
        }

        Assert.Equal([3, 20_001, 40_002], taken);
        Assert.Equal(HistoryInsert.Stored, Insert(40_003).Result);
    }

    /// <summary>Every packet that went in is held exactly once or came out exactly once.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void No_packet_is_lost_or_released_twice(int seed)
    {
        var random = new Random(seed);
        var held = new Dictionary<int, Instant>();
        var position = 0;
        for (var step = 0; step < 30_000; step++)
        {
            _now = _now.AddMilliseconds(random.Next(200));
            position += random.Next(200) == 0 ? random.Next(30_000) : random.Next(-3, 5);
            var (result, evicted) = Insert(position);
            switch (result)
            {
                case HistoryInsert.Duplicate:
                    Assert.True(held.ContainsKey(position));
                    break;
                case HistoryInsert.TooOld:
                    break;
                default:
                    Assert.True(result == HistoryInsert.Stored || held.Remove(evicted));
                    Assert.True(held.TryAdd(position, _now));
                    break;
            }

            if (random.Next(3) == 0)
            {
                Assert.All(Expire(), packet => Assert.True(held.Remove(packet)));
            }

            Assert.Equal(held.Count, _history.Count);
            Assert.All(held.Keys, p => Assert.True(_history.TryGet(Base + p, out var found) && found == p));
        }
    }

    private (HistoryInsert Result, int Evicted) Insert(int offset)
    {
        var result = _history.Insert(_now, Base + offset, offset, out var evicted);
        return (result, evicted);
    }

    private List<int> Expire()
    {
        var all = new List<int>();
        while (_history.TryTakeExpired(_now, out var packet))
        {
            all.Add(packet);
        }

        return all;
    }
}
