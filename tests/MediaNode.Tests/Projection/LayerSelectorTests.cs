using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Tests.Projection;

public class LayerSelectorTests
{
    [Theory]
    [InlineData(LayerWish.Low, 3, 0b111, 0)]
    [InlineData(LayerWish.Middle, 3, 0b111, 1)]
    [InlineData(LayerWish.High, 3, 0b111, 2)]
    [InlineData(LayerWish.High, 3, 0b011, 1)] // nearest lower
    [InlineData(LayerWish.High, 3, 0b001, 0)]
    [InlineData(LayerWish.Middle, 3, 0b101, 0)] // lower before higher
    [InlineData(LayerWish.Middle, 3, 0b100, 2)] // else nearest higher
    [InlineData(LayerWish.Low, 3, 0b110, 1)]
    [InlineData(LayerWish.High, 3, 0b000, 2)] // none yet: what was wished
    [InlineData(LayerWish.Low, 2, 0b11, 0)]
    [InlineData(LayerWish.Middle, 2, 0b11, 1)]
    [InlineData(LayerWish.High, 2, 0b11, 1)]
    [InlineData(LayerWish.High, 1, 0b1, 0)]
    [InlineData(LayerWish.Low, 1, 0b1, 0)]
    [InlineData(LayerWish.Low, 1, 0b110, 0)] // bits beyond the announced encodings mean nothing
    public void A_wish_becomes_the_nearest_active_encoding(LayerWish wish, int encodings, uint active, int expected) =>
        Assert.Equal(LayerTarget.All(expected), LayerSelector.Select(wish, encodings, active));

    [Theory]
    [InlineData(LayerWish.Low, 0)]
    [InlineData(LayerWish.Middle, 1)]
    [InlineData(LayerWish.High, 2)]
    public void With_one_svc_encoding_the_wish_is_a_spatial_layer(LayerWish wish, byte expected) =>
        Assert.Equal(new LayerTarget(0, expected, LayerTarget.Highest), LayerSelector.Select(wish, 1, 1, spatialLayers: 3));

    /// <summary>Sizes from low to high, <c>?</c> for one that no keyframe has told yet.</summary>
    [Theory]
    [InlineData("320x180 640x360 1280x720", 640, 360, 1)]
    [InlineData("320x180 640x360 1280x720", 640, 368, 1)] // a tenth less than wished is as good
    [InlineData("320x180 640x360 1280x720", 704, 400, 1)]
    [InlineData("320x180 640x360 1280x720", 720, 405, 2)]
    [InlineData("320x180 640x360 1280x720", 64, 36, 0)]
    [InlineData("320x180 640x360 1280x720", 1920, 1080, 2)] // none fills it: the best
    [InlineData("320x180 640x360 1280x720", 1, 16_384, 0)] // a sliver shows nothing of it
    [InlineData("320x180 640x360 1280x720", 640, 0, 1)] // only one side said
    [InlineData("320x180 640x360 1280x720", 0, 200, 0)]
    [InlineData("320x180 640x360 1280x720", 0, 0, 2)] // no wish: the best
    [InlineData("180x320 360x640 720x1280", 640, 360, 1)] // a phone held upright, in a wide tile
    [InlineData("320x180 640x360 1280x720", 360, 640, 1)] // a wide picture in an upright one
    [InlineData("? ? ?", 640, 360, 1)] // taken for 720p and its halves
    [InlineData("? ?", 640, 360, 0)]
    [InlineData("?", 64, 36, 0)]
    [InlineData("240x135 ? ?", 640, 360, 2)] // taken for the doubles of what is known
    [InlineData("? ? 1920x1080", 640, 360, 1)]
    [InlineData("? 960x540 ?", 480, 270, 0)]
    public void A_size_becomes_the_smallest_encoding_that_fills_it(string sizes, int width, int height, int expected) =>
        Assert.Equal(expected, LayerSelector.RankOf(new SubscriberWish(Width: width, Height: height), Sizes(sizes)));

    [Fact]
    public void A_layer_that_is_named_counts_before_the_size() =>
        Assert.Equal(2, LayerSelector.RankOf(new SubscriberWish(LayerWish.High, 320, 180), Sizes("320x180 640x360 1280x720")));

    [Fact]
    public void An_encoding_is_active_from_its_first_packet_until_it_alone_is_silent()
    {
        var activity = new EncodingActivity();
        var now = Instant.Zero.AddMilliseconds(500);
        Assert.True(activity.OnPacket(0, now));
        Assert.True(activity.OnPacket(2, now));
        Assert.False(activity.OnPacket(2, now));
        Assert.Equal(0b101u, activity.Active);
        for (var i = 0; i < 19; i++)
        {
            now = now.AddMilliseconds(100);
            Assert.False(activity.OnPacket(0, now));
        }

        Assert.True(activity.OnPacket(0, now.AddMilliseconds(200)));
        Assert.Equal(0b001u, activity.Active);
    }

    [Fact]
    public void When_all_are_silent_none_becomes_inactive()
    {
        var activity = new EncodingActivity();
        activity.OnPacket(0, Instant.Zero.AddMilliseconds(500));
        activity.OnPacket(1, Instant.Zero.AddMilliseconds(510));
        activity.OnPacket(1, Instant.Zero.AddMilliseconds(60_000));
        activity.OnPacket(0, Instant.Zero.AddMilliseconds(60_010));
        Assert.Equal(0b11u, activity.Active);
    }

    private static (int, int)[] Sizes(string sizes) =>
        [.. sizes.Split(' ').Select(s => s == "?" ? (0, 0) : (int.Parse(s.Split('x')[0]), int.Parse(s.Split('x')[1])))];
}
