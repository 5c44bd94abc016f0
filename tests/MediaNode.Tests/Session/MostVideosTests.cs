using Nexus.Link;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>The setting <c>max-videos</c>, at one.</summary>
public sealed class MostVideosTests() : SimulcastTest(new(0, 1))
{
    [Fact]
    public void Cameras_beyond_the_most_are_paused_by_name()
    {
        Publish();
        var dave = Node.Peer("dave");
        Connect(dave, SessionLeg.Publish, VideoOut);
        var camera = new TestStream(dave, "0", 77);
        Join("bob", 20_000_000, VideoIn, VideoIn);
        var frames = 0;
        SendFor(3, () => camera.SendVp8Frame(Node.Clock.Now, keyFrame: frames++ % 30 == 0));

        var told = Node.ReportOf("bob").Subscriptions;
        Assert.Equal(["active", "paused"], told.Select(s => s.State).Order(StringComparer.Ordinal));
        Assert.Equal(ReasonCodes.NotSpeaking, told.Single(s => s.State == "paused").Reason);
        Assert.Contains(Node.Sent.OfType<SessionChanged>(), c => c.Report.Actual.Subscriptions.Any(s => s.Reason == ReasonCodes.NotSpeaking));
    }
}
