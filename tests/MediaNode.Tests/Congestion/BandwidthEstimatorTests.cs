using Nexus.MediaNode.Congestion;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.TestKit.Congestion;
using Nexus.TestKit.Diagnostics;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Congestion;

public sealed class BandwidthEstimatorTests
{
    private static readonly Instant Start = Instant.Zero.AddMilliseconds(1_000_000);
    private static readonly CongestionOptions NoFeedback = new() { TransportFeedback = false };

    private readonly BandwidthEstimator _estimator = new(CongestionOptions.Default);
    private readonly byte[] _buffer = new byte[1500];

    [Fact]
    public void Whoever_never_reports_is_neither_probed_nor_limited()
    {
        var call = new CongestedCall(CallSource.Elastic(2_000_000)) { Reports = false };
        call.Run(10);
        Assert.Equal(0, call.Samples.Sum(s => s.Padding));
        Assert.All(call.Samples.Where(s => s.Seconds < 3), s => Assert.Equal(300_000, s.Estimate));
        Assert.All(call.Samples.Where(s => s.Seconds > 3.1), s => Assert.Null(s.Estimate));
        Assert.True(call.Estimator.HasFirstProbeEnded);
        Assert.Equal(EstimateLimit.None, call.Estimator.LimitedBy);
    }

    [Fact]
    public void Without_any_feedback_only_reported_loss_limits_and_only_while_there_is_some()
    {
        var estimator = new BandwidthEstimator(NoFeedback);
        var now = SendFor(estimator, Start, seconds: 2, octetsEach10Milliseconds: 1250);
        Assert.Null(estimator.Bitrate);
        Assert.True(estimator.HasFirstProbeEnded);

        estimator.HandleLossReport(now, fractionLost: 13, expected: 200);
        Assert.Null(estimator.Bitrate);

        now = SendFor(estimator, now, 1, 1250);
        estimator.HandleLossReport(now, fractionLost: 64, expected: 100);
        Assert.InRange(estimator.Bitrate!.Value, 780_000, 900_000);
        Assert.Equal((EstimateLimit.Loss, 0.25), (estimator.LimitedBy, estimator.LossRatio));

        for (var i = 0; i < 10; i++)
        {
            now = SendFor(estimator, now, 1, 1100);
            estimator.HandleLossReport(now, 0, 88);
        }

        Assert.Null(estimator.Bitrate);
    }

    [Fact]
    public void Reports_about_few_packets_are_added_up()
    {
        var estimator = new BandwidthEstimator(NoFeedback);
        var now = SendFor(estimator, Start, 2, 1250);
        for (var i = 0; i < 3; i++)
        {
            estimator.HandleLossReport(now, 128, 6);
            Assert.Null(estimator.Bitrate);
        }

        estimator.HandleLossReport(now, 128, 6);
        Assert.NotNull(estimator.Bitrate);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_receivers_maximum_caps_until_it_is_lifted(bool transportFeedback)
    {
        var estimator = new BandwidthEstimator(new CongestionOptions { TransportFeedback = transportFeedback });
        estimator.HandleMaxBitrate(Start, 200_000);
        Assert.Equal((200_000, EstimateLimit.MaxBitrate), (estimator.Bitrate, estimator.LimitedBy));
        estimator.HandleMaxBitrate(Start, 1);
        Assert.Equal(CongestionOptions.Default.MinBitrate, estimator.Bitrate);
        estimator.HandleMaxBitrate(Start, 0);
        Assert.Equal(transportFeedback ? 300_000L : null, estimator.Bitrate);
    }

    [Fact]
    public void The_receivers_maximum_ends_ten_seconds_after_it_was_said_last()
    {
        var estimator = new BandwidthEstimator(NoFeedback);
        estimator.HandleMaxBitrate(Start, 200_000);
        estimator.HandleMaxBitrate(Start.AddMilliseconds(3_000), 200_000);
        Assert.Equal(Start.AddMilliseconds(13_000), estimator.NextTimeout);
        estimator.HandleTimeout(Start.AddMilliseconds(12_999));
        Assert.Equal(200_000, estimator.Bitrate);
        estimator.HandleTimeout(Start.AddMilliseconds(13_000));
        Assert.Null(estimator.Bitrate);
        Assert.Equal(Instant.Never, estimator.NextTimeout);
    }

    [Fact]
    public void Padding_that_does_not_come_is_no_loss()
    {
        for (ushort i = 0; i < 200; i++)
        {
            _estimator.Sent(Start.AddMilliseconds(i * 10), i, 1000, i >= 100 ? SentKind.Padding : SentKind.Video);
        }

        HandleFeedback(Start.AddMilliseconds(1050), 0, 0, 100, 40);
        for (ushort i = 200; i < 300; i++)
        {
            _estimator.Sent(Start.AddMilliseconds(i * 10), i, 1000, SentKind.Video);
        }

        HandleFeedback(Start.AddMilliseconds(3050), 100, 31, 200, 40, missing: 100);
        Assert.Equal(0, _estimator.LossRatio);
        Assert.NotEqual(EstimateLimit.Loss, _estimator.LimitedBy);
    }

    [Fact]
    public void Feedback_on_what_was_never_sent_is_counted_and_changes_nothing()
    {
        _estimator.SetWanted(5_000_000);
        for (ushort i = 100; i < 110; i++)
        {
            _estimator.Sent(Start, i, 1000, SentKind.Video);
        }

        HandleFeedback(Start.AddMilliseconds(50), 110, 0, 20, 10);
        HandleFeedback(Start.AddMilliseconds(50), 90, 0, 10, 10);
        Assert.Equal(30, _estimator.UnknownReported);
        Assert.Equal((300_000, 0), (_estimator.Bitrate, _estimator.AcknowledgedRate));
        Assert.False(_estimator.TryGetProbe(Start.AddMilliseconds(60), out _));
    }

    [Fact]
    public void What_is_reported_twice_counts_once()
    {
        for (ushort i = 0; i < 100; i++)
        {
            _estimator.Sent(Start.AddMilliseconds(i * 10), i, 1000, SentKind.Video);
        }

        HandleFeedback(Start.AddMilliseconds(1050), 0, 0, 100, 40);
        var rate = _estimator.AcknowledgedRate;
        Assert.InRange(rate, 750_000, 850_000);
        HandleFeedback(Start.AddMilliseconds(1060), 0, 0, 100, 40);
        Assert.Equal(rate, _estimator.AcknowledgedRate);
    }

    [Fact]
    public void A_line_of_one_voice_costs_little_memory_and_a_fast_one_not_much()
    {
        var voice = new CongestedCall(CallSource.Voice) { Line = Link(1_000_000) };
        voice.Run(30);
        Assert.Equal(512, voice.Estimator.MemoryOctets);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var all = new BandwidthEstimator(CongestionOptions.Default);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, all.MemoryOctets, 3 * 1024);
        Assert.InRange(CongestionCaseTests.Run("fast-start").Estimator.MemoryOctets, 512, 16 * 1024);
    }

