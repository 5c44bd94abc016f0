using Nexus.Link;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>The setting <c>max-receiver-bitrate</c>, at 1 Mbit/s.</summary>
public sealed class ReceiverLimitTests() : SimulcastTest(new(1_000_000, 0))
{
    [Fact]
    public void Nobody_is_sent_more_than_the_ceiling_and_it_is_named_as_what_limits()
    {
        Publish();
        Join("bob", 20_000_000);
        SendFor(6);
        Assert.Equal("h", LayerOf("bob"));
        var measured = Node.Inspect(parts: InspectionParts.Subscriptions | InspectionParts.Measured).Single(s => s.Session == "bob").Measured!;
        var receiver = measured.Transport.Receiver!;
        Assert.Equal((EstimateLimits.Ceiling, 0), (receiver.LimitedBy, receiver.Wanted));
        Assert.InRange(receiver.Estimate!.Value, 800_000, 1_000_000);
        Assert.InRange(receiver.Sent, 650_000, 1_000_000);
        Assert.Equal("f", measured.Subscriptions.Single().WishedLayer);
    }

    [Fact]
    public void It_holds_for_clients_without_feedback_too()
    {
        Publish();
        var viewer = Node.Peer("bob");
        viewer.EditOffer = sdp => WithoutTransportFeedback(sdp, "x-none");
        Connect(viewer, SessionLeg.Play, VideoIn);
        SendFor(2);
        Assert.Equal("h", LayerOf("bob"));
    }
}
