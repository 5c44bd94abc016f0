using Nexus.Link;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>Publishers that do less than browsers, and restart: FFmpeg, libdatachannel, hardware encoders. None names its section on packets.</summary>
public sealed class PlainPublisherTests : NodeTest
{
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