    [Fact]
    public void The_receivers_clock_may_wrap_in_the_middle_of_a_call()
    {
        // The clock of the call begins at an hour, which is 56250 steps of 64 ms; the wrap comes after ten seconds.
        var wrapping = new CongestedCall(CallSource.Elastic(2_000_000)) { Line = Link(1_500_000), ReceiverClockSteps = (1 << 23) - 56_250 - 156 };
        var plain = new CongestedCall(CallSource.Elastic(2_000_000)) { Line = Link(1_500_000) };
        wrapping.Run(20);
        plain.Run(20);
        var (least, most) = (wrapping.Samples.Where(s => s.Seconds > 5).Min(s => s.Estimate), wrapping.Samples.Max(s => s.Estimate));
        Assert.InRange(least!.Value, 1_000_000, most!.Value);
        Assert.InRange(wrapping.Samples.Average(s => s.Arrived) / plain.Samples.Average(s => s.Arrived), 0.97, 1.03);
    }

    [Fact]
    public void Two_runs_of_one_script_are_the_same()
    {
        var again = CongestionCases.All["loss-6"]();
        Assert.Equal(CongestionCaseTests.Run("loss-6").Samples, again.Samples);
    }

    [Fact]
    public void Half_of_the_feedback_lost_is_no_loss_of_packets()
    {
        var call = new CongestedCall(CallSource.Elastic(2_000_000)) { Line = Link(3_000_000) };
        call.Back = call.Back with { Loss = 0.5 };
        call.Run(30);
        Assert.Equal(0, call.Estimator.LossRatio);
        Assert.All(call.Samples.Where(s => s.Seconds > 15), s => Assert.True(s.Estimate >= 1_800_000, $"{s}"));
    }

    [Fact]
    public void When_feedback_stops_less_is_sent_and_when_it_comes_again_what_was_is_found_again()
    {
        var call = new CongestedCall(CallSource.Elastic(2_000_000)) { Line = Link(3_000_000) };
        call.At(10, () => call.Reports = false);
        call.At(14, () => call.Reports = true);
        call.Run(22);
        Assert.Equal(EstimateLimit.NoFeedback, call.Samples.Single(s => s.Seconds is > 13.85 and < 13.95).LimitedBy);
        Assert.True(call.Samples.Where(s => s.Seconds is > 13 and < 14).All(s => s.Estimate < 1_600_000));
        Assert.True(call.Samples[^1].Estimate >= 2_000_000, $"{call.Samples[^1]}");
    }

    [Fact]
    public void A_timeout_that_we_handle_late_ourselves_is_no_silence_of_the_receiver()
    {
        _estimator.Sent(Start, 1, 1000, SentKind.Video);
        HandleFeedback(Start.AddMilliseconds(50), 1, 0, 1, 0);
        SendUntil(1100);
        var due = _estimator.NextTimeout;
        _estimator.HandleTimeout(due.AddMilliseconds(400));
        Assert.Equal(300_000, _estimator.Bitrate);
        _estimator.HandleTimeout(_estimator.NextTimeout);
        Assert.Equal((240_000, EstimateLimit.NoFeedback), (_estimator.Bitrate, _estimator.LimitedBy));
    }

