using Nexus.MediaNode.Quality;

namespace Nexus.MediaNode.Tests.Quality;

public sealed class FreezeMeterTests
{
    private FreezeMeter _meter;
    private Instant _now = new(3_600_000_000_000);
    private uint _timestamp = 0xFFFF_0000; // wraps on the way

    [Fact]
    public void Pictures_that_all_leave_are_no_freeze_at_any_rate()
    {
        foreach (var milliseconds in new[] { 16, 33, 100, 400, 1500 })
        {
            Pictures(20, milliseconds);
        }

        Assert.Equal((0, 0), (_meter.Count, _meter.Ended));
    }

    [Fact]
    public void What_does_not_leave_for_half_a_second_while_its_publisher_sends_is_one_freeze_as_long_as_it_lasts()
    {
        Pictures(30, 33);
        Assert.Equal(0, Withheld(15, 33)); // 495 ms
        Assert.Equal(1, Withheld(15, 33));
        Assert.Equal((1, 0, true), (_meter.Count, _meter.Ended, _meter.IsFrozen));
        Pictures(1, 33);
        Assert.Equal((1, 1, false), (_meter.Count, _meter.Ended, _meter.IsFrozen));
        Assert.Equal(31 * 33, _meter.Frozen.TotalMilliseconds);
        Pictures(30, 33);
        Assert.Equal(1, _meter.Count);
    }

    [Fact]
    public void Slow_pictures_must_miss_three()
    {
        Pictures(30, 300);
        Assert.Equal(900, _meter.Threshold.TotalMilliseconds);
        Assert.Equal(0, Withheld(3, 300));
        Assert.Equal(1, Withheld(1, 300));
    }

    [Fact]
    public void The_publishers_own_silence_is_no_freeze_of_ours()
    {
        Pictures(30, 33);
        _now += TimeSpan.FromSeconds(5);
        Assert.Equal(0, Withheld(10, 33)); // it waits for a keyframe
        Pictures(30, 33);
        Assert.Equal((0, TimeSpan.Zero), (_meter.Count, _meter.Frozen));
    }

    [Fact]
    public void A_freeze_ends_where_its_publisher_stops()
    {
        Pictures(30, 33);
        Withheld(30, 33);
        _now += TimeSpan.FromSeconds(60);
        Pictures(1, 33);
        Assert.Equal((1, 1), (_meter.Count, _meter.Ended));
        Assert.Equal(30 * 33, _meter.Frozen.TotalMilliseconds);
    }

    [Fact]
    public void Before_the_first_picture_and_in_a_pause_nothing_stands_still()
    {
        Assert.Equal(0, Withheld(60, 33));
        Pictures(30, 33);
        _meter.Pause(_now);
        Assert.Equal(0, Withheld(60, 33));
        Pictures(30, 33);
        Assert.Equal(1, Withheld(30, 33));
        _meter.Pause(_now);
        Assert.Equal((1, 1, false), (_meter.Count, _meter.Ended, _meter.IsFrozen));
    }

    [Fact]
    public void Reports_of_a_fifth_lost_are_one_likely_freeze_in_a_row()
    {
        Assert.False(_meter.HandleReport(100, 19));
        Assert.True(_meter.HandleReport(100, 20));
        Assert.False(_meter.HandleReport(100, 50));
        Assert.False(_meter.HandleReport(9, 9)); // says nothing
        Assert.False(_meter.HandleReport(100, 0));
        Assert.True(_meter.HandleReport(10, 2));
        Assert.Equal((2, 0), (_meter.Likely, _meter.Count));
    }

    private void Pictures(int count, int milliseconds)
    {
        for (var i = 0; i < count; i++)
        {
            Step(milliseconds);
            _meter.HandleOffered(_now);
            _meter.HandleLeft(_now, _timestamp);
            _meter.HandleLeft(_now, _timestamp); // of several packets
        }
    }

    /// <summary>Pictures of which nothing leaves. Returns how many freezes began.</summary>
    private int Withheld(int count, int milliseconds)
    {
        var began = 0;
        for (var i = 0; i < count; i++)
        {
            Step(milliseconds);
            began += _meter.HandleOffered(_now) ? 1 : 0;
        }

        return began;
    }

    private void Step(int milliseconds)
    {
        _now = _now.AddMilliseconds(milliseconds);
        _timestamp += (uint)(90 * milliseconds);
    }
}
