using System.Text;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Stun;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>
/// Whatever anybody sends to a node, a call that runs on it goes on undisturbed, and what was dropped is counted by name.
/// </summary>
public sealed class HostileInputTests : NodeTest
{
    private readonly TestPeer _alice;
    private readonly TestPeer _bob;
    private readonly TestStream _video;
    private readonly Random _random = new(7);

    public HostileInputTests()
    {
        (_alice, _bob) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(_alice, SessionLeg.Publish, VideoOut);
        Connect(_bob, SessionLeg.Play, VideoIn);
        _video = new TestStream(_alice, "0", 2222);
    }

    [Fact]
    public void A_stranger_disturbs_nobody_and_every_packet_of_it_is_counted()
    {
        var stranger = Node.Network.Open("10.0.0.66:4444");
        var ufrag = _alice.Answer.TaggedSection!.Transport.IceUfrag!;
        byte[] check = Check($"{ufrag}:xxxx", "not the password at all");
        byte[] clientHello = [22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xFE];
        CallGoesOn(() =>
        {
            for (var cut = 1; cut < check.Length; cut += 3)
            {
                stranger.Send(Node.Port.Address, check.AsSpan(0, cut));
            }

            stranger.Send(Node.Port.Address, check);
            stranger.Send(Node.Port.Address, Check("deadbeef:xxxx", "whatever it may be ...."));
            stranger.Send(Node.Port.Address, clientHello);
            stranger.Send(Node.Port.Address, clientHello.AsSpan(0, 14));
            stranger.Send(Node.Port.Address, Rtp(2222));
            stranger.Send(Node.Port.Address, [0x80, 200, 0, 1, 0, 0, 0, 1]);
            stranger.Send(Node.Port.Address, [100, 1, 2, 3]);
            SendNoise(datagram => stranger.Send(Node.Port.Address, datagram), 30);
        });

        AssertCounted(
            DropReason.StunMalformed, DropReason.StunBadIntegrity, DropReason.StunUnknownUfrag, DropReason.DtlsNotValidatedTuple,
            DropReason.UnknownTuple, DropReason.UnknownProtocol);
    }

    [Fact]
    public void A_flood_of_checks_from_one_address_is_cut_off_before_any_of_it_is_looked_at_and_others_still_get_in()
    {
        var flood = Node.Network.Open("10.0.0.66:4444");
        var check = Check("deadbeef:xxxx", "whatever it may be ....");
        CallGoesOn(() =>
        {
            for (var i = 0; i < 300; i++)
            {
                flood.Send(Node.Port.Address, check);
            }
        });

        var passed = Node.Loop.Drops[DropReason.StunUnknownUfrag];
        Assert.InRange(passed, 400, 400 + 600);
        Assert.Equal(30 * 300, passed + Node.Loop.Drops[DropReason.StunRateLimited]);
        Connect(Node.Peer("carol"), SessionLeg.Play, VideoIn);
    }

    [Fact]
    public void A_participant_that_sends_rubbish_hurts_only_itself()
    {
        var mallory = Node.Peer("mallory");
        Connect(mallory, SessionLeg.Publish, VideoOut);
        var stream = new TestStream(mallory, "0", 6666);
        stream.SendVp8Frame(Node.Clock.Now, keyFrame: true);
        Node.Run(FrameTime);
        ulong index = 0;
        byte sequence = 0;
        CallGoesOn(() =>
        {
            // Authentic, and wrong in every way there is.
            Rtcp([0x81, 201, 0, 7, 0, 0, 0, 1]);
            Rtcp([0xA0, 203, 0, 1, 0, 0, 0, 200]);
            Rtcp([0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 8, 0xAE]);
            Rtcp([0x8F, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0xFF, 0xFF, 0, 0, 0, 1]);
            mallory.SendPli(2222);
            mallory.SendPli(_bob.AnsweredSsrc(0));
            mallory.SendNack(_bob.AnsweredSsrc(0), 1, 2, 3);
            mallory.SendFir(2222, sequence++);
            stream.Send(TestOffer.Vp8Type, [0x80], marker: true);
            stream.Send(13, new byte[20], marker: true);
            mallory.Transport.SendRtp([0x80, TestOffer.Vp8Type + 1, 0, (byte)index, 0, 0, 0, 0, 0, 0, 0, 9, 0xAA], [0], index);
            for (uint ssrc = 0; ssrc < 20; ssrc++)
            {
                mallory.Transport.SendRtp([0x80, 77, 0, (byte)index, 0, 0, 0, 0, 1, 0, (byte)index, (byte)ssrc], new byte[20], index);
            }

            index++;

            // Not authentic.
            mallory.Transport.SendRaw(Rtp(2222));
            mallory.Transport.SendRaw([0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 8, 0xAE, 0xBE, 0xDE, 0xFF, 0xFF, .. new byte[30]]);
            mallory.Transport.SendRaw([0x80, 96, 0, 1]);
            mallory.Transport.SendRaw([0x80, 200, 0, 1, 0, 0, 0, 1]);
            mallory.Transport.SendRaw([0x80, 200, 0, 6, .. new byte[40]]);
            mallory.Transport.SendRaw([22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 1]);
            SendNoise(d => mallory.Transport.SendRaw(d), 30);
        });

        AssertCounted(
            DropReason.RtcpMalformed, DropReason.CodecMalformed, DropReason.RtpUnknownPayloadType, DropReason.RtpMalformed,
            DropReason.SrtpAuthFailed, DropReason.SrtpTooShort);
        Assert.Empty(_alice.Plis);
        Assert.Equal(SessionState.Connected, StateOf("mallory"));

        void Rtcp(byte[] compound) => mallory.Transport.SendRtcp(compound);
    }