    [Fact]
    public void While_nothing_is_sent_a_last_packet_that_got_lost_lowers_nothing()
    {
        _estimator.Sent(Start, 1, 1000, SentKind.Video);
        HandleFeedback(Start.AddMilliseconds(50), 1, 0, 1, 0);
        _estimator.Sent(Start.AddMilliseconds(100), 2, 1000, SentKind.Video);
        while (_estimator.NextTimeout is var due && due != Instant.Never)
        {
            _estimator.HandleTimeout(due);
        }

        Assert.Equal((300_000, EstimateLimit.ApplicationLimited), (_estimator.Bitrate, _estimator.LimitedBy));
    }

    [Fact]
    public void No_probe_goes_out_before_feedback_nor_when_nothing_more_is_wanted()
    {
        _estimator.SetWanted(1_000_000);
        _estimator.Sent(Start, 1, 1000, SentKind.Video);
        Assert.False(_estimator.TryGetProbe(Start, out _));
        _estimator.SetWanted(200_000);
        HandleFeedback(Start.AddMilliseconds(50), 1, 0, 1, 0);
        Assert.False(_estimator.TryGetProbe(Start.AddMilliseconds(50), out _));
        _estimator.SetWanted(1_000_000);
        _estimator.Sent(Start.AddMilliseconds(60), 2, 1000, SentKind.Video);
        HandleFeedback(Start.AddMilliseconds(100), 2, 1, 1, 0);
        Assert.True(_estimator.TryGetProbe(Start.AddMilliseconds(100), out var octets));

        // 900 kbit/s in steps of 5 ms.
        Assert.Equal(900_000 / 8 * 5 / 1000, octets);
        Assert.Equal(Start.AddMilliseconds(105), _estimator.NextTimeout);
    }

    [Fact]
    public void Whoever_cannot_pad_has_had_his_first_probe()
    {
        _estimator.SetWanted(1_000_000);
        _estimator.Sent(Start, 1, 1000, SentKind.Video);
        HandleFeedback(Start.AddMilliseconds(50), 1, 0, 1, 0);
        for (var i = 50; i < 1000; i += 5)
        {
            _estimator.TryGetProbe(Start.AddMilliseconds(i), out _);
            _estimator.HandleTimeout(Start.AddMilliseconds(i));
        }

        Assert.True(_estimator.HasFirstProbeEnded);
    }

    [Fact]
    public void Nothing_is_allocated_while_packets_and_feedback_pass()
    {
        var now = Start;
        ushort next = 0;
        void Turn()
        {
            for (var i = 0; i < 20; i++)
            {
                now = now.AddMilliseconds(5);
                _estimator.Sent(now, next++, 1200, SentKind.Video);
            }

            HandleFeedback(now.AddMilliseconds(20), (ushort)(next - 20), (int)(now.Milliseconds / 64), 20, 20);
        }

        Assert.Equal(0, Allocations.Least(_ =>
        {
            for (var i = 0; i < 200; i++)
            {
                Turn();
            }
        }));
    }

    [Theory]
    [InlineData(0, 300_000, 1_000_000)]
    [InlineData(400_000, 300_000, 1_000_000)]
    [InlineData(30_000, 300_000, 200_000)]
    public void Bitrates_that_contradict_each_other_are_refused(long min, long start, long max)
    {
        var options = new CongestionOptions { MinBitrate = min, StartBitrate = start, MaxBitrate = max };
        Assert.Contains("0 < min ≤ start ≤ max", Assert.Throws<ArgumentException>(() => new BandwidthEstimator(options)).Message, StringComparison.Ordinal);
    }

    private void SendUntil(int milliseconds)
    {
        for (var i = 100; i <= milliseconds; i += 20)
        {
            _estimator.Sent(Start.AddMilliseconds(i), (ushort)(2 + (i / 20)), 100, SentKind.Audio);
        }
    }

    private static LinkConditions Link(long bandwidth) => new() { Bandwidth = bandwidth, Delay = TimeSpan.FromMilliseconds(25) };

    private static Instant SendFor(BandwidthEstimator estimator, Instant now, int seconds, int octetsEach10Milliseconds)
    {
        for (var i = 0; i < seconds * 100; i++)
        {
            now = now.AddMilliseconds(10);
            estimator.Sent(now, 0, octetsEach10Milliseconds, SentKind.Video);
        }

        return now;
    }

    // All arrived, each so many steps of 250 µs after the one before.
    private void HandleFeedback(Instant now, ushort first, int reference, int count, short apart, int missing = 0)
    {
        Span<byte> symbols = stackalloc byte[count];
        Span<short> deltas = stackalloc short[count];
        symbols[missing..].Fill(1);
        deltas.Fill(apart);
        var length = TransportWideWriter.Write(_buffer, new FeedbackHeader(1, 2), reference, 0, first, symbols, deltas);
        var rtcp = new RtcpReader(_buffer.AsSpan(0, length));
        Assert.True(rtcp.MoveNext(out var packet));
        Assert.True(TransportWideReader.TryRead(packet, out _, out var reader));
        _estimator.HandleFeedback(now, reader);
    }
}
