using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Tests.Allocation;

public class LayerLadderTests
{
    private const byte All = LayerTarget.Highest;

    private static readonly Instant Start = Instant.Zero.AddMilliseconds(1000);

    [Fact]
    public void Temporal_layers_of_the_lowest_resolution_are_steps_and_of_the_others_the_highest_two()
    {
        var ladder = new LayerLadder();
        ladder.Clear(2);
        var now = Start.AddMilliseconds(1000);
        ladder.Add(now, encoding: 0, rank: 0, null, Rates(1, 3, [[100, 50, 50]]), 320, 180);
        ladder.Add(now, encoding: 1, rank: 1, null, Rates(1, 3, [[400, 200, 200]]), 640, 360);
        Assert.Equal(
            [
                new LayerStep(new(0, All, 0), 0, 100_000, 320, 180),
                new LayerStep(new(0, All, 1), 0, 150_000, 320, 180),
                new LayerStep(new(0, All, All), 0, 200_000, 320, 180),
                new LayerStep(new(1, All, 1), 1, 600_000, 640, 360),
                new LayerStep(new(1, All, All), 1, 800_000, 640, 360),
            ],
            ladder.Steps.ToArray());
    }

    [Fact]
    public void Spatial_layers_of_one_stream_are_resolutions_that_include_the_lower_ones()
    {
        var rates = Rates(3, 2, [[100, 50], [200, 100], [400, 200]]);
        Assert.Equal([(0, 0, 100_000), (0, 7, 150_000), (1, 0, 300_000), (1, 7, 450_000), (2, 0, 700_000), (2, 7, 1_050_000)], StepsOf(rates));
    }

    [Fact]
    public void Where_upper_layers_do_without_the_lower_ones_only_their_own_counts()
    {
        var rates = Rates(3, 1, [[100], [300], [900]], keyMode: true);
        Assert.True(rates.IsKeyMode);
        Assert.Equal([(0, 7, 100_000), (1, 7, 300_000), (2, 7, 900_000)], StepsOf(rates));
    }

    [Fact]
    public void A_step_measured_below_the_one_before_counts_as_dear_and_one_not_measured_is_none()
    {
        var ladder = Receiver.Ladder((100_000, 320, 180), (60_000, 640, 360), (0, 1280, 720));
        Assert.Equal([100_000, 100_000], ladder.Steps.ToArray().Select(s => s.Bitrate));
        Assert.Equal(3, ladder.Ranks);
        Assert.Equal(1, Receiver.Ladder((0, 320, 180)).Count);
    }

    [Fact]
    public void A_full_ladder_takes_no_more()
    {
        var ladder = Receiver.Ladder(Enumerable.Range(1, 40).Select(i => (i * 1000L, i, i)).ToArray());
        Assert.Equal(LayerLadder.MaxSteps, ladder.Count);
    }

    [Fact]
    public void Rates_are_there_from_the_first_packet_follow_a_rise_and_forget_slowly()
    {
        var rates = new LayerRates();
        Assert.Equal(0, rates.BitsPerSecond(Start, All, All));
        rates.Observe(Start, default, false, 1250);
        Assert.Equal(40_000, rates.BitsPerSecond(Start, All, All)); // as if nothing more came for a quarter of a second
        var now = Send(rates, Start, TimeSpan.FromSeconds(2), 250_000);
        Assert.InRange(rates.BitsPerSecond(now, All, All), 245_000, 265_000);
        now = Send(rates, now, TimeSpan.FromSeconds(2.5), 1_000_000);
        Assert.InRange(rates.BitsPerSecond(now, All, All), 930_000, 1_010_000);
        now = Send(rates, now, TimeSpan.FromSeconds(1), 0);
        Assert.InRange(rates.BitsPerSecond(now, All, All), 500_000, 800_000);
        for (var i = 0; i < 100; i++)
        {
            now = now.AddMilliseconds(500);
            rates.BitsPerSecond(now, All, All);
        }

        Assert.Equal(0, rates.BitsPerSecond(now, All, All));
        rates.Reset();
        rates.Observe(now, default, false, 625);
        Assert.Equal(20_000, rates.BitsPerSecond(now, All, All));
    }

    [Fact]
    public void A_key_picture_counts_over_the_seconds_after_it_and_whole()
    {
        var rates = new LayerRates();
        var key = new FrameInfo { IsKeyFrame = true };
        rates.Observe(Start, key, true, 1250);
        rates.Observe(Start, default, true, 123_750);
        Assert.Equal(250_000, rates.BitsPerSecond(Start, All, All));
        var now = Send(rates, Start, TimeSpan.FromSeconds(30), 250_000);
        Assert.InRange(rates.BitsPerSecond(now, All, All), 245_000, 265_000);

        var (steady, sum) = (rates.BitsPerSecond(now, All, All), 0L);
        rates.Observe(now, key, true, 1250);
        rates.Observe(now, default, true, 123_750);
        for (var i = 0; i < 60; i++)
        {
            now = Send(rates, now, TimeSpan.FromSeconds(0.5), 250_000);
            var more = rates.BitsPerSecond(now, All, All) - steady;
            Assert.InRange(more, -5000, 250_000);
            sum += more / 2;
        }

        Assert.InRange(sum, 900_000, 1_400_000); // a million bits, and what is forgotten slowly
        for (var i = 0; i < 10; i++)
        {
            rates.Observe(now, key, true, 125_000); // one a second is what the layer takes
            now = Send(rates, now, TimeSpan.FromSeconds(1), 250_000);
        }

        Assert.InRange(rates.BitsPerSecond(now, All, All), 900_000, 1_300_000);
    }

    private static (int Spatial, int Temporal, long Bitrate)[] StepsOf(LayerRates rates)
    {
        var ladder = new LayerLadder();
        ladder.Clear(3);
        for (byte spatial = 0; spatial < 3; spatial++)
        {
            ladder.Add(Start.AddMilliseconds(1000), 0, spatial, spatial, rates, 0, 0);
        }

        return [.. ladder.Steps.ToArray().Select(s => ((int)s.Target.SpatialId, (int)s.Target.TemporalId, s.Bitrate))];
    }

    /// <summary>A second of steady layers, kbit/s each.</summary>
    private static LayerRates Rates(int spatials, int temporals, int[][] kilobits, bool keyMode = false)
    {
        var rates = new LayerRates();
        for (var milliseconds = 0; milliseconds <= 1000; milliseconds += 20)
        {
            for (byte spatial = 0; spatial < spatials; spatial++)
            {
                for (byte temporal = 0; temporal < temporals; temporal++)
                {
                    var frame = new FrameInfo
                    {
                        Codec = CodecKind.Vp9,
                        SpatialId = spatial,
                        TemporalId = temporal,
                        InterPicturePredicted = true,
                        InterLayerPredicted = !keyMode,
                    };
                    rates.Observe(Start.AddMilliseconds(milliseconds), frame, false, kilobits[spatial][temporal] * 1000 / 8 / 50);
                }
            }
        }

        return rates;
    }

    private static Instant Send(LayerRates rates, Instant now, TimeSpan time, int bitsPerSecond)
    {
        for (var end = now + time; now < end; now = now.AddMilliseconds(20))
        {
            rates.Observe(now, default, false, bitsPerSecond / 8 / 50);
        }

        return now;
    }
}
