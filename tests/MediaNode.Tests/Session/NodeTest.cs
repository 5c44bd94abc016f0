using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Session;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>A whole node on virtual time with peers around it, and what tests of calls have in common.</summary>
public abstract class NodeTest : IDisposable
{
    protected static readonly TestSection AudioOut = new("audio", "sendonly", ["opus"]);
    protected static readonly TestSection VideoOut = new("video", "sendonly", ["VP8"]);
    protected static readonly TestSection AudioIn = new("audio", "recvonly", ["opus"]);
    protected static readonly TestSection VideoIn = new("video", "recvonly", ["VP8", "H264"]);
    protected static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(33);

    protected NodeTest(ReceiverLimits limits = default, Func<LoopOptions, LoopOptions>? change = null) => Node = new(limits: limits, change: change);

    /// <summary>Who only watches is on the second loop, to which what the others publish goes over a ring.</summary>
    protected static LoopOptions OverRing(LoopOptions options) => options with { Loops = 2, MostSessions = 0 };

    protected VirtualNode Node { get; }

    public virtual void Dispose()
    {
        Node.Dispose();
        GC.SuppressFinalize(this);
    }

    protected SessionActual? ReportOf(string session) =>
        Node.Sent.OfType<SessionChanged>().LastOrDefault(s => s.Report.Session == session)?.Report.Actual;

    protected SessionState StateOf(string session) => ReportOf(session)?.State ?? SessionState.New;

    protected SessionApplied Connect(TestPeer peer, SessionLeg leg, params TestSection[] sections) => Connect(peer, leg, rtx: true, sections);

    protected SessionApplied Connect(TestPeer peer, SessionLeg leg, bool rtx, params TestSection[] sections)
    {
        var applied = Node.Join(peer, leg, sections, rtx: rtx);
        Assert.True(applied.Status == ApplyStatus.Applied, applied.Error?.Message);
        Node.RunUntil(() => peer.IsConnected && StateOf(peer.Name) == SessionState.Connected);
        return applied;
    }

    /// <summary>Frames at 30 per second, a keyframe as the first of every thirty.</summary>
    protected void SendFrames(TestStream video, TestStream? audio, int frames, bool keyFrames = true)
    {
        for (var i = 0; i < frames; i++)
        {
            video.SendVp8Frame(Node.Clock.Now, keyFrame: keyFrames && i % 30 == 0);
            audio?.SendOpus();
            Node.Run(FrameTime);
        }
    }

    protected static void AssertContinuous(IReadOnlyList<PeerPacket> packets)
    {
        Assert.NotEmpty(packets);
        foreach (var (first, second) in packets.Zip(packets.Skip(1)))
        {
            Assert.Equal((ushort)(first.Header.SequenceNumber + 1), second.Header.SequenceNumber);
        }
    }

    /// <summary>
    /// Watches all SRTP that the node sends: one SSRC and number under one key must only ever be one and the same packet.
    /// For runs of less than 2^16 packets per stream.
    /// </summary>
    /// <returns>Numbers that were used for two different packets; to be empty in the end.</returns>
    protected List<(uint Ssrc, ushort Sequence)> WatchForReusedNumbers()
    {
        var seen = new Dictionary<(TransportTuple To, uint Ssrc, ushort Sequence), byte[]>();
        var reused = new List<(uint, ushort)>();
        Node.Network.Filter = (from, to, datagram) =>
        {
            var bytes = datagram.ToArray();
            if (Node.Ports.Any(p => p.Address == from) && PacketClassifier.Classify(bytes) == PacketKind.Rtp)
            {
                var sequence = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(2));
                var ssrc = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(8));
                if (!seen.TryAdd((to, ssrc, sequence), bytes) && !seen[(to, ssrc, sequence)].AsSpan().SequenceEqual(bytes))
                {
                    reused.Add((ssrc, sequence));
                }
            }

            return true;
        };
        return reused;
    }
}
