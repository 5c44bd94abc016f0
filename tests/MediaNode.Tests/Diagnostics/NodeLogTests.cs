using Microsoft.Extensions.Logging;
using Nexus.Link;
using Nexus.MediaNode.Tests.Session;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Diagnostics;

/// <summary>What a node says, and at which level: operators read what failed, whoever looks closer reads the rest.</summary>
public sealed class NodeLogTests : NodeTest
{
    [Fact]
    public void A_call_that_goes_well_is_nothing_that_an_operator_must_read()
    {
        var (alice, bob) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(alice, SessionLeg.Publish, VideoOut);
        Connect(bob, SessionLeg.Play, VideoIn);
        Node.Ask<SessionReply>(id => new CloseSession(id, "bob", 1, 2, ReasonCodes.ClientLeft));
        Assert.All(Node.Log.Lines, l => Assert.True(l.Level == LogLevel.Debug, l.Text));
        Assert.Equal([2000, 2001, 2001, 2002], LinesOf("bob").Select(l => l.Event));
        Assert.All(LinesOf("bob"), l => Assert.Equal(
            (Node.Id, "any/t/room", "bob"), ((string?)l.Fields["Node"], (string?)l.Fields["Room"], (string?)l.Fields["Identity"])));
    }

    [Fact]
    public void A_client_that_never_comes_is_told_with_its_reason()
    {
        var bob = Node.Peer("bob");
        Node.Join(bob, SessionLeg.Play, [VideoIn]);
        bob.Transport.SendsChecks = false;
        Node.RunUntil(() => StateOf("bob") == SessionState.Disconnected, TimeSpan.FromMinutes(2));
        var line = Assert.Single(LinesOf("bob"), l => l.Level > LogLevel.Debug);
        Assert.Equal((LogLevel.Information, 2010, "NO_ICE"), (line.Level, line.Event, (string?)line.Fields["Reason"]));
    }

    [Fact]
    public void A_refused_offer_is_told_with_its_reason_to_who_looks_closer()
    {
        var desired = Nexus.TestKit.Media.VirtualNode.Desired("bob", SessionLeg.Play) with { Offer = new SdpOffer(1, "nonsense") };
        Assert.Equal(ApplyStatus.Refused, Node.Apply("bob", desired).Status);
        var line = Assert.Single(LinesOf("bob"));
        Assert.Equal((LogLevel.Debug, 2003, "SDP_INVALID"), (line.Level, line.Event, (string?)line.Fields["Code"]));
    }

    private List<LogLine> LinesOf(string session) =>
        [.. Node.Log.Lines.Where(l => l.Fields.GetValueOrDefault("Session") is string s && s == session)];
}
