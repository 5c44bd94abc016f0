using Nexus.MediaNode.Quality;

namespace Nexus.MediaNode.Tests.Quality;

public sealed class OverrunMonitorTests
{
    private readonly OverrunMonitor _monitor = new();
    private Instant _now = new(3_600_000_000_000);

    [Theory]
    [InlineData(500_000, 400_000L, 500_000L, Overrun.None)] // a probe more
    [InlineData(510_000, 400_000L, 510_000L, Overrun.AboveEstimate)]
    [InlineData(500_000, 600_000L, 350_000L, Overrun.None)]
    [InlineData(500_000, 600_000L, 340_000L, Overrun.NotReceived)]
    [InlineData(500_000, null, null, Overrun.None)] // nobody knows
    [InlineData(500_000, null, 100_000L, Overrun.NotReceived)]
    [InlineData(70_000, 30_000L, 10_000L, Overrun.None)] // a voice goes out whatever the line
    public void What_is_judged_after_three_seconds(long sent, long? estimate, long? acknowledged, Overrun judged)
    {
        Assert.False(Second(sent, estimate, acknowledged));
        Assert.False(Second(sent, estimate, acknowledged));
        Assert.Equal(Overrun.None, _monitor.State);
        Assert.Equal(judged != Overrun.None, Second(sent, estimate, acknowledged));
        Assert.Equal((judged, judged == Overrun.None ? 0 : 1), (_monitor.State, _monitor.Count));
    }

    [Fact]
    public void It_is_told_once_and_over_after_three_good_seconds()
    {
        Assert.Equal(1, Seconds(10, 2_000_000, 1_000_000));
        Assert.Equal(0, Seconds(2, 900_000, 1_000_000));
        Assert.Equal(0, Seconds(10, 2_000_000, 1_000_000));
        Assert.Equal(0, Seconds(3, 900_000, 1_000_000));
        Assert.Equal((Overrun.None, 1), (_monitor.State, _monitor.Count));
        Assert.Equal(1, Seconds(3, 2_000_000, 1_000_000));
        Assert.Equal(2, _monitor.Count);
    }

    [Fact]
    public void Samples_out_of_turn_do_not_count()
    {
        for (var i = 0; i < 20; i++)
        {
            _monitor.Update(new(_now, 2_000_000, 1_000_000, null));
            _now = _now.AddMilliseconds(50);
        }

        Assert.Equal(Overrun.None, _monitor.State);
    }

    private int Seconds(int count, long sent, long estimate) => Enumerable.Range(0, count).Count(_ => Second(sent, estimate, sent));

    private bool Second(long sent, long? estimate, long? acknowledged)
    {
        _now += TimeSpan.FromSeconds(1);
        return _monitor.Update(new(_now, sent, estimate, acknowledged));
    }
}
