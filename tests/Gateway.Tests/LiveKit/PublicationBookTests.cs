using Nexus.Gateway.Adapters.LiveKit;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;
using SessionDescription = Nexus.MediaNode.Protocol.Sdp.SessionDescription;

namespace Nexus.Gateway.Tests.LiveKit;

/// <summary>Which announced track a section of an offer carries.</summary>
public sealed class PublicationBookTests
{
    private PublicationBook _book = PublicationBook.Empty;

    [Fact]
    public void A_section_carries_the_track_that_its_msid_names()
    {
        string screen = Announce("s", TrackType.Video, TrackSource.ScreenShare), camera = Announce("c", TrackType.Video, TrackSource.Camera);
        Assert.Equal([("0", camera, "camera"), ("1", screen, "screen")], Match(Sends("0", "video", "c"), Sends("1", "video", "s")));
    }

    [Fact]
    public void What_a_section_carried_it_goes_on_to_carry_until_it_stops_sending_or_another_is_named()
    {
        string camera = Announce("c", TrackType.Video, TrackSource.Camera);
        Match(Sends("0", "video", "c"));
        string screen = Announce("s", TrackType.Video, TrackSource.ScreenShare);
        Assert.Equal([("0", camera, "camera"), ("1", screen, "screen")], Match(Sends("0", "video", "renamed"), Sends("1", "video", "s")));
        Match(Sends("1", "video", "s"));
        string again = Announce("c2", TrackType.Video, TrackSource.Camera);
        Assert.Equal([("0", again, "camera"), ("1", screen, "screen")], Match(Sends("0", "video", "c2"), Sends("1", "video", "s")));
    }

    [Fact]
    public void A_track_that_the_browser_renamed_is_found_by_its_kind()
    {
        string voice = Announce("a", TrackType.Audio, TrackSource.Microphone), camera = Announce("c", TrackType.Video, TrackSource.Camera);
        Assert.Equal([("0", camera, "camera"), ("1", voice, "microphone")], Match(Sends("0", "video", "{x}"), Sends("1", "audio", "{y}")));
    }

    [Fact]
    public void A_track_that_nobody_announced_is_of_unknown_source() => Assert.Equal([("0", null, "unknown")], Match(Sends("0", "video", "c")));

    [Fact]
    public void A_mute_holds_for_what_is_announced_and_for_what_is_sent()
    {
        string voice = Announce("a", TrackType.Audio, TrackSource.Microphone);
        _book = _book.Mute(voice, true);
        (_book, var publications) = _book.Match(Offer(Sends("0", "audio", "a")));
        Assert.True(publications.Single().Muted);
        _book = _book.Mute(voice, false);
        Assert.False(_book.Match(Offer(Sends("0", "audio", "a"))).Publications.Single().Muted);
    }

    [Fact]
    public void The_same_announcement_again_is_the_same_track_and_there_are_not_too_many()
    {
        Assert.Equal(Announce("a", TrackType.Audio, TrackSource.Microphone), Announce("a", TrackType.Audio, TrackSource.Microphone));
        for (int i = 1; i < PublicationBook.MostPending; i++)
        {
            Announce($"a{i}", TrackType.Audio, TrackSource.Microphone);
        }

        Assert.Null(_book.Announce(new() { Cid = "one too many" }));
    }

    [Theory]
    [InlineData(3, LayerDemand.High, "Low Medium High")]
    [InlineData(3, LayerDemand.Middle, "Low Medium")]
    [InlineData(2, LayerDemand.Middle, "Low")]
    [InlineData(3, LayerDemand.Low, "Low")]
    [InlineData(3, LayerDemand.Off, "")]
    public void A_publisher_is_told_which_of_its_layers_to_send(int layers, LayerDemand demand, string expected)
    {
        var announced = _book.Announce(new()
        {
            Cid = "c",
            Type = TrackType.Video,
            SimulcastCodecs = { new SimulcastCodec { Codec = "vp8", Cid = "c", Layers = { Enumerable.Range(0, layers).Select(i => new VideoLayer { Quality = (VideoQuality)i }) } } },
        })!.Value.Track;
        SubscribedQualityUpdate update = TrackMapping.Quality(announced, demand);
        Assert.Equal(expected, string.Join(' ', update.SubscribedQualities.Where(q => q.Enabled).Select(q => q.Quality)));
        Assert.Equal("vp8", Assert.Single(update.SubscribedCodecs).Codec);
    }

    [Fact]
    public void An_announcement_says_what_is_to_be_sent()
    {
        Assert.Equal("vp9", Codec(new() { Cid = "v", Type = TrackType.Video, SimulcastCodecs = { new SimulcastCodec { Codec = "vp9" }, new SimulcastCodec { Codec = "vp8" } } }));
        Assert.Equal("", Codec(new() { Cid = "w", Type = TrackType.Video }));
        Assert.Equal("red", Codec(new() { Cid = "a", Type = TrackType.Audio }));
        Assert.Equal("", Codec(new() { Cid = "b", Type = TrackType.Audio, DisableRed = true }));

        string Codec(AddTrackRequest request) => _book.Announce(request)!.Value.Track.Publication.Codec;
    }

    private string Announce(string cid, TrackType type, TrackSource source)
    {
        (_book, Announced track) = _book.Announce(new() { Cid = cid, Type = type, Source = source })!.Value;
        return track.Sid;
    }

    private (string Mid, string? Sid, string Source)[] Match(params MediaSection[] sections)
    {
        (_book, var publications) = _book.Match(Offer(sections));
        return [.. publications.OrderBy(p => p.Mid, StringComparer.Ordinal).Select(p => (p.Mid, p.TrackSid, p.Source))];
    }

    private static SessionDescription Offer(params MediaSection[] sections) => new() { Media = sections };

    private static MediaSection Sends(string mid, string kind, string track) => new()
    {
        Mid = mid,
        Kind = kind == "audio" ? MediaKind.Audio : MediaKind.Video,
        Media = kind,
        Protocol = "UDP/TLS/RTP/SAVPF",
        Formats = ["96"],
        Direction = MediaDirection.SendOnly,
        Msid = new("-", track),
    };
}
