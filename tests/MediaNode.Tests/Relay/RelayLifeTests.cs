using Nexus.Link;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Relay;

/// <summary>What outlives what: nodes that are killed, rooms that come and go, clocks that differ.</summary>
public sealed class RelayLifeTests : RelayTest
{
    [Fact]
    public void A_node_that_is_killed_and_comes_back_is_linked_anew_and_gets_all_again()
    {
        Dial();
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 22);
        View("bob");
        SendFrames(video, null, 30);
        using var killed = There;
        killed.Kill();
        SendFrames(video, null, 30);
        There = new VirtualNode(beside: Node, firstRetransmit: TimeSpan.FromMilliseconds(2));
        Dial();
        var viewer = View("bob");
        SendFrames(video, null, 60);
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
        Assert.InRange(viewer.PacketsOf(viewer.AnsweredSsrc(0)).Count(), 170, 180);
        Assert.Equal(2, Node.Loop.SessionCount); // nothing of the old link is left
    }

    [Fact]
    public void A_room_that_empties_and_fills_again_has_the_tracks_of_the_other_node()
    {
        Dial();
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 22);
        View("bob");
        SendFrames(video, null, 30);
        There.Ask<SessionReply>(id => new CloseSession(id, "bob", 1, 9, ReasonCodes.ClientLeft));
        SendFrames(video, null, 30);
        var viewer = View("cleo");
        SendFrames(video, null, 30);
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
    }

    [Fact]
    public void Rooms_that_are_not_on_the_link_have_nothing_of_each_other()
    {
        Dial(rooms: "any/t/another");
        Publish();
        View("bob");
        Watch();
        Assert.InRange(KilobitsPerSecond(3), 0, 5);
        Assert.DoesNotContain(There.ReportOf("bob").Subscriptions, s => s.Layer is not null);
        Dial();
        SendUntil(() => There.ReportOf("bob").Subscriptions.Any(s => s.Layer is not null), 5);
        Dial(rooms: "any/t/another");
        Assert.InRange(KilobitsPerSecond(3), 0, 5);
    }

    [Fact]
    public void What_is_captured_together_is_reported_together_beyond()
    {
        SetLine(new LinkConditions { Delay = TimeSpan.FromMilliseconds(80) });
        Dial();
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, AudioOut, VideoOut);
        var (audio, video) = (new TestStream(publisher, "0", 11), new TestStream(publisher, "1", 22));
        var viewer = View("bob", null, AudioIn, VideoIn);
        var epoch = Node.Clock.Now;
        for (var i = 0; i < 150; i++)
        {
            // Both clocks follow the same time, and the picture is of 200 ms before the sound that leaves with it.
            var captured = Node.Clock.Now - epoch;
            audio.Timestamp = (uint)(48 * captured.TotalMilliseconds);
            video.Timestamp = (uint)(90 * (captured.TotalMilliseconds - 200));
            if (i % 30 == 29)
            {
                var ntp = new NtpClock(99_000_000_000).ToNtp(Node.Clock.Now);
                publisher.SendSenderReport(audio.Report(ntp));
                publisher.SendSenderReport(new SenderReport(22, ntp, (uint)(90 * captured.TotalMilliseconds), 1, 1));
            }

            video.SendVp8Frame(Node.Clock.Now, i % 30 == 0);
            audio.SendOpus();
            Node.Run(FrameTime);
        }

        Node.Run(TimeSpan.FromSeconds(1));
        var sound = CapturedAt(0, 48_000);
        var picture = CapturedAt(1, 90_000);
        Assert.InRange((sound - picture).TotalMilliseconds, 190, 210);

        // When the last packet of a section was captured, on the clock of the node that the viewer is on.
        TimeSpan CapturedAt(int section, int rate)
        {
            var ssrc = viewer.AnsweredSsrc(section);
            var report = viewer.SenderReports.Last(r => r.Ssrc == ssrc);
            var last = viewer.PacketsOf(ssrc).Last();
            var behind = (int)(last.Header.Timestamp - report.RtpTimestamp);
            return TimeSpan.FromSeconds((report.NtpTimestamp / (double)(1L << 32)) + ((double)behind / rate));
        }
    }
}
