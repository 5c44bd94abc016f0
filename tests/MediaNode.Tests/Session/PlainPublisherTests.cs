using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>Publishers that do less than browsers, and restart: FFmpeg, libdatachannel, hardware encoders. None names its section on packets.</summary>
public class PlainPublisherTests : NodeTest
{
    public PlainPublisherTests()
        : this(null)
    {
    }

    private protected PlainPublisherTests(Func<LoopOptions, LoopOptions>? change)
        : base(change: change)
    {
    }

    private const string Bundle = "a=group:BUNDLE 0\r\n";

    [Theory]
    [InlineData("a=group:BUNDLE 0 1\r\n", "a=mid:0\r\n")]
    [InlineData("a=group:BUNDLE 1\r\n", "a=mid:0\r\n")]
    [InlineData("", "")]
    public void One_section_flows_whatever_it_is_bundled_with(string group, string mid)
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        publisher.EditOffer = sdp => sdp.Replace(Bundle, group, StringComparison.Ordinal).Replace("a=mid:0\r\n", mid, StringComparison.Ordinal);
        Connect(publisher, SessionLeg.Publish, AudioOut);
        Connect(viewer, SessionLeg.Play, AudioIn);
        var audio = Plain(publisher, 2000);
        Speak(audio, 20);
        Assert.Equal(audio.SentSequences, Heard(viewer));
    }

    /// <summary>The offer names the SSRC, and no packet names the section.</summary>
    [Fact]
    public void A_new_ssrc_of_a_restarted_encoder_goes_to_the_section_of_its_payload_type()
    {
        var (publisher, viewer) = Call();
        var before = Plain(publisher, 2000);
        Speak(before, 50);
        var after = Plain(publisher, 2077);
        Speak(after, 50);
        Assert.Equal([.. before.SentSequences, .. after.SentSequences], Heard(viewer));
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
    }

    /// <summary>33,000: in the first cycle SRTP takes that for ahead, while the nearest number is behind (RFC 3711 appendix A).</summary>
    [Theory]
    [InlineData(1_000, 33_000)]
    [InlineData(1_000, 10_000)]
    [InlineData(65_500, 32_000)] // over the wrap first
    public void A_restart_in_numbers_far_ahead_flows_on_at_once(long first, int jump)
    {
        var (publisher, viewer) = Call();
        var audio = Plain(publisher, 2000);
        audio.Sequence = first;
        Speak(audio, 60);
        audio.Sequence += jump;
        Speak(audio, 60);

        Assert.Equal(audio.SentSequences, Heard(viewer));
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
    }

    [Fact]
    public void A_restart_far_ahead_shows_a_picture_from_its_first_keyframe_on()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = Plain(publisher, 2222);
        video.Sequence = 1000;
        SendFrames(video, null, 30);
        video.Sequence += 33_000;
        SendFrames(video, null, 30);
        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        Assert.Equal(video.SentSequences, got.Select(p => TestStream.MarkOf(p.Payload)));
        AssertContinuous(got);
    }

    /// <summary>One that jumps all the time costs its viewers a restart per half second, no more.</summary>
    [Fact]
    public void Jumps_in_a_row_are_counted_and_the_stream_is_back_within_a_second_of_the_last()
    {
        var (publisher, viewer) = Call();
        var audio = Plain(publisher, 2000);
        audio.Sequence = 1000;
        Speak(audio, 10);
        for (var i = 0; i < 4; i++)
        {
            audio.Sequence += 4000;
            Speak(audio, 5);
        }

        Assert.NotEqual(0, Node.Loop.Drops[DropReason.RtpJumped]);
        var last = audio.Sequence;
        Speak(audio, 50);
        Assert.InRange(Heard(viewer).First(s => s >= last) - last, 0, 30);
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
    }

    [Fact]
    public void What_lies_behind_the_replay_window_is_refused_and_counted_by_name()
    {
        var (publisher, viewer) = Call();
        var audio = Plain(publisher, 2000);
        audio.Sequence = 5000;
        Speak(audio, 10);
        var heard = Heard(viewer).Count;
        audio.Sequence = 2000;
        Speak(audio, 10);
        Assert.Equal(10, Node.Loop.Drops[DropReason.SrtpTooOld]);
        Assert.Equal(heard, Heard(viewer).Count);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(100)]
    public void A_timestamp_that_jumps_back_keeps_sound_and_picture(int seconds)
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, AudioOut, VideoOut);
        Connect(viewer, SessionLeg.Play, AudioIn, VideoIn);
        var (audio, video) = (Plain(publisher, 1111), Plain(publisher, 2222));
        SendFrames(video, audio, 60);
        audio.Timestamp -= (uint)seconds * 48_000;
        video.Timestamp -= (uint)seconds * 90_000;
        SendFrames(video, audio, 60);
        AssertClockRunsOn(audio, viewer, section: 0, clockRate: 48_000);
        AssertClockRunsOn(video, viewer, section: 1, clockRate: 90_000);
    }

    private static void AssertClockRunsOn(TestStream sent, TestPeer viewer, int section, int clockRate)
    {
        var got = viewer.PacketsOf(viewer.AnsweredSsrc(section)).ToList();
        Assert.Equal(sent.SentSequences, got.Select(p => TestStream.MarkOf(p.Payload)));
        AssertContinuous(got);
        Assert.All(got.Zip(got.Skip(1)), p => Assert.InRange((int)(p.Second.Header.Timestamp - p.First.Header.Timestamp), 0, clockRate / 10));
    }

    private (TestPeer Publisher, TestPeer Viewer) Call()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        publisher.EditOffer = sdp => sdp + "a=ssrc:2000 cname:c\r\n";
        Connect(publisher, SessionLeg.Publish, AudioOut);
        Connect(viewer, SessionLeg.Play, AudioIn);
        return (publisher, viewer);
    }

    private static TestStream Plain(TestPeer publisher, uint ssrc) => new(publisher, "0", ssrc) { NamedPackets = 0 };

    private void Speak(TestStream audio, int packets)
    {
        for (var i = 0; i < packets; i++)
        {
            audio.SendOpus();
            Node.Run(TimeSpan.FromMilliseconds(20));
        }
    }

    private static List<long> Heard(TestPeer viewer) => [.. viewer.PacketsOf(viewer.AnsweredSsrc(0)).Select(p => TestStream.MarkOf(p.Payload))];
}