    [Fact]
    public void Recorded_packets_sent_again_and_forged_ones_from_a_participants_address_are_refused()
    {
        var recorded = new List<byte[]>();
        Node.Network.Filter = (from, _, bytes) =>
        {
            if (from == _alice.Transport.Port.Address && PacketClassifier.Classify(bytes.Span) == PacketKind.Rtp && recorded.Count < 10)
            {
                recorded.Add(bytes.ToArray());
            }

            return true;
        };
        CallGoesOn(() =>
        {
            foreach (var packet in recorded.ToArray())
            {
                Spoof(packet);
                var forged = packet.ToArray();
                forged[^3] ^= 1;
                forged[3] += 100;
                Spoof(forged);
            }

            SendNoise(d => Spoof(d), 20);
        });
        AssertCounted(DropReason.SrtpReplayed, DropReason.SrtpAuthFailed);
    }

    [Fact]
    public void An_address_that_another_session_claimed_goes_back_to_its_owner_with_the_next_check()
    {
        var mallory = Node.Peer("mallory");
        Connect(mallory, SessionLeg.Publish, VideoOut);
        SendFrames(_video, null, 30);
        var transport = mallory.Answer.TaggedSection!.Transport;
        Spoof(Check($"{transport.IceUfrag}:xxxx", transport.IcePwd!));
        Node.Run(TimeSpan.FromSeconds(1.1));
        var from = _video.Sequence;
        SendFrames(_video, null, 10);
        Assert.Equal(
            _video.SentSequences.Where(s => s >= from),
            _bob.PacketsOf(_bob.AnsweredSsrc(0)).Select(p => TestStream.MarkOf(p.Payload)).Where(s => s >= from));
    }

    [Fact]
    public void A_publisher_that_changes_its_ssrc_with_every_packet_is_held_to_two_a_second()
    {
        var mallory = Node.Peer("mallory");
        Connect(mallory, SessionLeg.Publish, VideoOut);
        uint ssrc = 5000;
        CallGoesOn(() =>
        {
            for (var i = 0; i < 50; i++)
            {
                new TestStream(mallory, "0", ssrc++) { Sequence = 1000 }.SendVp8Frame(Node.Clock.Now, keyFrame: true, packets: 1);
            }
        });
        Assert.InRange(Node.Loop.Drops[DropReason.RtpTooManySsrcs], 1490, 1500);
    }

    /// <summary>A second of the call, with something nasty before each of its frames; all of it must arrive.</summary>
    private void CallGoesOn(Action nasty)
    {
        SendFrames(_video, null, 5);
        var before = _video.Sequence;
        for (var i = 0; i < 30; i++)
        {
            nasty();
            SendFrames(_video, null, 1, keyFrames: false);
        }

        var got = _bob.PacketsOf(_bob.AnsweredSsrc(0)).Where(p => TestStream.MarkOf(p.Payload) is var mark && mark >= before).ToList();
        Assert.Equal(_video.SentSequences.Where(s => s >= before), got.Select(p => TestStream.MarkOf(p.Payload)));
        AssertContinuous(got);
        Assert.Equal((SessionState.Connected, SessionState.Connected), (StateOf("alice"), StateOf("bob")));
    }

    private void AssertCounted(params DropReason[] reasons) =>
        Assert.All(reasons, r => Assert.True(Node.Loop.Drops[r] > 0, $"no {r}"));

    private void SendNoise(Send send, int datagrams)
    {
        Span<byte> noise = stackalloc byte[1400];
        for (var i = 0; i < datagrams; i++)
        {
            var length = _random.Next(1, i % 5 == 0 ? 1400 : 60);
            _random.NextBytes(noise[..length]);
            noise[0] = (byte)((i % 4) switch { 0 => _random.Next(0, 2), 1 => _random.Next(20, 26), 2 => 0x80 | _random.Next(0, 64), _ => noise[0] });
            send(noise[..length]);
        }
    }

    private void Spoof(ReadOnlySpan<byte> datagram) => _alice.Transport.Port.Send(Node.Port.Address, datagram);

    private delegate void Send(ReadOnlySpan<byte> datagram);


    private static byte[] Rtp(uint ssrc) =>
        [0x80, 96, 0, 1, 0, 0, 0, 0, (byte)(ssrc >> 24), (byte)(ssrc >> 16), (byte)(ssrc >> 8), (byte)ssrc, .. new byte[60]];

    private static byte[] Check(string username, string password)
    {
        Span<byte> message = stackalloc byte[256];
        var writer = new StunWriter(message, StunClass.Request, "abcdefghijkl"u8);
        writer.AddUsername(Encoding.ASCII.GetBytes(username));
        writer.AddIceControlling(1);
        writer.AddPriority(100);
        writer.AddIntegrity(Encoding.ASCII.GetBytes(password));
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }
}
