using Nexus.MediaNode.Protocol.Rtp;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Rtp;

public sealed class RtpHeaderWriterTests
{
    private static readonly HeaderExtensionMap Publisher = new(
        true,
        (1, HeaderExtensionKind.AudioLevel),
        (3, HeaderExtensionKind.TransportSequence),
        (4, HeaderExtensionKind.Mid),
        (13, HeaderExtensionKind.VideoOrientation),
        (9, HeaderExtensionKind.AbsCaptureTime));

    [Fact]
    public void Ids_are_rewritten_and_what_was_not_negotiated_is_stripped()
    {
        var source = RtpPackets.Build(
            10,
            map: Publisher,
            extensions: [(HeaderExtensionKind.AudioLevel, [0x85]), (HeaderExtensionKind.TransportSequence, [0, 1]), (HeaderExtensionKind.Mid, "0"u8.ToArray()), (HeaderExtensionKind.VideoOrientation, [1])]);
        var index = HeaderExtensionIndex.Of(source, RtpPackets.Parse(source), Publisher);
        var subscriber = new HeaderExtensionMap(
            false, (5, HeaderExtensionKind.TransportSequence), (7, HeaderExtensionKind.Mid), (2, HeaderExtensionKind.VideoOrientation));

        var buffer = new byte[200];
        var writer = new RtpHeaderWriter(buffer, subscriber, true, 102, 4000, 123, 99);
        Assert.True(writer.Add(HeaderExtensionKind.Mid, "v1"u8));
        Assert.True(writer.AddTransportSequence());
        Assert.False(writer.AddAbsSendTime());
        writer.CopyFrom(source, index, HeaderExtensionKinds.EndToEnd);
        var length = writer.Complete();
        buffer[writer.TransportSequenceOffset + 1] = 77;

        Assert.Equal(DropReason.None, RtpPacketView.TryParse(buffer.AsSpan(0, length), out var view));
        Assert.Equal((true, 102, 4000, 123u, 99u), (view.Marker, view.PayloadType, view.SequenceNumber, view.Timestamp, view.Ssrc));
        var result = HeaderExtensionIndex.Of(view.Packet, view.Header, subscriber);
        Assert.Equal("v1"u8.ToArray(), result.Get(HeaderExtensionKind.Mid, view.Packet).ToArray());
        Assert.Equal([0, 77], result.Get(HeaderExtensionKind.TransportSequence, view.Packet).ToArray());
        Assert.Equal([1], result.Get(HeaderExtensionKind.VideoOrientation, view.Packet).ToArray());
        Assert.Equal(
            HeaderExtensionKinds.Of(HeaderExtensionKind.Mid, HeaderExtensionKind.TransportSequence, HeaderExtensionKind.VideoOrientation),
            result.Kinds);
    }

    [Fact]
    public void An_id_above_14_makes_two_byte_headers()
    {
        var map = new HeaderExtensionMap(true, (20, HeaderExtensionKind.Mid));
        var packet = RtpPackets.Build(1, map: map, extensions: (HeaderExtensionKind.Mid, "a"u8.ToArray()));
        Assert.Equal(HeaderExtensionEnumerator.TwoByteProfile, RtpPackets.Parse(packet).ExtensionProfile);
        Assert.Equal("1401610000000000"[..8], Convert.ToHexString(packet.AsSpan(16, 4)));
    }

    [Fact]
    public void A_long_element_widens_what_was_written_before_it()
    {
        var map = new HeaderExtensionMap(
            true, (1, HeaderExtensionKind.Mid), (2, HeaderExtensionKind.TransportSequence), (3, HeaderExtensionKind.DependencyDescriptor));
        var descriptor = Enumerable.Range(1, 40).Select(i => (byte)i).ToArray();
        var buffer = new byte[200];
        var writer = new RtpHeaderWriter(buffer, map, false, 96, 1, 2, 3);
        writer.Add(HeaderExtensionKind.Mid, "12"u8);
        writer.AddTransportSequence(0x1234);
        Assert.True(writer.Add(HeaderExtensionKind.DependencyDescriptor, descriptor));
        var length = writer.Complete();

        Assert.Equal(0x12, buffer[writer.TransportSequenceOffset]);
        Assert.Equal(DropReason.None, RtpPacketView.TryParse(buffer.AsSpan(0, length), out var view));
        var index = HeaderExtensionIndex.Of(view.Packet, view.Header, map);
        Assert.Equal("12"u8.ToArray(), index.Get(HeaderExtensionKind.Mid, view.Packet).ToArray());
        Assert.Equal([0x12, 0x34], index.Get(HeaderExtensionKind.TransportSequence, view.Packet).ToArray());
        Assert.Equal(descriptor, index.Get(HeaderExtensionKind.DependencyDescriptor, view.Packet).ToArray());
    }

