using System.Collections.Concurrent;
using Nexus.TestKit.Congestion;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Congestion;

/// <summary>The bounds of each line of <see cref="CongestionCases"/>. What a test names in seconds is virtual.</summary>
public sealed class CongestionCaseTests
{
    private const double CameraAndVoice = 2_048_000;

    private static readonly ConcurrentDictionary<string, Lazy<CongestedCall>> Runs = new();

    [Fact]
    public void A_receiver_that_stands_still_as_the_first_probe_comes_costs_no_more_than_a_second()
    {
        for (var at = 0.05; at < 0.6; at += 0.025)
        {
            var call = new CongestedCall(CallSource.Elastic(2_000_000))
            {
                Line = new LinkConditions { Bandwidth = 5_000_000, Delay = TimeSpan.FromMilliseconds(25) },
            };
            call.At(at, () => call.StopReceiver(TimeSpan.FromMilliseconds(80)));
            call.Run(1.8);
            Assert.True(call.Samples[^1].Estimate > 1_800_000, $"{call.Samples[^1]} after a stop at {at} s");
        }
    }

    [Fact]
    public void Reaches_nine_tenths_of_a_fast_line_in_three_seconds()
    {
        var samples = Run("fast-start").Samples;
        Assert.True(samples.First(s => s.Estimate >= 4_500_000).Seconds <= 3);
        Assert.True(Run("fast-start").Estimator.HasFirstProbeEnded);
        Assert.All(samples, s => Assert.InRange(s.Queue.TotalMilliseconds, 0, 250));
        AssertUsed(samples, 3, 20);
    }

    [Fact]
    public void Never_fills_a_narrow_line_with_half_a_second()
    {
        var samples = Run("narrow").Samples;
        Assert.All(samples, s => Assert.InRange(s.Queue.TotalMilliseconds, 0, 300));
        AssertUsed(samples, 5, 40);
    }

    [Fact]
    public void Simulcast_rises_to_the_layer_that_fits_and_stays()
    {
        var samples = Run("simulcast").Samples;
        Assert.All(After(samples, 3), s => Assert.True(s.Estimate >= 2_548_000, $"{s}"));
        Assert.All(samples, s => Assert.InRange(s.Queue.TotalMilliseconds, 0, 150));
    }

    [Fact]
    public void A_queue_of_a_line_that_became_narrow_is_gone_in_two_seconds()
    {
        var samples = Run("drop").Samples;
        Assert.All(Between(samples, 17, 35), s => Assert.InRange(s.Queue.TotalMilliseconds, 0, 250));
        AssertUsed(samples, 5, 15);
        AssertUsed(samples, 18, 35);
        Assert.True(samples.First(s => s.Seconds > 35 && s.Estimate >= 3_400_000).Seconds <= 45);
        AssertUsed(samples, 45, 60);
    }

    [Fact]
    public void Follows_a_line_up_and_down()
    {
        var samples = Run("steps").Samples;
        for (var step = 0; step < 120; step += 20)
        {
            AssertUsed(samples, step + 10, step + 20);
            Assert.All(Between(samples, step + 2, step + 19.9), s => Assert.InRange(s.Queue.TotalMilliseconds, 0, 250));
        }
    }

    [Fact]
    public void Jitter_is_no_queue() => AssertUsed(Run("jitter").Samples, 5, 40);

    [Fact]
    public void Keeps_a_fair_share_beside_a_flow_that_fills_the_queue()
    {
        var samples = Run("tcp").Samples;
        var beside = Between(samples, 20, 75).ToList();
        Assert.InRange(beside.Average(s => s.Arrived), 1_250_000, 3_750_000);
        Assert.True(beside.Average(s => s.Other) >= 1_250_000);
        Assert.All(beside, s => Assert.True(s.Estimate >= 500_000, $"{s}"));

        // Alone again, it takes the line back, and keeps no queue.
        AssertUsed(samples, 83, 90);
        Assert.True(Between(samples, 83, 90).Average(s => s.Queue.TotalMilliseconds) < 80);
    }

