using Nexus.MediaNode.Protocol;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>Viewers that share one line: a household, or an office. Each has an estimate of his own, and they compete.</summary>
public sealed class SharedLineTests : SimulcastTest
{
    private readonly List<TestPeer> _viewers = [];

    /// <summary>Of the 31 packets a second of the lowest layer; fewer is no picture.</summary>
    private const int Picture = 20;

    /// <summary>The lowest layer fits three times, twice, once: whoever has no picture is told so soon, and the others have theirs.</summary>
    [Theory]
    [InlineData(900_000)]
    [InlineData(600_000)]
    [InlineData(500_000)]
    public void When_a_shared_line_becomes_narrow_each_soon_has_a_picture_or_a_word_why_not(long bandwidth)
    {
        Publish();
        JoinThree();
        SetLine(10_000_000, 0.02);
        SendUntil(() => _viewers.All(v => LayerOf(v.Name) == "f"), 15);

        SetLine(bandwidth, 0);
        SendFor(4);
        Assert.InRange(Queue, 0, 250);
        var starved = new Dictionary<string, int>();
        for (var second = 0; second < 30; second++)
        {
            var before = _viewers.ToDictionary(v => v.Name, v => v.Packets.Count);
            SendFor(1);
            foreach (var viewer in _viewers)
            {
                var isStarved = StateOfVideo(viewer.Name).State != "paused" && viewer.Packets.Count - before[viewer.Name] < Picture;
                starved[viewer.Name] = isStarved ? starved.GetValueOrDefault(viewer.Name) + 1 : 0;
                Assert.True(starved[viewer.Name] < 2, $"{viewer.Name} has no picture in second {second}, and no word");
            }
        }

        SetLine(20_000_000, 0);
        SendUntil(() => _viewers.All(v => LayerOf(v.Name) == "f"), 20);
    }

    private double Queue => Node.Network.QueueDelay(PortOf(_viewers[0]), _viewers[0].Address).TotalMilliseconds;

    private void JoinThree()
    {
        foreach (var name in new[] { "bob", "carol", "dave" })
        {
            var viewer = Join(name, 10_000_000);
            if (_viewers.Count > 0)
            {
                Node.Network.SharePath((PortOf(_viewers[0]), _viewers[0].Address), (PortOf(viewer), viewer.Address));
            }

            _viewers.Add(viewer);
        }
    }

    private void SetLine(long bandwidth, double loss) => Node.SetPath(
        _viewers[0].Address, new LinkConditions { Bandwidth = bandwidth, Loss = loss, Delay = TimeSpan.FromMilliseconds(20), QueueLimit = TimeSpan.FromMilliseconds(400) });

    private TransportTuple PortOf(TestPeer viewer) => Node.Ports[Node.LoopOf(viewer.Name).Index].Address;
}
