using Nexus.Contracts;
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

    [Theory]
    [InlineData(0, BackupPolicy.PreferRegression)]
    [InlineData(1, BackupPolicy.Simulcast)]
    [InlineData(2, BackupPolicy.Regression)]
    public void A_second_codec_of_an_announcement_is_the_tracks_backup(int said, BackupPolicy expected)
    {
        AddTrackRequest request = WithBackup();
        request.BackupCodecPolicy = (BackupCodecPolicy)said;
        Assert.Equal(new BackupCodec("vp8", expected), Announce(request).Publication.Backup);
        Assert.Null(Announce(new() { Cid = "one", Type = TrackType.Video, SimulcastCodecs = { new SimulcastCodec { Codec = "vp8" } } }).Publication.Backup);
        Assert.Null(Announce(new() { Cid = "same", Type = TrackType.Video, SimulcastCodecs = { new SimulcastCodec { Codec = "vp8" }, new SimulcastCodec { Codec = "vp8" } } }).Publication.Backup);
        Assert.Null(Announce(new() { Cid = "sound", Type = TrackType.Audio, SimulcastCodecs = { new SimulcastCodec { Codec = "opus" }, new SimulcastCodec { Codec = "pcmu" } } }).Publication.Backup);
    }

    [Fact]
    public void The_section_of_a_backup_goes_with_its_track_as_long_as_both_are_sent()
    {
        string camera = Announce(WithBackup()).Sid;
        Match(Sends("0", "video", "c"));
        (_book, Announced told) = _book.AnnounceBackup(new() { Cid = "clone", Sid = camera, Type = TrackType.Video })!.Value;
        Assert.Equal(["c", "clone"], TrackMapping.Info(told).Codecs.Select(c => c.Cid));
        Assert.Equal(["video/vp9", "video/vp8"], TrackMapping.Info(told).Codecs.Select(c => c.MimeType));
        Assert.Equal(camera, told.Sid);

        string screen = Announce("s", TrackType.Video, TrackSource.ScreenShare);
        MediaSection[] sections = [Sends("0", "video", "c"), Sends("3", "video", "clone"), Sends("4", "video", "s")];
        for (int offer = 0; offer < 2; offer++)
        {
            (_book, var publications) = _book.Match(Offer(sections));
            Assert.Equal([("0", camera, "3"), ("4", screen, null)], publications.Select(p => (p.Mid, p.TrackSid!, p.Backup?.Mid)));
        }

        (_book, var alone) = _book.Match(Offer(sections[0]));
        Assert.Equal(("0", camera, null), alone.Select(p => (p.Mid, p.TrackSid!, p.Backup!.Mid)).Single());
        (_, var last) = _book.AnnounceBackup(new() { Cid = "again", Sid = camera })!.Value.Book.Match(Offer(Sends("3", "video", "again")));
        Assert.Equal(("3", camera, "vp8", null), last.Select(p => (p.Mid, p.TrackSid!, p.Codec, p.Backup)).Single());
    }

    [Fact]
    public void A_backup_that_the_browser_renamed_is_found_by_its_kind()
    {
        string camera = Announce(WithBackup()).Sid;
        Match(Sends("0", "video", "{x}"));
        (_book, _) = _book.AnnounceBackup(new() { Cid = "clone", Sid = camera })!.Value;
        (_, var publications) = _book.Match(Offer(Sends("0", "video", "{x}"), Sends("3", "video", "{y}")));
        Assert.Equal(("0", "3"), publications.Select(p => (p.Mid, p.Backup!.Mid)).Single());
    }

    [Fact]
    public void A_backup_of_a_track_that_is_not_there_or_has_none_is_no_announcement()
    {
        Assert.Null(_book.AnnounceBackup(new() { Cid = "clone", Sid = "TR_x" }));
        string camera = Announce("c", TrackType.Video, TrackSource.Camera);
        Match(Sends("0", "video", "c"));
        Assert.Null(_book.AnnounceBackup(new() { Cid = "clone", Sid = camera }));
    }

    [Fact]
    public void Who_comes_back_has_both_sections_of_a_track_as_before()
    {
        Publication said = Announce(WithBackup()).Publication;
        var track = new TrackView { Sid = "TR_c", Identity = "ada", Kind = "video", Source = "camera", Codec = "VP9", Details = said.Details };
        SessionView session = Session([Track("TR_c") with { Backup = new() { Codec = "VP8", Mid = "3" } }]);
        (_, var publications) = PublicationBook.Of(session, [track]).Match(Offer(Sends("0", "video", "c"), Sends("3", "video", "clone")));
        Assert.Equal(("0", "TR_c", new BackupCodec("vp8", BackupPolicy.PreferRegression) { Mid = "3" }), publications.Select(p => (p.Mid, p.TrackSid!, p.Backup!)).Single());
    }

    [Fact]
    public void A_publisher_is_told_of_both_codecs_whenever_what_is_wanted_of_one_changes()
    {
        string camera = Announce(WithBackup()).Sid;
        Match(Sends("0", "video", "c"));
        var notices = new TrackUseNotices();
        Assert.Empty(Told(LayerDemand.High, LayerDemand.Off));
        Assert.Equal(["vp9:Low Medium High", "vp8:Low Medium High"], Told(LayerDemand.High, LayerDemand.High));
        Assert.Equal(["vp9:", "vp8:Low Medium High"], Told(LayerDemand.Off, LayerDemand.High));
        Assert.Equal(["vp9:Low Medium High", "vp8:"], Told(LayerDemand.High, LayerDemand.Off));
        Assert.Empty(Told(LayerDemand.High, LayerDemand.Off));

        notices = new(); // it was away, and what it was told last is not known
        Assert.Equal(["vp9:Low Medium High", "vp8:"], Words(notices.Resume(View(LayerDemand.High, LayerDemand.Off), _book.ByMid.Values)));

        string[] Told(LayerDemand first, LayerDemand backup) => Words(notices.Update(View(first, backup), _book.ByMid.Values));

        SessionView View(LayerDemand first, LayerDemand backup) =>
            Session([Track(camera) with { Demand = first, Backup = new() { Codec = "VP8", Demand = backup } }]);

        static string[] Words(IEnumerable<SignalResponse> notices) =>
            [.. notices.SelectMany(n => n.SubscribedQualityUpdate.SubscribedCodecs).Select(c => $"{c.Codec}:{string.Join(' ', c.Qualities.Where(q => q.Enabled).Select(q => q.Quality))}")];
    }

    private static SessionView Session(ValueArray<TrackDescription> tracks) =>
        new() { Session = "SE_a", Node = "ND_a", Region = "any", ParticipantSid = "PA_a", Grants = new(), Actual = new() { Tracks = tracks } };

    private static TrackDescription Track(string sid) => new() { Sid = sid, Mid = "0", Kind = "video", Source = "camera", Codec = "VP9" };

    private static AddTrackRequest WithBackup() => new()
    {
        Cid = "c",
        Type = TrackType.Video,
        Source = TrackSource.Camera,
        Layers = { new VideoLayer { Quality = VideoQuality.Low }, new VideoLayer { Quality = VideoQuality.Medium }, new VideoLayer { Quality = VideoQuality.High } },
        SimulcastCodecs = { new SimulcastCodec { Codec = "vp9", Cid = "c" }, new SimulcastCodec { Codec = "vp8" } },
    };

    private Announced Announce(AddTrackRequest request)
    {
        (_book, Announced track) = _book.Announce(request)!.Value;
        return track;
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
