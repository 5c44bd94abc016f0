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
}
