using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Tests.Sdp;

/// <summary>Offers of our own. <c>Answers/</c> has one, and what Chromium 156 answered to it.</summary>
public class SessionOfferTests
{
    private static readonly RtpCodec Vp8 = new() { PayloadType = 120, Name = "VP8", ClockRate = 90_000 };
    private static readonly RtpCodec Opus = new() { PayloadType = 109, Name = "opus", ClockRate = 48_000, Channels = 2 };

    public static TheoryData<string, string, string> Formats => new()
    {
        { "opus", "", "opus 111" },
        { "opus", "minptime=10;stereo=1;useinbandfec=1", "opus 110" },
        { "VP8", "", "VP8 96" },
        { "VP9", "", "VP9 98" },
        { "VP9", "profile-id=2", "VP9 100" },
        { "AV1", "level-idx=5;profile=0;tier=0", "AV1 45" },
        { "AV1", "profile=1", "AV1 47" },
        { "H264", "packetization-mode=1;profile-level-id=42e01f", "H264 102" },
        { "H264", "profile-level-id=42e01f", "H264 112" },
    };

    [Theory]
    [InlineData("packetization-mode=1;profile-level-id=42001f", 102)]
    [InlineData("packetization-mode=1;profile-level-id=42e034", 102)]
    [InlineData("packetization-mode=1;profile-level-id=4d0032", 102)]
    [InlineData("packetization-mode=1;profile-level-id=640c1f", 102)]
    [InlineData("packetization-mode=1;profile-level-id=640034", 102)]
    [InlineData("", 112)]
    [InlineData("packetization-mode=0;profile-level-id=64001f", 112)]
    public void H264_of_any_profile_is_offered_as_what_every_receiver_takes(string parameters, int payloadType)
    {
        var track = new RtpCodec { PayloadType = 1, Name = "H264", ClockRate = 90_000, Fmtp = FormatParameters.Parse(parameters) };
        var offered = OfferedFormat.Of(track);
        Assert.Equal((payloadType, "42e01f"), (offered.PayloadType, offered.Fmtp["profile-level-id"]));
        Assert.NotEqual(CodecFit.None, CodecMatch.Fit(offered, track));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_track_is_offered_in_its_own_format_under_a_number_of_its_own(string name, string parameters, string expected)
    {
        var track = new RtpCodec { PayloadType = 1, Name = name, ClockRate = name == "opus" ? 48_000 : 90_000, Channels = name == "opus" ? 2 : 1, Fmtp = FormatParameters.Parse(parameters) };
        var offered = OfferedFormat.Of(track);
        Assert.Equal(expected, $"{offered.Name} {offered.PayloadType}");
        Assert.Equal(CodecFit.Same, CodecMatch.Fit(offered, track));
        Assert.True(CodecMatch.IsForwardable(offered));
    }

    [Fact]
    public void No_number_stands_for_two_formats()
    {
        var numbers = Formats.Select(f => int.Parse(f.Data.Item3.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        var all = numbers.Concat(numbers.Where(n => n is not (110 or 111)).Select(n => n + 1)).ToList();
        Assert.Equal(all.Count, all.Distinct().Count());
        Assert.All(all, n => Assert.False(n is < 35 or (>= 64 and <= 95) or > 127));
    }

    [Fact]
    public void The_offer_is_what_Chromium_answered() => Assert.Equal(Text("answered-offer"), Offer().Sdp);

    [Fact]
    public void Chromiums_answer_is_what_both_agreed_on()
    {
        Assert.True(Offer().TryAccept(Offers.Parse(Text("chromium-answer")), out var session, out _));

        Assert.Equal((DtlsSetup.Passive, 1ul), (session!.LocalSetup, session.Version));
        Assert.Equal([SectionUse.Data, .. Enumerable.Repeat(SectionUse.Play, 5)], session.Media.Select(m => m.Use));
        Assert.Equal([null, 97, 103, 46, null], session.Media.Skip(1).Select(m => m.Codecs.Single().RtxPayloadType));
        Assert.Equal([false, true, true, true, false], session.Media.Skip(1).Select(m => m.Codecs.Single().Feedback.HasFlag(RtcpFeedback.Nack)));
        Assert.All(session.Media.Skip(1), m => Assert.True(m.RtcpRsize));
        Assert.Equal(9, session.Media[4].ExtensionId(HeaderExtensionUris.DependencyDescriptor));
        Assert.Equal(5000, session.Media[0].SctpPort);
        Assert.NotNull(session.Remote.IceUfrag);
    }

    [Fact]
    public void What_the_answer_rejects_or_turns_off_does_not_play()
    {
        var answer = Offers.Parse(Text("chromium-answer"));
        var edited = answer with
        {
            Bundle = ["0", "1", "3", "4", "5"],
            Media = [.. answer.Media.Select(m => m.Mid switch
            {
                "2" => m with { Port = 0 },
                "3" => m with { Direction = MediaDirection.Inactive },
                "4" => m with { Codecs = [], Formats = ["99"] },
                _ => m,
            })],
        };
        Assert.True(Offer().TryAccept(edited, out var session, out _));
        Assert.Equal(
            [SectionUse.Data, SectionUse.Play, SectionUse.Rejected, SectionUse.Inactive, SectionUse.Inactive, SectionUse.Play], session!.Media.Select(m => m.Use));

        var sections = session.Media.Select(m => new OfferedSection(m.Mid, m.Kind) { IsRejected = m.Use == SectionUse.Rejected, Sender = m.Sender });
        var next = Offers.Parse(SessionOffer.Make([.. sections], Offers.Policy(SessionRole.Play).Transport, 42, session).Sdp);
        Assert.Equal(2ul, next.Version);
        Assert.Equal([9, 9, 0, 9, 9, 9], next.Media.Select(m => m.Port));
        Assert.Equal(["0", "1", "3", "4", "5"], next.Bundle!);
        Assert.Equal([MediaDirection.SendOnly, MediaDirection.Inactive], new[] { 1, 3 }.Select(i => next.Media[i].Direction));
    }

    [Fact]
    public void An_offer_after_data_was_rejected_keeps_the_place_of_it()
    {
        var sections = Offer().Sections.Take(2).Select(s => s with { IsRejected = s.Kind == MediaKind.Application });
        var offer = Offers.Parse(SessionOffer.Make([.. sections], Offers.Policy(SessionRole.Play).Transport, 42, null).Sdp);
        Assert.Equal([0, 9], offer.Media.Select(m => m.Port));
        Assert.True(offer.Media[0].IsDataChannel);
        Assert.NotEmpty(offer.TaggedSection!.Transport.Candidates);
    }

    [Theory]
    [InlineData("a=setup:active", "a=setup:actpass", SdpErrorCode.Setup)]
    [InlineData("a=group:BUNDLE 0 1 2 3 4 5", "a=group:BUNDLE 0 1 2 3 4", SdpErrorCode.Bundle)]
    [InlineData("a=mid:3", "a=mid:7", SdpErrorCode.SectionsChanged)]
    [InlineData("a=ice-ufrag:", "a=x-ice-ufrag:", SdpErrorCode.IceCredentials)]
    [InlineData("a=fingerprint:", "a=x-fingerprint:", SdpErrorCode.Fingerprint)]
    [InlineData("t=0 0", "t=0 0\r\na=ice-lite", SdpErrorCode.IceLite)]
    public void A_faulty_answer_is_refused_by_name(string old, string edited, SdpErrorCode code)
    {
        var answer = Offers.Parse(Text("chromium-answer").Replace(old, edited, StringComparison.Ordinal));
        Assert.False(Offer().TryAccept(answer, out var session, out var error));
        Assert.Null(session);
        Assert.Equal(code, error!.Code);
        Assert.True(Offers.NamesItsRule(error), error.Message);
    }

    [Fact]
    public void An_answer_to_another_offer_is_refused()
    {
        var answer = Offers.Parse(Text("chromium-answer"));
        Assert.False(Offer().TryAccept(answer with { Media = [.. answer.Media.Take(3)] }, out _, out var error));
        Assert.Equal(SdpErrorCode.SectionsChanged, error!.Code);
        Assert.False(Offer().TryAccept(answer with { Media = [.. answer.Media.Select(m => m with { Port = 0 })] }, out _, out error));
        Assert.Equal(SdpErrorCode.NothingToNegotiate, error!.Code);
    }

    private static SessionOffer Offer() => SessionOffer.Make(
        [
            new OfferedSection("0", MediaKind.Application),
            Section(1, MediaKind.Audio, 1001, Opus),
            Section(2, MediaKind.Video, 1002, Vp8),
            Section(3, MediaKind.Video, 1004, Vp8 with { Name = "H264", Fmtp = FormatParameters.Parse("packetization-mode=1;profile-level-id=42e034") }),
            Section(4, MediaKind.Video, 1006, Vp8 with { Name = "AV1" }),
            Section(5, MediaKind.Audio, 1008, Opus with { Fmtp = FormatParameters.Parse("stereo=1") }),
        ],
        Offers.Policy(SessionRole.Play).Transport,
        sessionId: 42,
        previous: null);

    private static OfferedSection Section(int mid, MediaKind kind, uint ssrc, RtpCodec track) => new($"{mid}", kind)
    {
        Sender = new()
        {
            Msid = new($"PA_alice|TR_{mid}", $"TR_{mid}"),
            Cname = "PA_bob",
            Ssrc = ssrc,
            RtxSsrc = kind == MediaKind.Video ? ssrc + 1 : 0,
            Formats = [track],
            TrackName = $"TR_{mid}",
        },
    };

    private static string Text(string name)
    {
        using var stream = typeof(SessionOfferTests).Assembly.GetManifestResourceStream($"{name}.answer")!;
        return new StreamReader(stream).ReadToEnd().ReplaceLineEndings("\r\n");
    }
}
