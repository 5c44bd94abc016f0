using Nexus.MediaNode.Forwarding;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Tests.Forwarding;

public sealed class SenderReporterTests
{
    private static readonly NtpClock Clock = new(1_700_000_000_000_000_000);

    [Fact]
    public void Without_packets_there_is_no_report_and_with_them_it_tells_time_by_the_last()
    {
        var reporter = new SenderReporter(9, 90_000);
        Assert.False(reporter.TryReport(At(0), Clock, out _));
        reporter.Sent(At(10), 0xFFFF_FF00, 1000);
        reporter.Sent(At(50), 3344, 500);
        Assert.True(reporter.TryReport(At(150), Clock, out var report));
        Assert.Equal(new SenderReport(9, Clock.ToNtp(At(150)), 3344 + 9000, 2, 1500), report);
    }

    [Fact]
    public void Sound_and_picture_captured_together_are_reported_together_whatever_their_delays()
    {
        // The publisher's clock is 20 minutes off; its picture takes 80 ms longer to us than its sound, reports come in between.
        var publisherClock = new NtpClock(Clock.UnixOffset - 1_200_000_000_000);
        var captured = At(5000);
        var ntp = publisherClock.ToNtp(captured);
        var sender = default(SenderClock);
        sender.Handle(At(5020), ntp, Clock);
        sender.Handle(At(5100), ntp, Clock);
        var sound = new SenderReporter(1, 48_000);
        var picture = new SenderReporter(2, 90_000);
        sound.Sent(At(5020), 48, 100);
        picture.Sent(At(5100), 90, 1000);

        sound.Align(sender.ToInstant(ntp, Clock), 48);
        picture.Align(sender.ToInstant(ntp, Clock), 90);

        Assert.True(sound.TryReport(At(6000), Clock, out var soundReport));
        Assert.True(picture.TryReport(At(7000), Clock, out var pictureReport));
        var soundAt = Seconds(soundReport.NtpTimestamp) - ((soundReport.RtpTimestamp - 48) / 48_000.0);
        var pictureAt = Seconds(pictureReport.NtpTimestamp) - ((pictureReport.RtpTimestamp - 90) / 90_000.0);
        Assert.Equal(soundAt, pictureAt, 3);
        Assert.InRange(soundAt - Seconds(Clock.ToNtp(captured)), 0.019, 0.024);
    }

    [Fact]
    public void A_publisher_clock_that_is_set_is_followed_at_once_and_jitter_hardly()
    {
        var sender = default(SenderClock);
        Assert.False(sender.IsKnown);
        var ntp = Clock.ToNtp(At(0));
        sender.Handle(At(30), ntp, Clock);
        sender.Handle(At(10), ntp, Clock);
        sender.Handle(At(42), ntp, Clock);
        Assert.InRange((sender.ToInstant(ntp, Clock) - At(0)).TotalMilliseconds, 10.9, 11.1);
        sender.Handle(At(5000), ntp, Clock);
        Assert.InRange((sender.ToInstant(ntp, Clock) - At(0)).TotalMilliseconds, 4999.9, 5000.1);
    }

    [Fact]
    public void Round_trip_time_is_smoothed()
    {
        var estimator = default(RoundTripEstimator);
        Assert.Equal(RoundTripEstimator.Initial, estimator.Value);
        estimator.Handle(At(80), Clock, 0, 0);
        Assert.False(estimator.IsMeasured);
        estimator.Handle(At(80), Clock, Clock.ToCompact(At(0)), 0);
        estimator.Handle(At(160), Clock, Clock.ToCompact(At(0)), 0);
        Assert.InRange(estimator.Value.TotalMilliseconds, 89.5, 90.5);
    }

    private static Instant At(long milliseconds) => Instant.Zero.AddMilliseconds(milliseconds);

    private static double Seconds(ulong ntp) => (ntp / 4_294_967_296.0) - 3_908_988_800;
}
