using Nexus.Link;
using Nexus.MediaNode.Quality;

namespace Nexus.MediaNode.Tests.Quality;

public sealed class ConnectionMonitorTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ConnectionMonitor _monitor = new();
    private Instant _now = new(3_600_000_000_000);
    private Instant _heard;
    private long _expected;
    private long _lost;

    [Fact]
    public void Loss_is_told_within_three_seconds_and_mended_only_when_it_is_over()
    {
        Seconds(5, lossPercent: 0);
        Assert.Equal(QualityLabel.Good, _monitor.Label);
        Seconds(3, lossPercent: 20);
        Assert.Equal(QualityLabel.Poor, _monitor.Label);
        Seconds(1, lossPercent: 0);
        Assert.Equal(QualityLabel.Poor, _monitor.Label);
        Seconds(10, lossPercent: 0);
        Assert.Equal(QualityLabel.Good, _monitor.Label);
    }

    [Fact]
    public void A_path_that_wavers_is_not_news_every_second()
    {
        var changes = 0;
        for (var i = 0; i < 60; i++)
        {
            changes += Seconds(1, lossPercent: i % 2 == 0 ? 8 : 0);
        }

        Assert.InRange(changes, 1, 6);
        Assert.Equal(QualityLabel.Fair, _monitor.Label);
    }

    [Fact]
    public void Silence_is_a_lost_connection_and_the_first_word_ends_it()
    {
        Seconds(3, lossPercent: 0);
        var (silent, heard) = (_now, _now);
        while (_monitor.Label != QualityLabel.Lost)
        {
            _now += Second;
            _monitor.Update(Snapshot(heard));
            Assert.True(_now - silent < TimeSpan.FromSeconds(8));
        }

        Seconds(1, lossPercent: 0);
        Assert.Equal(QualityLabel.Good, _monitor.Label);
    }

    [Fact]
    public void A_few_packets_prove_nothing()
    {
        Seconds(3, lossPercent: 50, packets: 2);
        Assert.Equal(QualityLabel.Good, _monitor.Label);
    }

    [Fact]
    public void One_of_whom_nothing_has_come_yet_is_not_lost()
    {
        _now += TimeSpan.FromSeconds(100);
        Assert.False(_monitor.Update(Snapshot(heard: Instant.Zero)));
        Assert.Equal(QualityLabel.Good, _monitor.Label);
    }

    [Fact]
    public void Streams_that_end_take_their_sums_with_them()
    {
        Seconds(5, lossPercent: 0);
        (_expected, _lost) = (0, 0);
        Assert.Equal(0, Seconds(5, lossPercent: 0));
    }

    [Fact]
    public void Of_several_streams_the_least_jitter_is_the_networks()
    {
        var sum = default(PathCounters)
            .With(100, 1, TimeSpan.FromMilliseconds(20))
            .With(0, 0, TimeSpan.Zero)
            .With(50, 2, TimeSpan.FromMilliseconds(3));
        Assert.Equal(new PathCounters(150, 3, TimeSpan.FromMilliseconds(3)), sum);
    }

    /// <summary>How often the label changed.</summary>
    private int Seconds(int count, int lossPercent, int packets = 100)
    {
        var changes = 0;
        for (var i = 0; i < count; i++)
        {
            _now += Second;
            _expected += packets;
            _lost += packets * lossPercent / 100;
            changes += _monitor.Update(Snapshot(_heard = _now)) ? 1 : 0;
        }

        return changes;
    }

    private PathSnapshot Snapshot(Instant heard) =>
        new(_now, heard, new PathCounters(_expected, _lost, TimeSpan.FromMilliseconds(5)), default, TimeSpan.FromMilliseconds(20));
}
