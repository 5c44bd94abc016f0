using Nexus.Link;
using Nexus.MediaNode.Link;
using Nexus.MediaNode.Relay;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Relay;

/// <summary>How two nodes come to be connected, and what becomes of that on a bad line.</summary>
public sealed class RelayTransportTests : RelayTest
{
    [Fact]
    public void Two_nodes_connect()
    {
        Dial();
        Assert.Equal(0, Node.Loop.Drops[DropReason.InternalError]);
    }

    [Fact]
    public void Two_nodes_connect_over_a_line_that_loses_and_reorders()
    {
        SetLine(new LinkConditions { Loss = 0.2, Delay = TimeSpan.FromMilliseconds(40), Reorder = 0.1 });
        Dial();
    }

    [Fact]
    public void Idle_it_sends_its_keep_alive_and_nothing_else()
    {
        Dial();
        Node.Run(TimeSpan.FromSeconds(10));
        Watch();
        Node.Run(TimeSpan.FromSeconds(60));
        Assert.InRange(Crossed * 8 / 60, 1, 2_000); // bits per second
        Assert.True(IsUp);
    }

    [Fact]
    public void A_line_that_is_cut_for_five_seconds_is_no_end()
    {
        Dial();
        SetLine(new LinkConditions { Loss = 1 });
        Node.Run(TimeSpan.FromSeconds(5));
        SetLine(LinkConditions.Perfect);
        Node.Run(TimeSpan.FromSeconds(60));
        Assert.True(IsUp);
    }

    [Fact]
    public void A_dead_line_is_told_and_is_alive_again_with_its_network()
    {
        Dial();
        SetLine(new LinkConditions { Loss = 1 });
        Node.RunUntil(() => StateAt(Node) == SessionState.Disconnected && StateAt(There) == SessionState.Disconnected, TimeSpan.FromSeconds(40));
        Assert.Equal(ReasonCodes.LinkDown, Node.Relays["here~there"].Reason);
        SetLine(LinkConditions.Perfect);
        Node.RunUntil(() => IsUp, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Who_shows_another_certificate_gets_no_link()
    {
        var here = Node.Core.ApplyRelay(new RelayDesired("x", 1, Dials: true));
        var there = There.Core.ApplyRelay(new RelayDesired("x", 1, Dials: false));
        Assert.True(RelayEndpoint.TryParse(there.Local, out var endpoint));
        Assert.True(RelayEndpoint.TryParse(here.Local, out var own));
        There.Core.ApplyRelay(new RelayDesired("x", 1, Dials: false) { Remote = here.Local });
        Node.Core.ApplyRelay(new RelayDesired("x", 1, Dials: true) { Remote = (endpoint with { Fingerprint = own.Fingerprint }).ToString() });
        Node.RunUntil(() => Node.Relays.GetValueOrDefault("x")?.State == SessionState.Closed);
        Node.Run(TimeSpan.FromSeconds(1));
        Assert.NotEqual(SessionState.Connected, There.Relays.GetValueOrDefault("x")?.State);
    }

    [Fact]
    public void What_a_node_did_not_say_is_refused_by_name()
    {
        var fault = Assert.Throws<FormatException>(() => Node.Core.ApplyRelay(new RelayDesired("x", 1, Dials: true) { Remote = "nonsense" }));
        Assert.Contains("RelayActual.Local", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_is_dialled_anew_in_a_higher_generation_and_a_lower_one_changes_nothing()
    {
        Dial();
        Dial();
        Assert.Equal((2, 2), (Node.Relays["here~there"].Generation, There.Relays["here~there"].Generation));
        Assert.Equal(2, Node.Core.ApplyRelay(new RelayDesired("here~there", 1, Dials: true)).Generation);
        Assert.Equal((1, 1), (Node.Loop.SessionCount, There.Loop.SessionCount));
    }
}
