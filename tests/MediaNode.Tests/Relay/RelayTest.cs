using Nexus.Link;
using Nexus.MediaNode.Link;
using Nexus.MediaNode.Tests.Session;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Relay;

/// <summary>Two nodes with a link between them, on one network in virtual time: that of the base here, another there.</summary>
public abstract class RelayTest : SimulcastTest
{
    protected const string Room = "any/t/room";
    private const string Link = "here~there";

    protected RelayTest() => There = new VirtualNode(beside: Node, firstRetransmit: TimeSpan.FromMilliseconds(2));

    /// <summary>The other node.</summary>
    protected VirtualNode There { get; set; }

    /// <summary>Octets that have crossed from here to there, in datagrams.</summary>
    protected long Crossed { get; private set; }

    protected long Generation { get; set; }

    public override void Dispose()
    {
        There.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the link, or opens it anew, for the room.</summary>
    protected void Dial(bool awaits = true, params string[] rooms)
    {
        Generation++;
        Node.Relays.Clear();
        There.Relays.Clear();
        rooms = rooms.Length == 0 ? [Room] : rooms;
        var here = Node.Core.ApplyRelay(new RelayDesired(Link, Generation, Dials: true));
        var there = There.Core.ApplyRelay(new RelayDesired(Link, Generation, Dials: false));
        There.Core.ApplyRelay(new RelayDesired(Link, Generation, Dials: false) { Remote = here.Local, Rooms = [.. rooms] });
        Node.Core.ApplyRelay(new RelayDesired(Link, Generation, Dials: true) { Remote = there.Local, Rooms = [.. rooms] });
        if (awaits)
        {
            Node.RunUntil(() => IsUp, TimeSpan.FromSeconds(30));
        }
    }

    protected bool IsUp => StateAt(Node) == SessionState.Connected && StateAt(There) == SessionState.Connected;

    protected static SessionState StateAt(VirtualNode node) => node.Relays.GetValueOrDefault(Link)?.State ?? SessionState.New;

    protected void SetLine(LinkConditions conditions)
    {
        Node.Network.SetPath(Node.Port.Address, There.Port.Address, conditions);
        Node.Network.SetPath(There.Port.Address, Node.Port.Address, conditions);
    }

    /// <summary>Counts what crosses.</summary>
    protected void Watch() => Node.Network.Filter = (from, to, datagram) =>
    {
        Crossed += from == Node.Port.Address && to == There.Port.Address ? datagram.Length : 0;
        return true;
    };

    /// <summary>Somebody who plays at the other node.</summary>
    protected TestPeer View(string name, LayerWish? layer = null, params TestSection[] sections)
    {
        var viewer = There.Peer(name);
        There.Join(viewer, SessionLeg.Play, sections.Length == 0 ? [VideoIn] : sections, d => d with { Subscribe = new() { Auto = true, Layer = layer } });
        Node.RunUntil(() => viewer.IsConnected);
        Node.Run(TimeSpan.FromMilliseconds(300)); // what it wants is known at the publisher's node
        return viewer;
    }

    /// <summary>Kilobits per second that cross while everybody sends for so long.</summary>
    protected double KilobitsPerSecond(double seconds)
    {
        var before = Crossed;
        SendFor(seconds);
        return (Crossed - before) * 8 / seconds / 1000;
    }
}
