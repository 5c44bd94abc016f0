using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Tests.Projection;

public class EgressTimelineTests
{
    private const ulong Second = 1UL << 32;
    private static readonly Instant Start = Instant.Zero.AddMilliseconds(1000);
    private readonly EgressTimeline _timeline = new(1000);

    private long Send(long timestamp, Instant arrival)
    {
        var egress = _timeline.Map(timestamp);
        _timeline.Sent(egress, arrival);
        return egress;
    }

    [Fact]
    public void It_starts_where_told_and_follows_the_source()
    {
        _timeline.SwitchTo(0, 777_000, Start);
        Assert.Equal(1000, Send(777_000, Start));
        Assert.Equal(4000, Send(780_000, Start.AddMilliseconds(90)));
    }

    [Fact]
    public void Before_sender_reports_a_switch_goes_by_arrival()
    {
        _timeline.SwitchTo(0, 0, Start);
        Send(0, Start);
        _timeline.SwitchTo(1, 5_000_000, Start.AddMilliseconds(100));
        Assert.Equal(1000 + 9000, Send(5_000_000, Start.AddMilliseconds(100)));
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(uint.MaxValue - 5, 100u)] // the reports' timestamps wrap
    [InlineData(4_000_000_000u, uint.MaxValue - 20_000)]
    public void Sender_reports_align_two_encodings_to_the_tick(uint lowAtReport, uint highAtReport)
    {
        // Both sampled the same moment at NTP 100 s; the high one's report is half a second younger.
        _timeline.SetSenderReport(0, 100 * Second, lowAtReport);
        _timeline.SetSenderReport(1, (100 * Second) + (Second / 2), highAtReport + 45_000);
        var low = (1L << 32) + lowAtReport;
        var high = (3L << 32) + highAtReport;
        _timeline.SwitchTo(0, low, Start);
        Send(low + 90_000, Start.AddMilliseconds(1000));

        // Sampled 1.1 s after the moment, but 80 ms late on the way.
        _timeline.SwitchTo(1, high + 99_000, Start.AddMilliseconds(1180));
        Assert.Equal(1000 + 99_000, Send(high + 99_000, Start.AddMilliseconds(1180)));
    }

    [Fact]
    public void Reports_far_from_the_arrival_times_are_not_believed()
    {
        _timeline.SetSenderReport(0, 100 * Second, 0);
        _timeline.SetSenderReport(1, 900 * Second, 0);
        _timeline.SwitchTo(0, 0, Start);
        Send(0, Start);
        _timeline.SwitchTo(1, 0, Start.AddMilliseconds(100));
        Assert.Equal(1000 + 9000, Send(0, Start.AddMilliseconds(100)));
    }

    [Fact]
    public void A_switch_never_goes_back()
    {
        _timeline.SetSenderReport(0, 100 * Second, 0);
        _timeline.SetSenderReport(1, 100 * Second, 0);
        _timeline.SwitchTo(0, 0, Start);
        Send(90_000, Start.AddMilliseconds(1000));
        _timeline.SwitchTo(1, 87_000, Start.AddMilliseconds(1000)); // sampled before what was sent last
        Assert.Equal(91_001, Send(87_000, Start.AddMilliseconds(1000)));
    }

    [Fact]
    public void The_source_report_is_given_on_the_egress_clock()
    {
        Assert.False(_timeline.TryGetSenderReport(out _, out _));
        _timeline.SwitchTo(1, 777_000, Start);
        Assert.False(_timeline.TryGetSenderReport(out _, out _));
        _timeline.SetSenderReport(1, 5 * Second, 780_000);
        Assert.True(_timeline.TryGetSenderReport(out var ntp, out var timestamp));
        Assert.Equal((5 * Second, 4000u), (ntp, timestamp));
    }

    [Fact]
    public void A_jump_is_a_timestamp_that_its_arrival_does_not_explain()
    {
        _timeline.SwitchTo(0, 1_000_000, Start);
        Send(1_000_000, Start);
        Assert.False(_timeline.IsJump(1_000_000 + (3600L * 90_000), Start + TimeSpan.FromHours(1))); // muted for an hour
        Assert.True(_timeline.IsJump(1_000_000 + (3600L * 90_000), Start.AddMilliseconds(33)));
        Assert.True(_timeline.IsJump(1_000_000 - (31 * 90_000), Start.AddMilliseconds(33)));
        Assert.True(_timeline.IsJump(1_000_000 - (2 * 90_000), Start.AddMilliseconds(33))); // back by two seconds
        Assert.False(_timeline.IsJump(1_000_000 - 45_000, Start.AddMilliseconds(33))); // B-frames
        Assert.False(_timeline.IsJump(1_000_000 + 3000, Start + TimeSpan.FromSeconds(10))); // the network stood still
    }
}
