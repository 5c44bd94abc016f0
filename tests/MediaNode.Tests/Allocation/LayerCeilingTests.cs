using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Tests.Allocation;

public class LayerCeilingTests
{
    private const long Plenty = 1_000_000_000;

    [Theory]
    [InlineData(640, 360, 1)]
    [InlineData(640, 368, 1)]
    [InlineData(700, 394, 1)]
    [InlineData(720, 405, 2)]
    [InlineData(360, 640, 1)] // a phone held upright
    [InlineData(320, 180, 0)]
    [InlineData(1, 1, 0)]
    [InlineData(1920, 1080, 2)]
    [InlineData(0, 360, 1)]
    [InlineData(0, 720, 2)]
    [InlineData(0, 200, 0)]
    [InlineData(640, 0, 1)]
    [InlineData(0, 0, 2)]
    public void The_smallest_layer_that_fills_the_tile_is_enough(int width, int height, int rank) =>
        Assert.Equal([rank], Receiver.Of(new VideoWish(Receiver.Simulcast()) { Width = width, Height = height }).At(Plenty));

    [Theory]
    [InlineData(640, 360, 368, 1)]
    [InlineData(640, 368, 360, 1)]
    [InlineData(640, 368, 368, 1)]
    public void Sizes_that_encoders_round_count_as_what_they_were(int width, int wished, int height, int rank)
    {
        var ladder = Receiver.Ladder((150_000, 320, 184), (500_000, width, height), (1_500_000, 1280, 720));
        Assert.Equal([rank], Receiver.Of(new VideoWish(ladder) { Width = 640, Height = wished }).At(Plenty));
    }

    [Theory]
    [InlineData(180, 0)]
    [InlineData(360, 1)]
    [InlineData(720, 2)]
    public void Layers_of_unknown_size_go_by_rank(int height, int rank)
    {
        var ladder = Receiver.Ladder((150_000, 0, 0), (500_000, 0, 0), (1_500_000, 0, 0));
        Assert.Equal([rank], Receiver.Of(new VideoWish(ladder) { Width = height * 16 / 9, Height = height }).At(Plenty));
    }

    [Theory]
    [InlineData(LayerWish.Low, 0)]
    [InlineData(LayerWish.Middle, 1)]
    [InlineData(LayerWish.High, 2)]
    [InlineData(null, 2)]
    public void An_explicit_wish_is_a_ceiling(LayerWish? wish, int rank)
    {
        Assert.Equal([rank], Receiver.Of(new VideoWish(Receiver.Simulcast()) { Layer = wish }).At(Plenty));
        Assert.Equal([0], Receiver.Of(new VideoWish(Receiver.Simulcast()) { Layer = wish }).At(200_000));
        Assert.Equal([wish is null ? 0 : rank], Receiver.Of(new VideoWish(Receiver.Simulcast()) { Layer = wish, Width = 320, Height = 180 }).At(Plenty));
    }

    [Fact]
    public void A_wish_counts_among_what_was_announced_not_what_flows()
    {
        var ladder = new LayerLadder();
        ladder.Clear(3);
        ladder.Add(LayerTarget.All(0), 0, 150_000, 320, 180);
        ladder.Add(LayerTarget.All(2), 2, 1_500_000, 1280, 720);
        Assert.Equal([0], Receiver.Of(new VideoWish(ladder) { Layer = LayerWish.Middle }).At(Plenty));
        Assert.Equal([2], Receiver.Of(new VideoWish(ladder) { Layer = LayerWish.High }).At(Plenty));
    }
}
