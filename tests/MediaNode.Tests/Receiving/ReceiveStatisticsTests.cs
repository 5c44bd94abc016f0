using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Receiving;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Receiving;

public sealed class ReceiveStatisticsTests
{
    private readonly ReceiveStatistics _statistics = new(77, 90_000);
    private SequenceExtender _extender;

    [Fact]
    public void Before_the_first_packet_there_is_nothing_to_report() =>
        Assert.False(_statistics.TryReport(Instant.Zero, out _));

    [Fact]
    public void Loss_is_counted_per_interval_and_in_all()
    {
        Receive(0, 100);
        Receive(0, 101);
        Receive(0, 104);
        Receive(0, 103);
        Assert.True(_statistics.TryReport(At(0), out var block));
        Assert.Equal((77u, 51, 1, 104u), (block.Ssrc, block.FractionLost, block.CumulativeLost, block.ExtendedHighestSequence));
        Receive(0, 105);
        Assert.True(_statistics.TryReport(At(0), out block));
        Assert.Equal((0, 1), (block.FractionLost, block.CumulativeLost));
        Receive(0, 102);
        Assert.True(_statistics.TryReport(At(0), out block));
        Assert.Equal((0, 0), (block.FractionLost, block.CumulativeLost));
    }

    [Fact]
    public void Cycles_count_from_the_first_packet()
    {
        Receive(0, 65_534);
        Receive(0, 65_535);
        Receive(0, 1);
        Assert.True(_statistics.TryReport(At(0), out var block));
        Assert.Equal((0x1_0001u, 1, 64), (block.ExtendedHighestSequence, block.CumulativeLost, block.FractionLost));
    }

    [Fact]
    public void Doubles_make_loss_negative_and_the_fraction_zero()
    {
        Receive(0, 1);
        Receive(0, 1);
        Receive(0, 1);
        Assert.True(_statistics.TryReport(At(0), out var block));
        Assert.Equal((0, -2), (block.FractionLost, block.CumulativeLost));
    }

    [Fact]
    public void Everything_but_the_first_of_an_interval_lost_saturates_below_one()
    {
        Receive(0, 1);
        _statistics.TryReport(At(0), out _);
        Receive(0, 20_000);
        Assert.True(_statistics.TryReport(At(0), out var block));
        Assert.Equal(255, block.FractionLost);
    }

    [Fact]
    public void Jitter_follows_the_formula_of_the_rfc()
    {
        // Each frame 3000 ticks apart; arrivals alternate between on time and 5 ms (450 ticks) late: |D| is always 450.
        double jitter = 0;
        for (ushort i = 0; i < 400; i++)
        {
            Receive((i * 100.0 / 3) + (i % 2 * 5), i, i * 3000u);
            jitter += i == 0 ? 0 : (450 - jitter) / 16;
        }

        Assert.True(_statistics.TryReport(At(0), out var block));
        Assert.InRange(block.Jitter, jitter - 2, jitter + 2);
        Assert.InRange(_statistics.Jitter.TotalMilliseconds, 4.9, 5.1);
    }

    [Fact]
    public void Packets_of_one_frame_and_a_wrapping_timestamp_are_no_jitter()
    {
        var timestamp = uint.MaxValue - 10_000;
        for (ushort i = 0; i < 300; i++)
        {
            Receive((i / 3 * 100.0 / 3) + (i % 3), i, timestamp + (uint)(i / 3 * 3000));
        }

        Assert.True(_statistics.TryReport(At(0), out var block));
        Assert.InRange(block.Jitter, 0u, 1u);
    }

    [Fact]
    public void A_sender_report_is_answered_with_its_time_and_ours_since()
    {
        Receive(0, 1);
        Assert.True(_statistics.TryReport(At(10), out var block));
        Assert.Equal((0u, 0u), (block.LastSenderReport, block.DelaySinceLastSenderReport));
        _statistics.HandleSenderReport(At(1000), new(77, 0x1111_2222_3333_4444, 0, 0, 0));
        Assert.True(_statistics.TryReport(At(1500), out block));
        Assert.Equal((0x2222_3333u, 32_768u), (block.LastSenderReport, block.DelaySinceLastSenderReport));
    }

    [Fact]
    public void Bitrate_is_that_of_the_last_second()
    {
        for (ushort i = 0; i < 200; i++)
        {
            Receive(i * 10, i);
        }

        Assert.InRange(_statistics.BitsPerSecond(At(1999)), 950_000, 970_000); // 100 packets/s of 1200 octets
        Assert.InRange(_statistics.BitsPerSecond(At(2500)), 380_000, 580_000);
        Assert.Equal(0, _statistics.BitsPerSecond(At(3000)));
        Assert.Equal(0, _statistics.BitsPerSecond(At(99_000)));
    }

    [Fact]
    public void A_reference_time_is_answered_once()
    {
        var responder = default(ReferenceTimeResponder);
        Assert.False(responder.TryAnswer(At(0), out _));
        responder.Handle(At(0), 5, 0x1111_2222_3333_4444);
        Assert.True(responder.TryAnswer(At(250), out var delay));
        Assert.Equal(new DelaySinceLastReceiverReport(5, 0x2222_3333, 16_384), delay);
        Assert.False(responder.TryAnswer(At(250), out _));
    }

    [Fact]
    public void Counting_allocates_nothing()
    {
        Assert.Equal(0, Allocations.Least(round =>
        {
            for (var i = round * 2000; i < (round + 1) * 2000; i++)
            {
                Receive(i, (ushort)i, (uint)i * 90);
            }
        }));
    }

    private static Instant At(double milliseconds) => new((long)(milliseconds * 1e6));

    private void Receive(double milliseconds, ushort sequence, uint timestamp = 0) =>
        _statistics.Receive(At(milliseconds), _extender.Extend(sequence), timestamp, 1200);
}
