using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Tests.Projection;

public class Vp9ProjectionTests
{
    private readonly Subscription _subscription = new(StreamProjection.Create(CodecKind.Vp9, 100));

    private StreamProjection Projection => _subscription.Projection;

    private void Run(Vp9Source source, int pictures, bool keyAtFirst = false)
    {
        for (var i = 0; i < pictures; i++)
        {
            _subscription.FeedAll(source.NextPicture(keyAtFirst && i == 0));
        }
    }

    private int[] LayersOf(int lastPictures) =>
        [.. _subscription.Sent.GroupBy(p => p.Timestamp).TakeLast(lastPictures).SelectMany(g => g.Select(p => (int)p.Info.SpatialId)).Distinct().Order()];

    [Theory]
    [InlineData(15)]
    [InlineData(7)]
    public void Picture_ids_run_on_through_switches_of_encodings(int bits)
    {
        var sources = Enumerable.Range(0, 2).Select(i => new Vp9Source(encoding: i, layers: 1, pictureIdBits: bits, seed: i + 1)).ToArray();
        foreach (var encoding in (int[])[0, 1, 0])
        {
            Projection.SetTarget(LayerTarget.All(encoding));
            for (var i = 0; i < 200; i++)
            {
                _subscription.FeedAll(sources[encoding].NextPicture(i == 0));
                sources[1 - encoding].Skip();
            }
        }

        Assert.Equal(1200, _subscription.Sent.Count);
        CheckContinuity(gaps: false);
    }

    [Fact]
    public void Dropped_temporal_layers_stay_gaps_for_references_count_in_picture_ids()
    {
        var source = new Vp9Source(layers: 1);
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Run(source, 100);
        var pictures = _subscription.Sent.Select(p => p.Info.PictureId).Distinct().ToArray();
        Assert.Equal(25, pictures.Length);
        Assert.All(pictures.Zip(pictures.Skip(1)), pair => Assert.Equal(4, (pair.Second - pair.First) & 0x7FFF));
        CheckContinuity(gaps: true);
    }

    [Fact]
    public void A_temporal_layer_is_joined_after_a_switching_up_point()
    {
        var source = new Vp9Source(layers: 1);
        Projection.SetTarget(new LayerTarget(0, 0, 0));
        Run(source, 6);
        Projection.SetTarget(LayerTarget.All(0));
        var before = _subscription.Sent.Count;
        Run(source, 2); // pictures 6 and 7 are of upper layers
        Assert.Equal(before, _subscription.Sent.Count);
        Run(source, 4);
        Assert.Equal(before + 8, _subscription.Sent.Count);
    }

    [Fact]
    public void The_marker_is_on_the_last_spatial_layer_that_is_forwarded()
    {
        var source = new Vp9Source(layers: 3);
        Projection.SetTarget(new LayerTarget(0, 1, LayerTarget.Highest));
        Run(source, 10);
        Assert.Equal([0, 1], LayersOf(10));
        foreach (var picture in _subscription.Sent.GroupBy(p => p.Timestamp))
        {
            Assert.Equal(picture.Last(), Assert.Single(picture, p => p.Marker));
            Assert.Equal(1, picture.Last().Info.SpatialId);
        }
    }

    [Fact]
    public void Spatial_layers_go_down_at_once_and_up_at_a_key_picture()
    {
        var source = new Vp9Source(layers: 3);
        Projection.SetTarget(LayerTarget.All(0));
        Run(source, 5);
        Assert.Equal([0, 1, 2], LayersOf(1));
        Projection.SetTarget(new LayerTarget(0, 0, LayerTarget.Highest));
        Run(source, 1);
        Assert.Equal([0], LayersOf(1));
        Assert.Equal(-1, Projection.KeyFrameWish);
        Projection.SetTarget(new LayerTarget(0, 2, LayerTarget.Highest));
        Run(source, 5);
        Assert.Equal([0], LayersOf(5));
        Assert.Equal(0, Projection.KeyFrameWish);
        Run(source, 1, keyAtFirst: true);
        Assert.Equal([0, 1, 2], LayersOf(1));
        Assert.Equal(-1, Projection.KeyFrameWish);
        CheckContinuity(gaps: false);
    }

    [Fact]
    public void A_layer_that_restarts_without_earlier_pictures_is_joined_there()
    {
        var source = new Vp9Source(layers: 2);
        Projection.SetTarget(new LayerTarget(0, 0, LayerTarget.Highest));
        Run(source, 3);
        Projection.SetTarget(LayerTarget.All(0));
        _subscription.FeedAll(source.NextPicture(restartUpper: true));
        Assert.Equal([0, 1], LayersOf(1));
        Run(source, 3);
        Assert.Equal([0, 1], LayersOf(1));
        Assert.Equal(-1, Projection.KeyFrameWish);
    }

    [Fact]
    public void In_key_mode_only_the_wished_layer_is_sent_between_key_pictures()
    {
        var source = new Vp9Source(layers: 3, keyMode: true);
        Projection.SetTarget(LayerTarget.All(0));
        Run(source, 2); // learns the mode from the second picture
        Run(source, 10);
        Assert.Equal([2], LayersOf(10));
        Projection.SetTarget(new LayerTarget(0, 0, LayerTarget.Highest));
        Run(source, 3);
        Assert.Equal([2], LayersOf(3)); // the receiver lacks layer 0: a key picture is needed
        Assert.Equal(0, Projection.KeyFrameWish);
        Run(source, 1, keyAtFirst: true);
        Assert.Equal([0], LayersOf(1));
        Run(source, 5);
        Assert.Equal([0], LayersOf(5));
        Assert.Equal(-1, Projection.KeyFrameWish);
        CheckContinuity(gaps: false);
    }

    [Fact]
    public void When_the_sender_stops_the_upper_layers_the_picture_does_not_freeze()
    {
        var source = new Vp9Source(layers: 3, keyMode: true);
        Projection.SetTarget(LayerTarget.All(0));
        Run(source, 10);
        source.Layers = 2;
        Run(source, 20);
        Assert.Equal(0, Projection.KeyFrameWish);
        Run(source, 5, keyAtFirst: true);
        Assert.Equal([1], LayersOf(3));
        Assert.True(_subscription.Sent[^1].Marker);
    }

    [Fact]
    public void A_late_layer_frame_follows_the_decision_on_its_picture()
    {
        var source = new Vp9Source(layers: 2);
        Projection.SetTarget(LayerTarget.All(0));
        Run(source, 4);
        var picture = source.NextPicture().ToArray();
        _subscription.FeedAll(picture[..3]);
        Projection.SetTarget(new LayerTarget(0, 0, LayerTarget.Highest));
        Run(source, 2);
        Assert.True(_subscription.Feed(picture[3]));
        Assert.True(_subscription.Sent[^1].Marker);
    }

    private void CheckContinuity(bool gaps)
    {
        var pictures = _subscription.Sent.GroupBy(p => p.Timestamp).OrderBy(g => g.Key).Select(g => g.First()).ToArray();
        Assert.True(pictures[0].Info.IsKeyFrame);
        foreach (var (before, after) in pictures.Zip(pictures.Skip(1)))
        {
            Assert.InRange((after.Info.PictureId - before.Info.PictureId) & 0x7FFF, 1, gaps ? 8 : 1);
            Assert.Equal(after.Info.TemporalId == 0 ? 1 : 0, (byte)(after.Info.Tl0PicIdx - before.Info.Tl0PicIdx));
            Assert.Equal(15, after.Info.PictureIdBits);
        }
    }
}