    [Fact]
    public void A_long_element_is_left_out_for_a_receiver_that_takes_one_form_only()
    {
        var map = new HeaderExtensionMap(false, (3, HeaderExtensionKind.DependencyDescriptor));
        var buffer = new byte[200];
        var writer = new RtpHeaderWriter(buffer, map, false, 96, 1, 2, 3);
        Assert.False(writer.Add(HeaderExtensionKind.DependencyDescriptor, new byte[17]));
        Assert.Equal(RtpHeader.FixedLength, writer.Complete());
        Assert.Equal(0x80, buffer[0]);
    }

    [Fact]
    public void Any_set_of_elements_survives_writing_and_reading_in_any_room()
    {
        var random = new Random(7);
        for (var round = 0; round < 3000; round++)
        {
            var map = new HeaderExtensionMap { AllowMixed = random.Next(2) == 0 };
            var buffer = new byte[random.Next(12, 120)];
            for (var kind = HeaderExtensionKind.Mid; kind <= HeaderExtensionKind.TransmissionOffset; kind++)
            {
                map.TryAdd(random.Next(random.Next(2) == 0 ? 15 : 40), kind);
            }

            var writer = new RtpHeaderWriter(buffer, map, false, 96, 1, 2, 3);
            var expected = new Dictionary<HeaderExtensionKind, byte[]>();
            for (var kind = HeaderExtensionKind.Mid; kind <= HeaderExtensionKind.TransmissionOffset; kind++)
            {
                var data = new byte[random.Next(random.Next(8) == 0 ? 30 : 4)];
                random.NextBytes(data);
                if (writer.Add(kind, data))
                {
                    expected.Add(kind, data);
                }
            }

            var length = writer.Complete();
            Assert.Equal(DropReason.None, RtpPacketView.TryParse(buffer.AsSpan(0, length), out var view));
            Assert.Equal(0, view.Payload.Length);
            var index = HeaderExtensionIndex.Of(view.Packet, view.Header, map);
            Assert.Equal(expected.Keys.Aggregate(default(HeaderExtensionKinds), (all, k) => all.With(k)), index.Kinds);
            foreach (var (kind, data) in expected)
            {
                Assert.Equal(data, index.Get(kind, view.Packet).ToArray());
            }
        }
    }

    [Fact]
    public void A_map_refuses_ids_that_mean_two_things()
    {
        var map = new HeaderExtensionMap();
        Assert.True(map.TryAdd(3, HeaderExtensionKind.Mid));
        Assert.True(map.TryAdd(3, HeaderExtensionKind.Mid));
        Assert.False(map.TryAdd(3, HeaderExtensionKind.Rid));
        Assert.False(map.TryAdd(4, HeaderExtensionKind.Mid));
        Assert.All([0, 15, 256, -1], id => Assert.False(map.TryAdd(id, HeaderExtensionKind.AudioLevel)));
    }

    [Fact]
    public void Every_kind_has_a_uri_that_leads_back_to_it()
    {
        foreach (var kind in Enum.GetValues<HeaderExtensionKind>().Skip(1))
        {
            Assert.True(HeaderExtensionUris.TryParse(HeaderExtensionUris.Of(kind), out var back));
            Assert.Equal(kind, back);
        }

        Assert.All(HeaderExtensionUris.Supported, uri => Assert.True(HeaderExtensionUris.TryParse(uri, out _)));
        Assert.False(HeaderExtensionUris.TryParse("urn:x", out _));
        Assert.False(HeaderExtensionUris.TryParse("", out _));
    }

    [Fact]
    public void Indexing_and_writing_allocate_nothing()
    {
        var source = RtpPackets.Build(10, map: Publisher, extensions: [(HeaderExtensionKind.AudioLevel, [0x85]), (HeaderExtensionKind.VideoOrientation, [1])]);
        var buffer = new byte[200];
        Assert.Equal(0, Allocations.Least(_ =>
        {
            for (var i = 0; i < 1000; i++)
            {
                Forward(source, buffer);
            }
        }));

        static void Forward(byte[] source, byte[] buffer)
        {
            _ = RtpPacketView.TryParse(source, out var view);
            var index = HeaderExtensionIndex.Of(source, view.Header, Publisher);
            var writer = new RtpHeaderWriter(buffer, Publisher, true, 102, 4000, 123, 99);
            writer.AddTransportSequence();
            writer.CopyFrom(source, index, HeaderExtensionKinds.EndToEnd);
            _ = writer.Complete();
        }
    }
}
