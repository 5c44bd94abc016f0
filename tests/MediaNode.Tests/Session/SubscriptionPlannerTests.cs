using Nexus.Link;
using Nexus.MediaNode.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Tests.Session;

public sealed class SubscriptionPlannerTests
{
    private static readonly RtpCodec Vp8 = new() { PayloadType = 96, Name = "VP8", ClockRate = 90000 };
    private static readonly RtpCodec H264 = new() { PayloadType = 102, Name = "H264", ClockRate = 90000 };
    private static readonly RtpCodec Opus = new() { PayloadType = 111, Name = "opus", ClockRate = 48000, Channels = 2 };

    /// <summary>Sections as <c>mid:codec[!named][=bound]</c>, tracks as <c>sid:codec[/second]</c>, wishes as <c>sid[@mid]</c>, outcome as <c>mid=sid</c> and <c>sid!REASON</c>.</summary>
    [Theory]
    [InlineData("v0:VP8 v1:VP8", "A:VP8 B:VP8", "B", false, "v0=B")]
    [InlineData("v0:VP8 v1:VP8", "A:VP8 B:VP8", "A B@v0", false, "v0=B v1=A")]
    [InlineData("v0:VP8=A v1:VP8", "A:VP8 B:VP8", "B A", false, "v0=A v1=B")]
    [InlineData("v0:VP8=A v1:VP8", "A:VP8 B:VP8", "A@v1", false, "v1=A")]
    [InlineData("v0:VP8", "A:VP8 B:VP8", "A B", false, "v0=A B!NO_SECTION")]
    [InlineData("", "A:VP8 a:opus", "A a", false, "A!NO_SECTION a!NO_SECTION")]
    [InlineData("v0:VP8", "A:H264 B:VP8", "A B", false, "v0=B A!CODEC")]
    [InlineData("v0:VP8", "A:VP8", "X A", false, "v0=A X!TRACK_NOT_FOUND")]
    [InlineData("v0:VP8 v1:VP8", "A:VP8 B:VP8", "B@v0", true, "v0=B v1=A")]
    [InlineData("v0:VP8=A v1:VP8", "A:VP8 B:VP8", "B@v0", true, "v0=B v1=A")]
    [InlineData("v0:VP8 a0:opus", "A:VP8 a:opus B:VP8", "", true, "a0=a v0=A")]
    [InlineData("v0:VP8", "A:H264 B:VP8", "", true, "v0=B A!CODEC")]
    [InlineData("v0:VP8!", "A:VP8", "", true, "A!NO_SECTION")]
    [InlineData("v0:VP8!", "A:H264", "", true, "A!CODEC")]
    [InlineData("v0:VP8!A v1:VP8", "B:VP8", "", true, "v1=B")]
    [InlineData("v0:VP8!B v1:VP8!A=A v2:VP8!", "A:VP8 B:VP8 C:VP8", "", true, "v0=B v1=A C!NO_SECTION")]
    [InlineData("v0:VP8!B", "A:VP8 B:VP8", "A", true, "v0=B A!NO_SECTION")]
    [InlineData("v0:VP8 v1:H264", "A:H264/VP8 B:H264/VP8", "", true, "v0=A v1=B")]
    [InlineData("v0:VP8 v1:VP8", "A:H264/VP8 B:H264", "", true, "v0=A B!CODEC")]
    public void Sections_go_to_what_was_asked_for_and_then_by_the_rule(string sections, string tracks, string wishes, bool auto, string expected)
    {
        var plan = SubscriptionPlanner.Plan(
            "me",
            new() { Auto = auto },
            [.. Words(wishes).Select(w => new SubscriptionWish { TrackSid = w.Split('@')[0], Mid = w.Contains('@') ? w.Split('@')[1] : null })],
            [.. Words(sections).Select(Section)],
            [.. Words(tracks).Select(Track)],
            tellsWaiting: sections.Contains('!'));

        Assert.Equal(
            Words(expected),
            plan.Bindings.Select(b => $"{b.Key}={b.Value.Sid}").Order(StringComparer.Ordinal).Concat(plan.Unplayed.Select(u => $"{u.TrackSid}!{u.Reason}")));
    }

    [Fact]
    public void Nobody_gets_his_own_track()
    {
        var own = new RoomTrack("A", "me", "me", MediaKind.Video, [new(Vp8, "0")], 0);
        var plan = SubscriptionPlanner.Plan("me", new() { Auto = true }, [new() { TrackSid = "A" }], [Section("v0:VP8")], [own], tellsWaiting: false);

        Assert.Empty(plan.Bindings);
        Assert.Equal("TRACK_NOT_FOUND", plan.Unplayed.Single().Reason);
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static PlaySection Section(string text)
    {
        var (mid, rest) = (text.Split(':')[0], text.Split(':')[1].Split('='));
        var (codec, named) = (CodecOf(rest[0].Split('!')[0]), rest[0].Split('!').ElementAtOrDefault(1));
        return new(mid, KindOf(codec), [codec], rest.ElementAtOrDefault(1), named is null ? null : named.Length == 0 ? NamedTrack.None : new("other", named));
    }

    private static RoomTrack Track(string text, int order)
    {
        var (sid, codecs) = (text.Split(':')[0], text.Split(':')[1].Split('/').Select(CodecOf).ToArray());
        return new(sid, "other", "other", KindOf(codecs[0]), [.. codecs.Select((c, i) => new TrackFormat(c, $"{i}"))], order);
    }

    private static RtpCodec CodecOf(string name) => name switch { "VP8" => Vp8, "H264" => H264, _ => Opus };

    private static MediaKind KindOf(RtpCodec codec) => codec == Opus ? MediaKind.Audio : MediaKind.Video;
}
