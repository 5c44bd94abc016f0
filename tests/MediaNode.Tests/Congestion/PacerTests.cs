using Nexus.MediaNode.Congestion;

namespace Nexus.MediaNode.Tests.Congestion;

public sealed class PacerTests
{
    private static readonly Instant Start = Instant.Zero.AddMilliseconds(1000);

    [Fact]
    public void Without_an_estimate_nothing_waits()
    {
        var pacer = default(Pacer);
        pacer.SetBitrate(Start, null);
        pacer.Sent(Start, 1_000_000, SentKind.Video);
        Assert.Equal(int.MaxValue, pacer.Available(Start, SentKind.Video));
        Assert.Equal(Start, pacer.NextTimeout(Start));
    }

    [Fact]
    public void A_keyframe_is_spread_at_two_and_a_half_times_the_estimate_and_audio_never_waits()
    {
        var pacer = default(Pacer);
        pacer.SetBitrate(Start, 1_000_000);
        var now = Start;
        var waiting = 50;
        while (waiting > 0)
        {
            while (waiting > 0 && pacer.Available(now, SentKind.Video) > 0)
            {
                pacer.Sent(now, 1250, SentKind.Video);
                waiting--;
            }

            Assert.Equal(int.MaxValue, pacer.Available(now, SentKind.Audio));
            Assert.True(pacer.NextTimeout(now) >= now);
            now = waiting > 0 ? pacer.NextTimeout(now) : now;
        }

        // 62,500 octets at 312,500 a second are 200 ms, less the burst at the beginning.
        Assert.InRange((now - Start).TotalMilliseconds, 180, 200);
    }

    [Fact]
    public void On_a_full_line_what_is_long_leaves_as_fast_as_the_line_carries_it_and_padding_is_not_held_against_it()
    {
        var pacer = default(Pacer);
        pacer.SetBitrate(Start, 1_000_000, isFull: true);
        pacer.Sent(Start, 3000, SentKind.Padding);
        var (now, sent) = (Start, 0);
        for (; sent < 110_000; now = pacer.NextTimeout(now) is var next && next > now ? next : now.AddMilliseconds(1))
        {
            for (; pacer.Available(now, SentKind.Video) > 0; sent += 1250)
            {
                pacer.Sent(now, 1250, SentKind.Video);
            }

            var line = 125_000 * (now - Start).TotalSeconds;
            Assert.InRange(sent - line, -5000, (0.12 * 1.1 * 125_000) + (0.1 * line) + 2500); // what waits on the line
            Assert.Equal(int.MaxValue, pacer.Available(now, SentKind.Audio));
        }

        Assert.InRange((now - Start).TotalMilliseconds, 640, 700); // 93,500 octets at 137,500 a second
        pacer.SetBitrate(now, 1_000_000);
        Assert.True(pacer.NextTimeout(now) - now < TimeSpan.FromMilliseconds(30)); // it may carry more
    }

    [Fact]
    public void What_a_turn_brings_leaves_together_after_a_pause()
    {
        var pacer = default(Pacer);
        pacer.SetBitrate(Start, 300_000);
        pacer.Sent(Start, 20_000, SentKind.Video);
        Assert.Equal(0, pacer.Available(Start, SentKind.Repeat));
        Assert.InRange(pacer.Available(Start.AddMilliseconds(5000), SentKind.Video), 3 * 1250, 4 * 1250);
    }

    [Fact]
    public void However_much_audio_overdraws_what_waits_goes_on_within_a_second()
    {
        var pacer = default(Pacer);
        pacer.SetBitrate(Start, 100_000);
        pacer.Sent(Start, 1_000_000, SentKind.Video);
        Assert.InRange((pacer.NextTimeout(Start) - Start).TotalMilliseconds, 500, 1010);
    }

    [Fact]
    public void A_higher_estimate_counts_at_once()
    {
        var pacer = default(Pacer);
        pacer.SetBitrate(Start, 100_000);
        pacer.Sent(Start, 10_000, SentKind.Video);
        var slow = pacer.NextTimeout(Start);
        pacer.SetBitrate(Start, 1_000_000);
        Assert.True(pacer.NextTimeout(Start) < slow);
    }
}