    [Fact]
    public void Stays_near_what_a_policer_lets_pass()
    {
        var samples = After(Run("policer").Samples, 8).ToList();
        AssertUsed(samples, 8, 60);
        Assert.InRange(samples.Average(s => s.Sent), 850_000, 1_150_000);
        Assert.All(samples, s => Assert.True(s.Estimate <= 1_400_000, $"{s}"));
    }

    [Fact]
    public void Two_percent_of_random_loss_cost_nothing() =>
        Assert.All(After(Run("loss-2").Samples, 6), s => Assert.True(s.Estimate >= 0.9 * CameraAndVoice, $"{s}"));

    [Fact]
    public void Six_percent_of_random_loss_do_not_throttle_to_half() =>
        Assert.All(After(Run("loss-6").Samples, 6), s => Assert.True(s.Estimate >= 0.7 * CameraAndVoice, $"{s}"));

    [Fact]
    public void More_than_a_tenth_of_loss_lowers_but_not_to_nothing()
    {
        var samples = After(Run("loss-15").Samples, 10).ToList();
        Assert.InRange(samples.Average(s => s.Estimate!.Value), 0.15 * CameraAndVoice, 0.95 * CameraAndVoice);
        Assert.All(samples, s => Assert.True(s.Estimate >= 150_000, $"{s}"));
    }

    [Fact]
    public void Bursts_of_loss_are_lived_with() =>
        Assert.All(After(Run("loss-bursts").Samples, 6), s => Assert.True(s.Estimate >= 0.7 * CameraAndVoice, $"{s}"));

    [Fact]
    public void Reordering_is_no_loss()
    {
        var call = Run("reordering");
        Assert.All(After(call.Samples, 5), s => Assert.True(s.Estimate >= CameraAndVoice, $"{s}"));
        Assert.Equal(0, call.Estimator.LossRatio);
    }

    [Fact]
    public void While_little_is_sent_it_neither_grows_nor_decays_and_a_probe_finds_what_is_needed_then()
    {
        var samples = Run("application-limited").Samples;
        Assert.All(Between(samples, 0, 29.9), s => Assert.InRange(s.Estimate!.Value, 299_000, 301_000));
        Assert.Equal(0, Between(samples, 0, 30).Sum(s => s.Padding));
        Assert.True(samples.First(s => s.Estimate >= 2_550_000).Seconds <= 33);
    }

    [Fact]
    public void Processes_that_stand_still_and_clocks_that_are_set_are_no_congestion() =>
        Assert.All(After(Run("stalls").Samples, 5), s => Assert.True(s.Estimate >= 0.8 * CameraAndVoice, $"{s}"));

    [Fact]
    public void The_keyframe_of_a_raise_is_no_congestion()
    {
        var samples = Run("camera").Samples;
        Assert.All(After(samples, 2), s => Assert.True(s.Estimate >= 1_500_000, $"{s}"));
        Assert.All(samples, s => Assert.InRange(s.Queue.TotalMilliseconds, 0, 200));
    }

    [Theory]
    [InlineData("camera-loss-6")]
    [InlineData("camera-jitter")]
    public void Loss_and_jitter_of_the_way_leave_a_camera_what_it_needs(string name) =>
        Assert.All(After(Run(name).Samples, 8), s => Assert.True(s.Estimate >= 1_200_000, $"{s}"));

    [Fact]
    public void A_way_that_has_become_longer_is_no_queue_after_some_seconds() =>
        Assert.All(After(Run("longer-way").Samples, 18), s => Assert.True(s.Estimate >= 1_400_000, $"{s}"));

    internal static CongestedCall Run(string name) => Runs.GetOrAdd(name, n => new(CongestionCases.All[n])).Value;

    private static IEnumerable<CallSample> Between(IEnumerable<CallSample> samples, double from, double to) =>
        samples.Where(s => s.Seconds > from && s.Seconds <= to);

    private static IEnumerable<CallSample> After(IEnumerable<CallSample> samples, double from) => Between(samples, from, double.MaxValue);

    private static void AssertUsed(IEnumerable<CallSample> samples, double from, double to)
    {
        var within = Between(samples, from, to).ToList();
        var used = within.Average(s => s.Arrived) / within.Average(s => s.Capacity);
        Assert.True(used >= 0.85, $"{used:P0} of the line was used from {from} s to {to} s.");
    }
}
