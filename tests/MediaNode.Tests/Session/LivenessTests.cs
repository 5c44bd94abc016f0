using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Stun;
using Nexus.MediaNode.Tests.Data;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>What shows that a client is there: anything authentic, and nothing else. No client in here checks after it is connected.</summary>
public sealed class LivenessTests : NodeTest
{
    private static readonly TimeSpan LongerThanConsent = TimeSpan.FromSeconds(50);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_publisher_that_streams_is_alive()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, AudioOut);
        Connect(viewer, SessionLeg.Play, AudioIn);
        var audio = new TestStream(publisher, "0", 1111);
        publisher.Transport.SendsChecks = false;
        RepeatFor(LongerThanConsent, TimeSpan.FromMilliseconds(200), audio.SendOpus);

        Assert.Equal(SessionState.Connected, StateOf("alice"));
        Assert.Equal(audio.SentSequences, viewer.PacketsOf(viewer.AnsweredSsrc(0)).Select(p => TestStream.MarkOf(p.Payload)));
    }

    [Fact]
    public void A_viewer_is_alive_by_its_reports()
    {
        var viewer = Node.Peer("bob");
        Connect(viewer, SessionLeg.Play, AudioIn);
        viewer.Transport.SendsChecks = false;
        RepeatFor(LongerThanConsent, 5 * Second, () => viewer.SendReceiverReport(default));
        Assert.Equal(SessionState.Connected, StateOf("bob"));
    }

    [Fact]
    public void One_who_sends_data_is_alive()
    {
        var talker = DataClient.Join(Node, "alice");
        Node.RunUntil(() => StateOf("alice") == SessionState.Connected);
        talker.Peer.Transport.SendsChecks = false;
        RepeatFor(LongerThanConsent, 5 * Second, () => talker.Send("still here"));
        Assert.Equal(SessionState.Connected, StateOf("alice"));
    }

    [Fact]
    public void One_whose_data_channels_are_silent_is_alive_by_its_answers_to_heartbeats()
    {
        var listener = DataClient.Join(Node, "alice");
        Node.RunUntil(() => StateOf("alice") == SessionState.Connected);
        listener.Peer.Transport.SendsChecks = false;
        Node.Run(LongerThanConsent);
        Assert.Equal(SessionState.Connected, StateOf("alice"));
    }

    [Fact]
    public void One_who_falls_silent_after_its_media_is_lost_thirty_seconds_after_the_last_of_it()
    {
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, AudioOut);
        var audio = new TestStream(publisher, "0", 1111);
        publisher.Transport.SendsChecks = false;
        RepeatFor(LongerThanConsent, Second, audio.SendOpus);
        audio.SendOpus();
        var last = Node.Clock.Now;
        Node.RunUntil(() => StateOf("alice") == SessionState.Disconnected, TimeSpan.FromSeconds(31));
        Assert.InRange((Node.Clock.Now - last).TotalSeconds, 29.9, 30.1);
        Assert.Equal(ReasonCodes.ClientLost, ReportOf("alice")!.Reason);
    }

    [Fact]
    public void Replayed_packets_prove_nothing()
    {
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, AudioOut);
        var captured = new List<byte[]>();
        Node.Network.Filter = (from, to, datagram) =>
        {
            if (from == publisher.Transport.Port.Address && PacketClassifier.Classify(datagram.Span) is PacketKind.Rtp or PacketKind.Rtcp or PacketKind.Dtls)
            {
                captured.Add(datagram.ToArray());
            }

            return true;
        };
        var audio = new TestStream(publisher, "0", 1111);
        audio.SendOpus();
        publisher.SendSenderReport(audio.Report(1));
        Node.Run(Second);
        Node.Network.Filter = null;
        Assert.True(captured.Count >= 2);
        AssertLostWhileSending(publisher, () => captured.ForEach(d => publisher.Transport.SendRaw(d)));
        Assert.NotEqual(0, Node.Loop.Drops[DropReason.SrtpReplayed]);
    }

    [Fact]
    public void Forged_packets_and_unauthenticated_indications_prove_nothing()
    {
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, AudioOut);
        var forged = new byte[100];
        (forged[0], forged[1]) = (0x80, TestOffer.OpusType);
        var report = new byte[100];
        (report[0], report[1]) = (0x80, (byte)RtcpType.ReceiverReport);
        byte[] record = [23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 9, 0, 32, .. new byte[32]];
        var indication = new byte[100];
        var writer = new StunWriter(indication, StunClass.Indication, new byte[12]);
        writer.AddUsername(System.Text.Encoding.ASCII.GetBytes($"{publisher.Answer.TaggedSection!.Transport.IceUfrag}:peer"));
        writer.AddFingerprint();
        indication = writer.Written.ToArray();
        AssertLostWhileSending(publisher, () => Array.ForEach([forged, report, record, indication], d => publisher.Transport.SendRaw(d)));
        Assert.NotEqual(0, Node.Loop.Drops[DropReason.SrtpAuthFailed]);
    }

    private void AssertLostWhileSending(TestPeer client, Action send)
    {
        client.Transport.SendsChecks = false;
        for (var end = Node.Clock.Now + TimeSpan.FromSeconds(32); StateOf(client.Name) != SessionState.Disconnected; Node.Run(Second))
        {
            Assert.True(Node.Clock.Now < end, "what is not authentic kept it alive");
            send();
        }

        Assert.InRange((Node.Clock.Now - Node.Loop.Sessions.Find(client.Name)!.HeardAt).TotalSeconds, 29, 32);
    }

    private void RepeatFor(TimeSpan duration, TimeSpan interval, Action act)
    {
        for (var end = Node.Clock.Now + duration; Node.Clock.Now < end; Node.Run(interval))
        {
            act();
        }
    }
}
