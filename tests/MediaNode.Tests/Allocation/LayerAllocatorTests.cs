using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Tests.Allocation;

public class LayerAllocatorTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static VideoWish Camera => new(Receiver.Simulcast()) { SpeakerRank = ushort.MaxValue };

    [Fact]
    public void Everybody_rises_in_turn_and_the_first_in_order_goes_furthest()
    {
        var cameras = Receiver.Of(Camera, Camera with { Priority = VideoPriority.Speaker, SpeakerRank = 0 }, Camera);
        Assert.Equal([0, 0, -1], Receiver.Of(Camera, Camera, Camera).At(300_000));
        Assert.Equal([0, 1, 0], cameras.At(1_000_000));
        Assert.Equal([1, 1, 1], Receiver.Of(Camera, Camera, Camera).At(1_500_000));
        Assert.Equal([0, 1, 0], Receiver.Of(Camera, Camera with { Priority = VideoPriority.ScreenShare }, Camera).At(800_000));
        Assert.Equal([2, 2, 2], Receiver.Of(Camera, Camera, Camera).At(4_500_000));
    }

    [Fact]
    public void Screen_share_comes_before_speaker_before_pinned_before_larger_before_later_spoken()
    {
        VideoWish[] videos =
        [
            Camera with { Width = 1280, Height = 720, SpeakerRank = 5 },
            Camera with { Width = 1280, Height = 720, SpeakerRank = 2 },
            Camera with { Width = 640, Height = 360, SpeakerRank = 1 },
            Camera with { Priority = VideoPriority.Pinned },
            Camera with { Priority = VideoPriority.Speaker, SpeakerRank = 0 },
            Camera with { Priority = VideoPriority.ScreenShare },
        ];
        int[] order = [5, 4, 3, 1, 0, 2];
        for (var fits = 1; fits <= order.Length; fits++)
        {
            var ranks = Receiver.Of(videos).At(150_000 * fits);
            Assert.Equal(order[..fits].Order(), Enumerable.Range(0, 6).Where(i => ranks[i] == 0));
        }
    }

    [Fact]
    public void What_does_not_fit_is_passed_over_for_what_does()
    {
        var screen = new VideoWish(Receiver.Ladder((2_500_000, 1920, 1080))) { Priority = VideoPriority.ScreenShare };
        var receiver = Receiver.Of(screen, Camera);
        Assert.Equal([-1, 1], receiver.At(1_000_000));
        Assert.Equal([AllocationReason.Bandwidth, AllocationReason.Flows], receiver.Reasons);
    }

    [Fact]
    public void What_the_path_carries_is_not_lowered_for_an_estimate_that_it_has_outgrown()
    {
        var receiver = Receiver.Of(Camera);
        Assert.Equal([2], receiver.At(2_000_000));
        receiver.Videos[0] = new VideoWish(Receiver.Simulcast(high: 2_400_000));
        receiver.Input = receiver.Input with { IsCarried = true };
        Assert.Equal([2], receiver.For(5 * Second, 2_000_000));
        Assert.Equal(2_400_000, receiver.State.Planned);

        // Room for others is what it has outgrown, and no more than that.
        receiver.Videos.Add(Camera);
        Assert.Equal([1, 1], receiver.At(2_000_000));

        receiver = Receiver.Of(Camera);
        receiver.At(2_000_000);
        receiver.Videos[0] = new VideoWish(Receiver.Simulcast(high: 2_400_000));
        Assert.Equal([1], receiver.At(2_000_000));
    }

    [Fact]
    public void Hidden_ones_cost_nothing_and_neither_do_those_without_a_source()
    {
        var receiver = Receiver.Of(Camera with { IsHidden = true }, Camera, new VideoWish(new LayerLadder()));
        Assert.Equal([-1, 2, -1], receiver.At(1_500_000));
        Assert.Equal([AllocationReason.Hidden, AllocationReason.Flows, AllocationReason.NoSource], receiver.Reasons);
        Assert.Equal((1_500_000, 0L, 0), (receiver.State.Planned, receiver.State.Wanted, receiver.State.Paused));
    }

    [Fact]
    public void Audio_is_counted_first_and_sent_whatever_the_estimate()
    {
        var receiver = Receiver.Of(Camera);
        receiver.Input = receiver.Input with { AudioBitrate = 100_000, AudioTracks = 3 };
        Assert.Equal([1], receiver.At(600_000));
        Assert.Equal(600_000, receiver.State.Planned);
        Assert.Equal([-1], receiver.At(50_000));
        Assert.Equal(100_000, receiver.State.Planned);
    }

    [Theory]
    [InlineData(499_999, 120_000)]
    [InlineData(500_000, 0)]
    public void Below_500_kbit_s_room_is_left_for_voices_that_are_silent_just_now(long estimate, long reserved)
    {
        var video = Receiver.Ladder(Enumerable.Range(1, 30).Select(i => (i * 20_000L, i * 16, i * 9)).ToArray());
        var receiver = Receiver.Of(new VideoWish(video));
        receiver.Input = receiver.Input with { AudioTracks = 20 };
        receiver.At(estimate);
        Assert.InRange(receiver.VideoBitrate, estimate - reserved - 20_000, estimate - reserved);
    }

    [Fact]
    public void A_raise_needs_a_margin_and_a_lowering_comes_at_once()
    {
        var receiver = Receiver.Of(Camera);
        Assert.Equal([0], receiver.At(400_000));
        Assert.Equal([0], receiver.At(580_000));
        Assert.Equal(590_000, receiver.State.Wanted);
        Assert.Equal([1], receiver.At(590_000));
        Assert.Equal([1], receiver.At(500_000));
        Assert.Equal([0], receiver.At(499_999));
    }

    [Fact]
    public void After_a_lowering_nothing_rises_for_a_second()
    {
        var receiver = Receiver.Of(Camera);
        receiver.At(1_500_000);
        Assert.Equal([0], receiver.At(300_000));
        Assert.Equal([0], receiver.At(2_000_000, 999));
        Assert.Equal([2], receiver.At(2_000_000, 1));
    }

    [Fact]
    public void Each_rise_in_vain_doubles_the_pause_up_to_half_a_minute()
    {
        var receiver = Receiver.Of(Camera);
        receiver.At(150_000);
        var pauses = new List<long>();
        for (var i = 0; i < 7; i++)
        {
            receiver.At(300_000, 10);
            var lowered = receiver.Now;
            while (receiver.At(700_000, 50)[0] == 0 && receiver.Now < lowered + (60 * Second))
            {
            }

            pauses.Add((receiver.Now - lowered).Ticks / TimeSpan.TicksPerSecond);
            receiver.At(300_000);
        }

        Assert.Equal(0, pauses[0]); // nothing was lowered yet
        Assert.Equal(pauses.Order(), pauses);
        Assert.InRange(pauses[^1], 30, 33);
    }

    [Fact]
    public void A_path_that_goes_down_in_steps_waits_no_longer_than_one_that_falls()
    {
        var receiver = Receiver.Of(Camera, Camera, Camera);
        receiver.At(4_500_000);
        foreach (var estimate in (long[])[3_000_000, 2_000_000, 1_000_000, 500_000])
        {
            receiver.At(estimate, 200);
        }

        Assert.NotEqual([2, 2, 2], receiver.At(6_000_000, 999));
        Assert.Equal([2, 2, 2], receiver.At(6_000_000, 1));
    }

    [Fact]
    public void What_rises_must_have_fitted_the_lowest_estimate_of_the_last_ten_seconds()
    {
        var receiver = Receiver.Of(Camera, Camera);
        receiver.At(1_000_000);
        Assert.Equal([1, 0], receiver.At(850_000));
        Assert.Equal([1, 0], receiver.For(9 * Second, 1_060_000));
        Assert.Equal([1, 0], receiver.At(850_000));
        Assert.Equal([1, 0], receiver.For(10 * Second, 1_060_000));
        Assert.Equal([1, 0], receiver.For(Second, 1_089_999));
        Assert.Equal([1, 1], receiver.At(1_090_000)); // its margin, ten seconds later
    }

    [Fact]
    public void A_path_that_recovers_by_a_quarter_is_believed()
    {
        var receiver = Receiver.Of(Camera, Camera);
        receiver.At(1_000_000);
        Assert.Equal([1, 0], receiver.At(900_000));
        Assert.Equal([1, 0], receiver.At(1_124_000, 1000));
        Assert.Equal([1, 1], receiver.At(1_125_000));
    }

    [Fact]
    public void A_new_subscription_takes_its_layers_from_those_who_have_more()
    {
        var receiver = Receiver.Of(Camera);
        Assert.Equal([2], receiver.At(1_550_000));
        receiver.Videos.Add(Camera);
        Assert.Equal([1, 1], receiver.At(1_550_000));
        receiver.Videos.AddRange(Enumerable.Repeat(Camera, 8));
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], receiver.At(1_550_000));
    }

    [Fact]
    public void Who_speaks_now_takes_the_layers_of_who_spoke_before()
    {
        var (a, b) = (Camera with { Priority = VideoPriority.Speaker, SpeakerRank = 0 }, Camera with { SpeakerRank = 1 });
        var receiver = Receiver.Of(a, b);
        Assert.Equal([2, 0], Receiver.Of(a with { Layer = null }, b with { Width = 320, Height = 180 }).At(1_700_000));
        Assert.Equal([1, 0], receiver.At(700_000));
        receiver.Videos[0] = b;
        receiver.Videos[1] = a;
        Assert.Equal([0, 1], receiver.At(750_000));
    }

    [Fact]
    public void Who_does_not_fit_is_paused_by_name_and_comes_back_one_at_a_time()
    {
        var receiver = Receiver.Of(Camera, Camera, Camera, Camera);
        receiver.At(700_000);
        Assert.Equal([0, -1, -1, -1], receiver.At(180_000));
        Assert.Equal(3, receiver.State.Paused);
        Assert.Equal([0, -1, -1, -1], receiver.At(700_000, 999));
        Assert.Equal([0, 0, -1, -1], receiver.At(700_000, 1));
        Assert.Equal([0, 0, -1, -1], receiver.At(700_000, 999));
        Assert.Equal([0, 0, 0, -1], receiver.At(700_000, 1));
        Assert.Equal([0, 0, 0, 0], receiver.At(700_000, 1000));
    }

    [Fact]
    public void A_paused_one_needs_a_margin_to_come_back()
    {
        var receiver = Receiver.Of(Camera, Camera);
        receiver.At(300_000);
        Assert.Equal([0, -1], receiver.At(200_000));
        Assert.Equal(327_000, receiver.State.Wanted);
        Assert.Equal([0, -1], receiver.For(20 * Second, 326_999));
        Assert.Equal([0, 0], receiver.At(327_000));
    }

    [Fact]
    public void Nothing_is_paused_before_the_first_probe_has_ended()
    {
        var receiver = Receiver.Of(Camera, Camera, Camera);
        receiver.Input = receiver.Input with { IsUnproven = true };
        Assert.Equal([0, 0, 0], receiver.At(100_000));
        Assert.Equal([0, 0, 0], receiver.For(5 * Second, 100_000));
        receiver.Input = receiver.Input with { IsUnproven = false };
        Assert.Equal([0, -1, -1], receiver.At(160_000));
        Assert.Equal([AllocationReason.Flows, AllocationReason.Bandwidth, AllocationReason.Bandwidth], receiver.Reasons);
    }

    [Fact]
    public void The_only_video_is_kept_while_two_thirds_of_its_lowest_layer_fit()
    {
        var receiver = Receiver.Of(Camera, Camera with { IsHidden = true });
        Assert.Equal([0, -1], receiver.At(100_000));
        Assert.Equal([-1, -1], receiver.At(99_999));
        Assert.Equal([-1, -1], receiver.For(30 * Second, 176_000)); // once paused it comes back like any
        Assert.Equal([0, -1], receiver.At(177_000));
    }

    [Fact]
    public void The_hard_ceiling_holds_and_is_no_reason_to_probe()
    {
        var receiver = Receiver.Of(Camera);
        receiver.Input = receiver.Input with { Ceiling = 600_000 };
        Assert.Equal([1], receiver.At(10_000_000));
        Assert.Equal(0, receiver.State.Wanted);
        receiver.Input = receiver.Input with { Ceiling = 0 };
        Assert.Equal([2], receiver.At(10_000_000));
    }

    [Fact]
    public void Wanted_is_what_the_next_rise_needs_with_its_margin()
    {
        var receiver = Receiver.Of(Camera, Camera);
        receiver.Input = receiver.Input with { AudioBitrate = 40_000 };
        Assert.Equal([0, 0], receiver.At(500_000));
        Assert.Equal(40_000 + 150_000 + 500_000 + 90_000, receiver.State.Wanted);
        receiver.At(5_000_000);
        Assert.Equal(0, receiver.State.Wanted);
    }

    [Fact]
    public void Only_those_who_spoke_last_are_shown_in_a_big_room()
    {
        var videos = Enumerable.Range(0, 8).Select(i => Camera with { SpeakerRank = (ushort)(7 - i) }).ToArray();
        videos[0] = videos[0] with { Priority = VideoPriority.Pinned };
        videos[1] = videos[1] with { Layer = LayerWish.Low };
        videos[2] = videos[2] with { Priority = VideoPriority.ScreenShare };
        videos[7] = videos[7] with { Priority = VideoPriority.Speaker };
        var receiver = Receiver.Of(videos);
        receiver.Input = receiver.Input with { MostVideos = 3 };
        Assert.Equal([2, 0, 2, -1, -1, 2, 2, 2], receiver.At(100_000_000));
        Assert.Equal([AllocationReason.Silent, AllocationReason.Silent], receiver.Reasons[3..5]);

        receiver.Videos[7] = videos[7] with { IsHidden = true }; // who is not shown takes nobody's place
        Assert.Equal([2, 0, 2, -1, 2, 2, 2, -1], receiver.At(100_000_000));

        receiver.Input = receiver.Input with { MostVideos = 0 };
        Assert.Equal([2, 0, 2, 2, 2, 2, 2, -1], receiver.At(100_000_000));
    }

    [Fact]
    public void Losses_over_a_twentieth_lower_the_resolution_until_they_have_been_gone_for_five_seconds()
    {
        var receiver = Receiver.Of(Camera, new VideoWish(Receiver.Ladder((600_000, 1280, 720))));
        Assert.Equal([2, 0], receiver.At(10_000_000));
        receiver.Input = receiver.Input with { Loss = 0.05 };
        Assert.Equal([2, 0], receiver.At(10_000_000));
        receiver.Input = receiver.Input with { Loss = 0.06 };
        Assert.Equal([1, 0], receiver.At(10_000_000));
        receiver.Input = receiver.Input with { Loss = 0.2 };
        Assert.Equal([0, 0], receiver.At(10_000_000));
        receiver.Input = receiver.Input with { Loss = 0.04 };
        Assert.Equal([0, 0], receiver.For(20 * Second, 10_000_000));
        receiver.Input = receiver.Input with { Loss = 0.01 };
        Assert.Equal([1, 0], receiver.At(10_000_000));
        Assert.Equal([1, 0], receiver.At(10_000_000, 4999));
        Assert.Equal([2, 0], receiver.At(10_000_000, 1));
        Assert.Equal(0, receiver.State.Wanted);
    }

    [Fact]
    public void An_encoding_that_falls_silent_is_left_for_the_one_below_and_comes_back_with_a_margin()
    {
        var ladder = Receiver.Simulcast();
        var receiver = Receiver.Of(new VideoWish(ladder));
        Assert.Equal([2], receiver.At(1_600_000));
        ladder.Clear(3);
        ladder.Add(LayerTarget.All(0), 0, 150_000, 320, 180);
        Assert.Equal([0], receiver.At(1_600_000));
        ladder.Add(LayerTarget.All(1), 1, 500_000, 640, 360);
        Assert.Equal([1], receiver.At(1_600_000));
    }

    [Fact]
    public void The_lowest_of_what_flows_is_given_when_the_wished_one_does_not()
    {
        var ladder = new LayerLadder();
        ladder.Clear(3);
        ladder.Add(LayerTarget.All(2), 2, 1_500_000, 1280, 720);
        Assert.Equal([2], Receiver.Of(new VideoWish(ladder) { Layer = LayerWish.Low }).At(2_000_000));
    }

    [Fact]
    public void Too_many_or_unlike_spans_are_refused()
    {
        var videos = Enumerable.Repeat(Camera, LayerAllocator.MostSubscriptions + 1).ToArray();
        var many = Assert.Throws<ArgumentException>(() => LayerAllocator.Plan(default, default, videos, new VideoAllocation[videos.Length]));
        Assert.Contains("513 subscriptions", many.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LayerAllocator.Plan(default, default, videos.AsSpan(0, 3), new VideoAllocation[2]));
    }
}
