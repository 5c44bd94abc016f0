using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Session;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>
/// A call in which alice publishes a camera in three layers, and others watch on lines of their own. Her layers are of one, three and
/// eight packets of 1,000 octets a frame: 250, 750 and 2,000 kbit/s with their headers.
/// </summary>
public abstract class SimulcastTest(ReceiverLimits limits = default, Func<LoopOptions, LoopOptions>? change = null) : NodeTest(limits, change)
{
    private static readonly (string Rid, int Packets)[] Layers = [("q", 1), ("h", 3), ("f", 8)];

    /// <summary>Of all publishers, with the packets of a frame.</summary>
    protected List<(TestStream Stream, int Packets)> Streams { get; } = [];
    private readonly List<TestPeer> _publishers = [];
    private bool _keyFrameWanted = true;

    /// <summary>Sound of those who publish it, in the order of <see cref="Publish"/>.</summary>
    protected List<TestStream> Voices { get; } = [];

    protected void Publish(bool withAudio = false, string name = "alice")
    {
        var publisher = Node.Peer(name);
        _publishers.Add(publisher);
        var video = new TestSection("video", "sendonly", ["VP8"], [.. Layers.Select(l => l.Rid)]);
        Connect(publisher, SessionLeg.Publish, withAudio ? [AudioOut, video] : [video]);
        if (withAudio)
        {
            Voices.Add(new TestStream(publisher, "0", (uint)_publishers.Count));
        }

        for (var i = 0; i < Layers.Length; i++)
        {
            var stream = new TestStream(publisher, withAudio ? "1" : "0", (uint)((100 * _publishers.Count) + (10 * (i + 1))), Layers[i].Rid) { Width = 320 << i, Height = 180 << i };
            Streams.Add((stream, Layers[i].Packets));
        }

        _keyFrameWanted = true;
        SendFor(0.5);
    }

    /// <summary>An offer of a client that cannot say when packets arrive, and negotiates another feedback in its place.</summary>
    protected static string WithoutTransportFeedback(string sdp, string instead) => sdp
        .Replace("transport-cc", instead, StringComparison.Ordinal)
        .Replace("http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", "urn:x-unknown", StringComparison.Ordinal);

    protected TestPeer Join(string name, long bitsPerSecond, params TestSection[] sections)
    {
        var viewer = Node.Peer(name);
        SetLine(viewer, bitsPerSecond);
        Connect(viewer, SessionLeg.Play, sections.Length == 0 ? [VideoIn] : sections);
        return viewer;
    }

    protected void SetLine(TestPeer viewer, long bitsPerSecond) => Node.SetPath(
        viewer.Address, new LinkConditions { Bandwidth = bitsPerSecond, Delay = TimeSpan.FromMilliseconds(20), QueueLimit = TimeSpan.FromSeconds(1) });

    protected void SendFor(double seconds, Action? eachFrame = null)
    {
        for (var end = Node.Clock.Now + TimeSpan.FromSeconds(seconds); Node.Clock.Now < end;)
        {
            SendFrame();
            eachFrame?.Invoke();
        }
    }

    protected void SendUntil(Func<bool> holds, double seconds)
    {
        for (var end = Node.Clock.Now + TimeSpan.FromSeconds(seconds); !holds();)
        {
            Assert.True(Node.Clock.Now < end, "what was waited for did not happen");
            SendFrame();
        }
    }

    /// <summary>So many packets each key picture takes; the packets of any other when null.</summary>
    protected int? KeyFramePackets { get; set; }

    /// <summary>How many key pictures were sent.</summary>
    protected int KeyFrames { get; private set; }

    /// <summary>As if somebody had asked for one.</summary>
    protected void WantKeyFrame() => _keyFrameWanted = true;

    /// <summary>One frame of each layer; key pictures when asked for, as encoders do.</summary>
    private void SendFrame()
    {
        var asked = _publishers.SelectMany(p => p.Plis).ToHashSet();
        _publishers.ForEach(p => p.Plis.Clear());
        foreach (var (stream, packets) in Streams)
        {
            var isKey = _keyFrameWanted || asked.Contains(stream.Ssrc);
            KeyFrames += isKey ? 1 : 0;
            stream.SendVp8Frame(Node.Clock.Now, isKey, isKey ? KeyFramePackets ?? packets : packets);
        }

        _keyFrameWanted = false;
        for (var i = 0; i < 2; i++)
        {
            Voices.ForEach(v => v.SendOpus());
            Node.Run(FrameTime / 2);
        }
    }

    protected (string State, string? Reason) StateOfVideo(string viewer)
    {
        var subscription = Node.ReportOf(viewer).Subscriptions[^1];
        return (subscription.State, subscription.Reason);
    }

    protected string? LayerOf(string viewer) => Node.ReportOf(viewer).Subscriptions[^1].Layer;

    protected static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
