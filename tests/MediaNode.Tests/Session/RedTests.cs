using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>RED (RFC 2198) around Opus: passed to those who take it, unwrapped for the others.</summary>
public class RedTests : NodeTest
{
    public RedTests()
        : this(null)
    {
    }

    private protected RedTests(Func<LoopOptions, LoopOptions>? change)
        : base(change: change)
    {
    }

    private const int RedType = 63;

    private static readonly string Opus = $"{TestOffer.OpusType}";

    /// <param name="isWanted">By its announcement; else it puts RED first itself.</param>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Red_passes_to_those_who_take_it_and_the_others_get_its_newest_block(bool isWanted)
    {
        TestPeer publisher = Node.Peer("alice"), takes = Node.Peer("bob"), lacks = Node.Peer("cleo"), renumbers = Node.Peer("dora");
        publisher.EditOffer = sdp => WithRed(sdp, isWanted ? $"{Opus} {RedType}" : $"{RedType} {Opus}");
        takes.EditOffer = sdp => WithRed(sdp, $"{Opus} {RedType}");
        renumbers.EditOffer = sdp => WithRed(sdp, $"{Opus} {RedType}").Replace(Opus, "109", StringComparison.Ordinal);
        Node.Join(publisher, SessionLeg.Publish, [AudioOut], d => d with { Publications = [new() { Mid = "0", Source = "microphone", Codec = isWanted ? "red" : "" }] });
        Node.RunUntil(() => publisher.IsConnected);
        foreach (var viewer in new[] { takes, lacks, renumbers })
        {
            Connect(viewer, SessionLeg.Play, AudioIn);
        }

        var audio = new TestStream(publisher, "0", 2000);
        for (var i = 0; i < 20; i++)
        {
            Speak(audio, isRed: i % 5 != 0); // as browsers do that find a packet too long
        }

        AssertGot(takes, audio, i => i % 5 != 0 ? (RedType, 129) : (TestOffer.OpusType, 80));
        AssertGot(lacks, audio, _ => (TestOffer.OpusType, 80));
        AssertGot(renumbers, audio, _ => (109, 80)); // the blocks would have numbers that are not its own
    }

    [Fact]
    public void A_publisher_that_would_rather_send_Opus_is_not_asked_for_more()
    {
        TestPeer publisher = Node.Peer("alice"), takes = Node.Peer("bob");
        publisher.EditOffer = takes.EditOffer = sdp => WithRed(sdp, $"{Opus} {RedType}");
        Connect(publisher, SessionLeg.Publish, AudioOut);
        Connect(takes, SessionLeg.Play, AudioIn);
        var audio = new TestStream(publisher, "0", 2000);
        Speak(audio, isRed: false);
        Speak(audio, isRed: true);
        Assert.Equal(1, Node.Loop.Drops[DropReason.RtpUnknownPayloadType]);
        Assert.Equal([TestOffer.OpusType], takes.PacketsOf(takes.AnsweredSsrc(0)).Select(p => (int)p.Header.PayloadType));
    }

    private static void AssertGot(TestPeer viewer, TestStream sent, Func<int, (int Type, int Length)> expected)
    {
        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        Assert.Equal(sent.SentSequences, got.Select(p => TestStream.MarkOf(p.Payload)));
        Assert.Equal(Enumerable.Range(0, got.Count).Select(expected), got.Select(p => ((int)p.Header.PayloadType, p.Payload.Length)));
        AssertContinuous(got);
    }

    private void Speak(TestStream audio, bool isRed)
    {
        if (isRed)
        {
            // an older block of 44 octets, 960 ticks back; then the header of the newest, and the blocks
            audio.Send(RedType, [0x80 | TestOffer.OpusType, 0x0F, 0x00, 44, TestOffer.OpusType, .. new byte[44 + 80]], marker: false);
            audio.Timestamp += 960;
        }
        else
        {
            audio.SendOpus();
        }

        Node.Run(TimeSpan.FromMilliseconds(20));
    }

    private static string WithRed(string sdp, string types) =>
        sdp.Replace($"SAVPF {Opus}\r\n", $"SAVPF {types}\r\n", StringComparison.Ordinal) + $"a=rtpmap:{RedType} red/48000/2\r\na=fmtp:{RedType} {Opus}/{Opus}\r\n";
}
