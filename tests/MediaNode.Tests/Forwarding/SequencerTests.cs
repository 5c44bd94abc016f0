using System.Runtime.InteropServices;
using Nexus.MediaNode.Forwarding;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Tests.Rtp;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Forwarding;

public sealed class SequencerTests
{
    private static readonly TimeSpan Rtt = TimeSpan.FromMilliseconds(50);

    private readonly Sequencer _sequencer = new(16, 16);
    private Instant _now = Instant.Zero.AddMilliseconds(5_000_000_000);

    [Fact]
    public void A_sent_packet_is_found_with_all_that_was_rewritten()
    {
        var packet = new SentPacket(65_537, 0x1_0000_0003, Patch);
        _sequencer.Add(_now, packet);
        _sequencer.Add(_now, packet with { EgressSequence = 65_538, SourceSequence = 0x1_0000_0004 });
        Assert.Equal(DropReason.None, _sequencer.TryRepeat(_now, 1, Rtt, out var found));
        Assert.Equal(packet, found);
    }

    [Fact]
    public void Numbers_never_sent_or_pushed_out_are_not_held()
    {
        Assert.Equal(DropReason.NackNotHeld, Repeat(0));
        for (long i = 65_530; i < 65_560; i += 2)
        {
            Add(i);
        }

        Assert.Equal(DropReason.NackNotHeld, Repeat(65_535));
        Assert.Equal(DropReason.NackNotHeld, Repeat(65_530)); // 16 numbers ago and more
        Assert.Equal(DropReason.None, Repeat(unchecked((ushort)65_544)));
        Assert.Equal(DropReason.NackNotHeld, Repeat(100)); // ahead
    }

    [Fact]
    public void The_very_first_packet_can_be_repeated_and_none_before_it()
    {
        Add(0);
        Assert.Equal(DropReason.None, Repeat(0));
        Assert.Equal(DropReason.NackNotHeld, Repeat(65_535));
        Assert.Equal(DropReason.NackNotHeld, Repeat(16));
    }

    [Fact]
    public void A_packet_is_repeated_once_per_round_trip_and_three_times_in_all()
    {
        Add(10);
        for (var i = 0; i < Sequencer.MaxRepeats; i++)
        {
            Assert.Equal(DropReason.None, Repeat(10));
            _now = _now.AddMilliseconds(49);
            Assert.Equal(DropReason.NackRepeated, Repeat(10));
            _now = _now.AddMilliseconds(1);
        }

        Assert.Equal(DropReason.NackRepeated, Repeat(10));
    }

    [Fact]
    public void A_late_packet_beyond_the_ring_replaces_nothing()
    {
        Add(100);
        Add(84);
        Assert.Equal(DropReason.NackNotHeld, Repeat(84));
        Assert.Equal(DropReason.None, Repeat(100));
        Add(85);
        Assert.Equal(DropReason.None, Repeat(85));
    }

    [Fact]
    public void It_grows_until_it_reaches_back_a_second_and_no_further_than_its_bound()
    {
        var video = new Sequencer(64, 512);
        var audio = new Sequencer(64, 512);
        for (long i = 0; i < 2000; i++, _now = _now.AddMilliseconds(5))
        {
            video.Add(_now, new(i, 100 + i, Patch));
            if (i % 4 == 0)
            {
                audio.Add(_now, new(i / 4, i / 4, Patch));
            }
        }

        Assert.Equal((256, 64), (video.Capacity, audio.Capacity));
        Assert.Equal(DropReason.None, video.TryRepeat(_now, 1800, Rtt, out var packet));
        Assert.Equal(1900, packet.SourceSequence);
        Assert.Equal(DropReason.None, audio.TryRepeat(_now, 450, Rtt, out _));
        for (long i = 2000; i < 10_000; i++)
        {
            video.Add(_now, new(i, 100 + i, Patch));
        }

        Assert.Equal(512, video.Capacity);
        Assert.Equal(DropReason.None, video.TryRepeat(_now, 10_000 - 512, Rtt, out _));
        Assert.Equal(DropReason.NackNotHeld, video.TryRepeat(_now, 10_000 - 513, Rtt, out _));
    }

    [Fact]
    public void What_it_holds_survives_its_growth()
    {
        var sequencer = new Sequencer(2, 2048);
        for (long i = 1; i < 4000; i += 3)
        {
            sequencer.Add(_now, new(i, i + 7, Patch));
        }

        for (long i = 3998; i > 2050; i--)
        {
            var found = sequencer.TryRepeat(_now, (ushort)i, Rtt, out var packet);
            Assert.Equal(i % 3 == 1 ? DropReason.None : DropReason.NackNotHeld, found);
            Assert.Equal(i % 3 == 1 ? i + 7 : 0, packet.SourceSequence);
        }
    }

    [Fact]
    public void A_repeat_is_undone_to_the_packet_it_repeats()
    {
        var rtx = new RtxSender(55, 65_535);
        var map = new HeaderExtensionMap(false, (1, HeaderExtensionKind.Mid), (2, HeaderExtensionKind.TransportSequence));
        var buffer = new byte[100];
        Assert.Equal(65_535, rtx.Next(5));
        var sequence = rtx.Next(5);
        Assert.Equal(65_536, sequence);
        var writer = new RtpHeaderWriter(buffer, map, true, 97, (ushort)sequence, 3000, rtx.Ssrc);
        writer.Add(HeaderExtensionKind.Mid, "0"u8);
        var start = RtxSender.Complete(ref writer, buffer, 70_000);
        "abc"u8.CopyTo(buffer.AsSpan(start));
        var packet = buffer.AsSpan(0, start + 3);

        Assert.Equal(DropReason.None, Rtx.TryDecapsulate(packet, RtpPackets.Parse(packet), 96, 44, out var header));
        var restored = new RtpPacketView(packet[Rtx.OverheadLength..], header);
        Assert.Equal(header, RtpPackets.Parse(restored.Packet));
        Assert.Equal(
            (true, (byte)96, (ushort)(70_000 & 0xFFFF), 3000u, 44u),
            (restored.Marker, restored.PayloadType, restored.SequenceNumber, restored.Timestamp, restored.Ssrc));
        Assert.Equal("abc"u8.ToArray(), restored.Payload.ToArray());
        Assert.Equal((2, 10), (rtx.PacketsSent, rtx.OctetsSent));
    }

    [Fact]
    public void Remembering_and_repeating_allocate_nothing()
    {
        Assert.Equal(0, Allocations.Least(i => Round(i * 1000)));

        void Round(long from)
        {
            for (var i = from; i < from + 1000; i++)
            {
                Add(i);
                _sequencer.TryRepeat(_now, (ushort)i, Rtt, out _);
            }
        }
    }

    /// <summary>Every octet counts.</summary>
    private static PacketPatch Patch => MemoryMarshal.Read<PacketPatch>("0123456789abcdef"u8);

    private void Add(long egress) => _sequencer.Add(_now, new(egress, 70_000 + egress, default));

    private DropReason Repeat(ushort sequence) => _sequencer.TryRepeat(_now, sequence, Rtt, out _);
}
