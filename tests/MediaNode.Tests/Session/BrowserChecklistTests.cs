using System.Globalization;
using Nexus.Link;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Tests.Codecs;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>
/// What real browsers need (docs/browsers.md), shown through a whole node where it takes more than one machine to do it.
/// </summary>
public sealed class BrowserChecklistTests : NodeTest
{
    [Fact]
    public void Every_packet_is_reported_as_arrived_from_the_first_on_padding_and_repeats_too()
    {
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 10);
        video.SendPadding();
        video.Repeat(video.SentSequences[3], 3333);
        Node.Run(TimeSpan.FromMilliseconds(300));
        Assert.Equal(32, publisher.NextTransportSequence);
        Assert.Equal(Enumerable.Range(0, 32), publisher.FeedbackSequences.Select(s => (int)s).Order());
    }

    [Fact]
    public void Extensions_have_the_subscribers_ids_and_what_it_did_not_negotiate_is_stripped()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        viewer.EditOffer = sdp => WithoutLines(sdp, "playout-delay", "dependency-descriptor")
            .Replace("a=extmap:6 ", "a=extmap:13 ", StringComparison.Ordinal);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222, "x");
        video.Extensions.Add((HeaderExtensionKind.VideoOrientation, [0x03]));
        video.Extensions.Add((HeaderExtensionKind.PlayoutDelay, [0, 0x10, 0x20]));
        video.Extensions.Add((HeaderExtensionKind.AbsCaptureTime, [1, 2, 3, 4, 5, 6, 7, 8]));
        video.Extensions.Add((HeaderExtensionKind.VideoLayersAllocation, [9, 9]));
        SendFrames(video, null, 2);
        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).First().Extensions;
        Assert.Equal([(int)TestOffer.MidId, TestOffer.TransportSequenceId, TestOffer.AbsCaptureTimeId, 13], got.Keys.Order());
        Assert.Equal([0x03], got[13]);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], got[TestOffer.AbsCaptureTimeId]);

        var other = Node.Peer("carol");
        Connect(other, SessionLeg.Play, VideoIn);
        SendFrames(video, null, 1);
        var also = other.PacketsOf(other.AnsweredSsrc(0)).First().Extensions;
        Assert.Equal([0, 0x10, 0x20], also[TestOffer.PlayoutDelayId]);
        Assert.DoesNotContain(TestOffer.LayersAllocationId, also.Keys);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_long_descriptor_takes_two_byte_headers_and_none_is_sent_to_who_does_not_take_them(bool mixed)
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, new TestSection("video", "sendonly", ["AV1"]));
        viewer.EditOffer = sdp => mixed ? sdp : WithoutLines(sdp, "extmap-allow-mixed");
        Connect(viewer, SessionLeg.Play, new TestSection("video", "recvonly", ["AV1"]));
        var video = new TestStream(publisher, "0", 2222);
        SendAv1Frames(video, 10);

        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        AssertContinuous(got);
        Assert.Equal(10, got.Count);
        Assert.Equal(mixed ? HeaderExtensionEnumerator.TwoByteProfile : HeaderExtensionEnumerator.OneByteProfile, got[0].Header.ExtensionProfile);
        Assert.Equal(HeaderExtensionEnumerator.OneByteProfile, got[1].Header.ExtensionProfile);
        Assert.All(got, p => Assert.Equal(mixed, p.Extensions.ContainsKey(TestOffer.DescriptorId)));
    }

    [Fact]
    public void An_end_to_end_encrypted_payload_passes_as_it_is_and_starts_at_the_descriptors_keyframe()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, new TestSection("video", "sendonly", ["AV1"]));
        Connect(viewer, SessionLeg.Play, new TestSection("video", "recvonly", ["AV1"]));
        var video = new TestStream(publisher, "0", 2222);
        var sent = SendAv1Frames(video, 6);
        Assert.Equal(sent, viewer.PacketsOf(viewer.AnsweredSsrc(0)).Select(p => Convert.ToHexString(p.Payload)));
    }

    [Fact]
    public void A_repeat_that_overtakes_the_first_packet_of_its_stream_is_held_and_comes_before_it()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        video.Lose.UnionWith([video.Sequence, video.Sequence + 1, video.Sequence + 2]);
        video.SendVp8Frame(Node.Clock.Now, keyFrame: true);
        foreach (var lost in video.SentSequences.ToArray())
        {
            video.Repeat(lost, 3333);
        }

        Node.Run(FrameTime);
        Assert.Empty(viewer.Packets);
        SendFrames(video, null, 3, keyFrames: false);
        Assert.Equal(video.SentSequences, viewer.PacketsOf(viewer.AnsweredSsrc(0)).Select(p => TestStream.MarkOf(p.Payload)));
    }

    [Fact]
    public void A_stream_that_is_named_only_by_its_later_packets_loses_none_of_the_first()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));

        // Two sections with the same payload types: only the mid tells.
        Connect(publisher, SessionLeg.Publish, VideoOut, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var unnamed = new TestStream(publisher, "0", 2222) { NamedPackets = 0 };
        unnamed.SendVp8Frame(Node.Clock.Now, keyFrame: true);
        Node.Run(FrameTime);
        Assert.Empty(viewer.Packets);
        var named = new TestStream(publisher, "0", 2222) { Sequence = unnamed.Sequence, Timestamp = unnamed.Timestamp };
        SendFrames(named, null, 3, keyFrames: false);
        Assert.Equal(
            unnamed.SentSequences.Concat(named.SentSequences),
            viewer.PacketsOf(viewer.AnsweredSsrc(0)).Select(p => TestStream.MarkOf(p.Payload)));
    }

    [Fact]
    public void A_sim_group_is_simulcast_without_rids()
    {
        var publisher = Node.Peer("alice");
        publisher.EditOffer = sdp => WithoutLines(sdp, "rtp-stream-id", "repaired-rtp-stream-id")
            + "a=ssrc-group:SIM 10 20 30\r\na=ssrc-group:FID 10 11\r\na=ssrc-group:FID 20 21\r\na=ssrc-group:FID 30 31\r\n"
            + string.Concat(new[] { 10, 20, 30, 11, 21, 31 }.Select(s => $"a=ssrc:{s} cname:alice\r\n"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var viewers = new[] { LayerWish.Low, LayerWish.Middle, LayerWish.High }.Select(wish =>
        {
            var viewer = Node.Peer($"viewer-{wish}");
            Node.Join(viewer, SessionLeg.Play, [VideoIn], d => d with { Subscribe = d.Subscribe with { Layer = wish } });
            Node.RunUntil(() => viewer.IsConnected && StateOf(viewer.Name) == SessionState.Connected);
            return viewer;
        }).ToArray();
        TestStream[] layers =
        [
            new(publisher, "0", 10) { Sequence = 1000, Width = 320, Height = 180, NamedPackets = 0 },
            new(publisher, "0", 20) { Sequence = 20_000, Width = 640, Height = 360, NamedPackets = 0 },
            new(publisher, "0", 30) { Sequence = 40_000, Width = 1280, Height = 720, NamedPackets = 0 },
        ];
        for (var i = 0; i < 120; i++)
        {
            foreach (var layer in layers)
            {
                layer.SendVp8Frame(Node.Clock.Now, keyFrame: i % 15 == 0);
            }

            Node.Run(FrameTime);
        }

        foreach (var (viewer, layer) in viewers.Zip(layers))
        {
            var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
            AssertContinuous(got);
            Assert.All(got.TakeLast(90), p => Assert.Contains(TestStream.MarkOf(p.Payload), layer.SentSequences));
        }

        // A lost packet of the middle layer comes by the middle layer's FID partner.
        var lost = layers[1].Sequence + 1;
        layers[1].Lose.Add(lost);
        layers[1].SendVp8Frame(Node.Clock.Now, keyFrame: false);
        Node.RunUntil(() => publisher.Nacks.Contains((ushort)lost));
        layers[1].Repeat(lost, 21);
        Node.RunUntil(() => viewers[1].PacketsOf(viewers[1].AnsweredSsrc(0)).Any(p => TestStream.MarkOf(p.Payload) == lost));
    }

    [Fact]
    public void A_recycled_section_is_a_new_stream_with_a_new_name()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        var reused = WatchForReusedNumbers();
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 40);
        var (ssrc, rtx, msid) = (viewer.AnsweredSsrc(0), viewer.AnsweredRtxSsrc(0), viewer.Answer.Media[0].Msid);
        Reoffer(viewer, 2, new TestSection("video", "inactive", ["VP8", "H264"]));
        SendFrames(video, null, 10);
        Reoffer(viewer, 3, VideoIn);
        SendFrames(video, null, 40);

        Assert.DoesNotContain(viewer.AnsweredSsrc(0), new[] { ssrc, rtx });
        Assert.NotEqual(msid, viewer.Answer.Media[0].Msid);
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
        Assert.Empty(reused);
    }

    [Fact]
    public void A_section_that_is_only_offered_again_goes_on_numbering_where_it_was()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        var reused = WatchForReusedNumbers();
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        SendFrames(video, null, 10);
        Reoffer(viewer, 2, rtx: false, VideoIn);
        SendFrames(video, null, 10);
        Reoffer(viewer, 3, VideoIn);
        SendFrames(video, null, 10);
        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        Assert.Equal(90, got.Count);
        AssertContinuous(got);
        Assert.Empty(reused);
    }

    [Fact]
    public void Payload_types_and_rtx_are_the_subscribers_own()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        viewer.EditOffer = sdp => Renumber(Renumber(sdp, 96, 120), 97, 121);
        Connect(viewer, SessionLeg.Play, VideoIn);
        SendFrames(new TestStream(publisher, "0", 2222), null, 5);
        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        Assert.All(got, p => Assert.Equal(120, p.Header.PayloadType));
        viewer.SendNack(viewer.AnsweredSsrc(0), got[3].Header.SequenceNumber);
        Node.RunUntil(() => viewer.PacketsOf(viewer.AnsweredRtxSsrc(0)).Any());
        Assert.Equal(121, viewer.PacketsOf(viewer.AnsweredRtxSsrc(0)).Single().Header.PayloadType);
    }

    [Fact]
    public void Numbers_start_below_2_to_the_15_so_that_the_first_rollover_is_not_guessed_wrong()
    {
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var viewers = Enumerable.Range(0, 8).Select(i => Node.Peer($"viewer-{i}")).ToArray();
        foreach (var viewer in viewers)
        {
            Connect(viewer, SessionLeg.Play, VideoIn);
        }

        SendFrames(new TestStream(publisher, "0", 2222), null, 2);
        Assert.All(viewers, v => Assert.InRange(v.PacketsOf(v.AnsweredSsrc(0)).First().Header.SequenceNumber, 0, (1 << 15) - 1));
    }

    [Fact]
    public void No_number_is_used_for_two_packets_whatever_a_publisher_repeats()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        var reused = WatchForReusedNumbers();
        Connect(publisher, SessionLeg.Publish, new TestSection("video", "sendonly", ["H264"]));
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        Send(30, 0x65);
        var old = video.SentSequences[10];

        // Long enough for the node to have let the packet go: only the numbering knows of it.
        Send(60, 0x41);
        video.Repeat(old, 3333, payload => payload[50] ^= 0xFF);
        Send(3, 0x41);
        Assert.Equal(1, viewer.PacketsOf(viewer.AnsweredSsrc(0)).Count(p => TestStream.MarkOf(p.Payload) == old));
        Assert.Empty(reused);
        Assert.Equal(1, Node.Loop.Drops[DropReason.RtpDuplicate]);

        void Send(int packets, byte unit)
        {
            for (var i = 0; i < packets; i++)
            {
                var payload = new byte[100];
                payload[0] = unit;
                payload[1] = 0x80;
                video.Send(TestOffer.H264Type, payload, marker: true);
                video.Timestamp += 3000;
                Node.Run(FrameTime);
            }
        }
    }

    [Fact]
    public void A_publisher_that_renews_its_ssrc_goes_on_at_its_next_keyframe_without_a_gap()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        var reused = WatchForReusedNumbers();
        Connect(publisher, SessionLeg.Publish, AudioOut, VideoOut);
        Connect(viewer, SessionLeg.Play, AudioIn, VideoIn);
        SendFrames(new TestStream(publisher, "1", 2222), new TestStream(publisher, "0", 1111), 20);
        var renewed = new TestStream(publisher, "1", 2223) { Sequence = 7, Timestamp = 5 };
        var audio = new TestStream(publisher, "0", 1112) { Sequence = 3, Timestamp = 9 };
        SendFrames(renewed, audio, 20);
        foreach (var (ssrc, sent) in new[] { (viewer.AnsweredSsrc(1), renewed.SentSequences), (viewer.AnsweredSsrc(0), audio.SentSequences) })
        {
            var got = viewer.PacketsOf(ssrc).ToList();
            AssertContinuous(got);
            Assert.Equal(sent, got.TakeLast(sent.Count).Select(p => TestStream.MarkOf(p.Payload)));
        }

        Assert.Empty(reused);
    }

    [Fact]
    public void Sound_and_picture_are_reported_on_one_clock_under_the_announced_name()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, AudioOut, VideoOut);
        Connect(viewer, SessionLeg.Play, AudioIn, VideoIn);
        var video = new TestStream(publisher, "1", 2222);
        var audio = new TestStream(publisher, "0", 1111);
        Send(5);

        // The publisher's clock is years off; sound was captured 80 ms before the picture that it is sent with.
        const ulong Ntp = 0x1234_5678_0000_0000;
        var (videoAt, audioAt) = (video.Timestamp, audio.Timestamp);
        publisher.SendSenderReport(video.Report(Ntp));
        publisher.SendSenderReport(audio.Report(Ntp) with { RtpTimestamp = audioAt + 3840 });
        Send(45);
        Assert.Equal(Captured(1, video, videoAt, 3000, 90_000), Captured(0, audio, audioAt, 1600, 48_000) + 0.080, 0.002);
        Assert.Single(viewer.CanonicalNames.Where(n => n.Key == viewer.AnsweredSsrc(0) || n.Key == viewer.AnsweredSsrc(1)).Select(n => n.Value).Distinct());

        void Send(int frames)
        {
            for (var i = 0; i < frames; i++)
            {
                video.SendVp8Frame(Node.Clock.Now, keyFrame: i == 0);
                audio.SendOpus();
                audio.Timestamp += 640;
                Node.Run(TimeSpan.FromSeconds(1 / 30.0));
            }
        }

        // When, by our reports, that was captured which had the timestamp of the publisher's report.
        double Captured(int section, TestStream stream, uint reported, uint step, double rate)
        {
            var ssrc = viewer.AnsweredSsrc(section);
            Assert.Equal(viewer.Answer.Media[section].Ssrcs[0].Cname, viewer.CanonicalNames[ssrc]);
            var report = viewer.SenderReports.Last(r => r.Ssrc == ssrc);
            var last = viewer.PacketsOf(ssrc).Last().Header.Timestamp;
            return (report.NtpTimestamp / 4294967296.0) + ((int)(last - report.RtpTimestamp) / rate) - ((int)(stream.Timestamp - step - reported) / rate);
        }
    }

    [Fact]
    public void A_reference_time_is_answered_to_publishers_and_players()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        foreach (var peer in new[] { publisher, viewer })
        {
            peer.SendReferenceTime(0x0001_2345_6789_0000);
        }

        SendFrames(new TestStream(publisher, "0", 2222), null, 45);
        Assert.Equal(0x2345_6789u, publisher.Delays.Single().LastReceiverReport);
        Assert.Equal(0x2345_6789u, viewer.Delays.Single().LastReceiverReport);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Feedback_comes_alone_only_to_who_takes_it_alone(bool reducedSize)
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        publisher.EditOffer = sdp => reducedSize ? sdp : WithoutLines(sdp, "rtcp-rsize");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        SendFrames(new TestStream(publisher, "0", 2222), null, 20, keyFrames: false);
        Assert.Contains(2222u, publisher.Plis);
        Assert.Equal(reducedSize, publisher.RtcpHeads.Any(t => t is RtcpType.TransportFeedback or RtcpType.PayloadFeedback));
    }

    [Fact]
    public void Full_intra_requests_become_plis_for_the_layer_that_is_watched_at_both_edges_of_the_interval()
    {
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, new TestSection("video", "sendonly", ["VP8"], "q", "f"));
        var viewers = Enumerable.Range(0, 10).Select(i => Node.Peer($"viewer-{i}")).ToArray();
        foreach (var viewer in viewers)
        {
            Node.Join(viewer, SessionLeg.Play, [VideoIn], d => d with { Subscribe = d.Subscribe with { Layer = LayerWish.Low } });
        }

        Node.RunUntil(() => viewers.All(v => v.IsConnected && StateOf(v.Name) == SessionState.Connected));
        TestStream[] layers = [new(publisher, "0", 10, "q") { Width = 320, Height = 180 }, new(publisher, "0", 30, "f") { Width = 1280, Height = 720 }];
        for (var i = 0; i < 60; i++)
        {
            Array.ForEach(layers, l => l.SendVp8Frame(Node.Clock.Now, keyFrame: i % 15 == 0));
            Node.Run(FrameTime);
        }

        publisher.Plis.Clear();
        for (byte i = 0; i < 10; i++)
        {
            viewers[i].SendFir(viewers[i].AnsweredSsrc(0), i);
            viewers[i].SendPli(viewers[i].AnsweredSsrc(0));
            Node.Run(TimeSpan.FromMilliseconds(20));
        }

        Node.Run(TimeSpan.FromMilliseconds(400));
        Assert.Equal([10u, 10u], publisher.Plis);
    }

    [Fact]
    public void A_client_that_never_checks_is_disconnected_for_want_of_ice()
    {
        var peer = Node.Peer("alice");
        Node.Join(peer, SessionLeg.Publish, [VideoOut]);
        peer.Transport.SendsChecks = false;
        Node.RunUntil(() => StateOf("alice") == SessionState.Disconnected, TimeSpan.FromSeconds(32));
        Assert.Equal(ReasonCodes.NoIce, ReportOf("alice")!.Reason);
    }

    [Fact]
    public void A_client_whose_checks_stop_is_lost_by_name()
    {
        var peer = Node.Peer("alice");
        Connect(peer, SessionLeg.Publish, VideoOut);
        peer.Transport.SendsChecks = false;
        Node.RunUntil(() => StateOf("alice") == SessionState.Disconnected, TimeSpan.FromSeconds(32));
        Assert.Equal(ReasonCodes.ClientLost, ReportOf("alice")!.Reason);
    }

    [Fact]
    public void Through_an_ice_restart_media_flows_and_the_old_ufrag_ends_with_the_first_new_check()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Connect(viewer, SessionLeg.Play, VideoIn);
        var video = new TestStream(publisher, "0", 2222);
        var desired = VirtualNode.Desired("alice", SessionLeg.Publish) with { IceRestart = new IceRestart(1, "newu", "newpasswordnewpasswordnew") };
        var fragment = Node.Apply("alice", desired, seq: 2).IceRestart!.SdpFragment;
        SendFrames(video, null, 90);
        Assert.Equal(0, Node.Loop.Drops[DropReason.StunUnknownUfrag]);

        publisher.Transport.Connect(Node.Clock.Now, Node.Port.Address, ValueOf(fragment, "a=ice-ufrag:"), ValueOf(fragment, "a=ice-pwd:"));
        SendFrames(video, null, 90);
        Assert.Equal(0, publisher.Transport.ErrorResponses);
        var before = publisher.Answer.TaggedSection!.Transport;
        publisher.Transport.Connect(Node.Clock.Now, Node.Port.Address, before.IceUfrag!, before.IcePwd!);
        SendFrames(video, null, 1);
        Assert.Equal(1, Node.Loop.Drops[DropReason.StunUnknownUfrag]);
        AssertContinuous([.. viewer.PacketsOf(viewer.AnsweredSsrc(0))]);
        Assert.Equal(SessionState.Connected, StateOf("alice"));
    }

    [Fact]
    public void Pauses_of_speech_are_no_loss_and_comfort_noise_is_swallowed_without_a_gap()
    {
        var (publisher, viewer) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(publisher, SessionLeg.Publish, AudioOut);
        Connect(viewer, SessionLeg.Play, AudioIn);
        var audio = new TestStream(publisher, "0", 1111);
        Speak(5);
        audio.Send(13, new byte[9], marker: false);
        audio.Timestamp += 48_000;
        Node.Run(TimeSpan.FromSeconds(1));
        Speak(5);

        var got = viewer.PacketsOf(viewer.AnsweredSsrc(0)).ToList();
        Assert.Equal(10, got.Count);
        AssertContinuous(got);
        Assert.Equal(48_960u, got[5].Header.Timestamp - got[4].Header.Timestamp);
        Assert.Empty(publisher.Nacks);
        Assert.Equal(1, Node.Loop.Drops[DropReason.RtpUnknownPayloadType]);

        void Speak(int packets)
        {
            for (var i = 0; i < packets; i++)
            {
                audio.SendOpus();
                Node.Run(TimeSpan.FromMilliseconds(20));
            }
        }
    }

    [Fact]
    public void Padding_and_payloads_that_cannot_be_read_are_never_asked_for_again()
    {
        var publisher = Node.Peer("alice");
        Connect(publisher, SessionLeg.Publish, VideoOut);
        var video = new TestStream(publisher, "0", 2222);
        for (var i = 0; i < 10; i++)
        {
            SendFrames(video, null, 1);
            video.SendPadding();
            video.Send(TestOffer.Vp8Type, [0x80], marker: true);
        }

        Node.Run(TimeSpan.FromMilliseconds(200));
        Assert.Equal(10, Node.Loop.Drops[DropReason.CodecMalformed]);
        Assert.Empty(publisher.Nacks);
    }

    [Fact]
    public void An_offer_that_insists_on_the_active_role_connects()
    {
        var publisher = Node.Peer("alice");
        publisher.EditOffer = sdp => sdp.Replace("a=setup:actpass", "a=setup:active", StringComparison.Ordinal);
        Connect(publisher, SessionLeg.Publish, VideoOut);
        Assert.Equal(SessionState.Connected, StateOf("alice"));
    }

    private void Reoffer(TestPeer peer, int id, params TestSection[] sections) => Reoffer(peer, id, rtx: true, sections);

    private void Reoffer(TestPeer peer, int id, bool rtx, params TestSection[] sections)
    {
        var applied = Node.Apply(
            peer.Name, VirtualNode.Desired(peer.Name, SessionLeg.Play) with { Offer = new SdpOffer(id, peer.Offer(sections, rtx)) }, seq: id);
        Assert.True(applied.Status == ApplyStatus.Applied, applied.Error?.Message);
        peer.Accept(Node.Clock.Now, applied.Answer!.Sdp);
        Node.Run(FrameTime);
    }

    /// <summary>One packet a frame, of random octets: only the descriptor says what it is. Returns the payloads.</summary>
    private List<string> SendAv1Frames(TestStream video, int frames)
    {
        var random = new Random(1);
        var structure = DescriptorBuilder.L1T3();
        var payloads = new List<string>();
        for (var i = 0; i < frames; i++)
        {
            video.Extensions.Clear();
            video.Extensions.Add((HeaderExtensionKind.DependencyDescriptor, structure.Packet(i, i == 0 ? 0 : 1, attach: i == 0)));
            var payload = new byte[200];
            random.NextBytes(payload);
            video.Send(TestOffer.Av1Type, payload, marker: true);
            payloads.Add(Convert.ToHexString(payload));
            video.Timestamp += 3000;
            Node.Run(FrameTime);
        }

        return payloads;
    }

    private static string WithoutLines(string sdp, params string[] parts) => string.Concat(
        sdp.Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !parts.Any(p => line.Contains(p, StringComparison.Ordinal)))
            .Select(line => line + "\r\n"));

    private static string Renumber(string sdp, int from, int to) => string.Concat(
        sdp.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(line =>
            (line.StartsWith("m=", StringComparison.Ordinal) || line.StartsWith("a=rtpmap", StringComparison.Ordinal)
                || line.StartsWith("a=rtcp-fb", StringComparison.Ordinal) || line.StartsWith("a=fmtp", StringComparison.Ordinal)
                ? System.Text.RegularExpressions.Regex.Replace(line, $@"(?<=[ :=]){from}(?= |$)", to.ToString(CultureInfo.InvariantCulture))
                : line) + "\r\n"));

    private static string ValueOf(string fragment, string prefix) =>
        fragment.Split("\r\n").First(l => l.StartsWith(prefix, StringComparison.Ordinal))[prefix.Length..];
}
