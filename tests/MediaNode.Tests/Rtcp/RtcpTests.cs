using System.Text;
using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.MediaNode.Tests.Rtcp;

public sealed class RtcpTests
{
    private static readonly ReportBlock Block = new(0x1111, 25, -3, 0x0001_0005, 77, 0x1234_5678, 0x9ABC);

    [Fact]
    public void A_compound_of_everything_is_read_back_as_written()
    {
        var buffer = new byte[500];
        var writer = new RtcpWriter(buffer);
        var report = new SenderReport(7, 0x0123_4567_89AB_CDEF, 90_000, 10, 1000);
        Assert.True(writer.SenderReport(report, [Block, Block with { Ssrc = 2 }]));
        Assert.True(writer.ReceiverReport(8, [Block]));
        Assert.True(writer.CanonicalName(7, "alice@nexus"u8));
        Assert.True(writer.Pli(7, 99));
        Assert.True(writer.Fir(7, new(98, 200)));
        Assert.True(writer.Nack(7, 99, [65_535, 0, 3, 40]));
        Assert.True(writer.ReceiverReferenceTime(7, 42));
        Assert.True(writer.Delays(7, [new(1, 2, 3), new(4, 5, 6)]));
        Assert.True(writer.Bye([7, 99]));

        Assert.Equal(DropReason.None, RtcpReader.Validate(writer.Written));
        var reader = new RtcpReader(writer.Written);
        Assert.True(reader.MoveNext(out var packet));
        Assert.True(SenderReport.TryRead(packet, out var readReport));
        Assert.Equal(report, readReport);
        Assert.Equal(2, SenderReport.Blocks(packet).Count);
        Assert.Equal(Block with { Ssrc = 2 }, SenderReport.Blocks(packet)[1]);

        Assert.True(reader.MoveNext(out packet));
        Assert.False(SenderReport.TryRead(packet, out _));
        Assert.Equal(Block, SenderReport.Blocks(packet)[0]);

        Assert.True(reader.MoveNext(out packet));
        var descriptions = new SourceDescriptionReader(packet);
        Assert.True(descriptions.MoveNext(out var ssrc, out var cname));
        Assert.Equal((7u, "alice@nexus"), (ssrc, Encoding.UTF8.GetString(cname)));
        Assert.False(descriptions.MoveNext(out _, out _));

        Assert.True(reader.MoveNext(out packet));
        Assert.True(Pli.TryRead(packet, out var feedback));
        Assert.Equal(new FeedbackHeader(7, 99), feedback);

        Assert.True(reader.MoveNext(out packet));
        Assert.True(FirReader.TryRead(packet, out var fir));
        Assert.Equal((1, new FullIntraRequest(98, 200)), (fir.Count, fir[0]));

        Assert.True(reader.MoveNext(out packet));
        Assert.Equal([65_535, 0, 3, 40], Missing(packet));

        Assert.True(reader.MoveNext(out packet));
        Assert.True(ExtendedReportReader.TryRead(packet, out var extended));
        Assert.True(extended.MoveNext());
        Assert.True(extended.TryGetReferenceTime(out var ntp));
        Assert.Equal(42UL, ntp);

        Assert.True(reader.MoveNext(out packet));
        Assert.True(ExtendedReportReader.TryRead(packet, out extended));
        Assert.True(extended.MoveNext());
        Assert.Equal(2, extended.DelayCount);
        Assert.Equal(new DelaySinceLastReceiverReport(4, 5, 6), extended.Delay(1));
        Assert.False(extended.MoveNext());

        Assert.True(reader.MoveNext(out packet));
        Assert.True(Bye.TryRead(packet, out var bye));
        Assert.Equal((2, 99u), (bye.Count, bye[1]));
        Assert.False(reader.MoveNext(out _));
    }

    [Fact]
    public void Unknown_types_and_application_packets_are_walked_over()
    {
        var datagram = Convert.FromHexString("80CC000200000001" + "4E455855" + "80D20000" + "81CE000200000001" + "00000002");
        Assert.Equal(DropReason.None, RtcpReader.Validate(datagram));
        var reader = new RtcpReader(datagram);
        Assert.True(reader.MoveNext(out var packet));
        Assert.Equal(RtcpType.Application, packet.Type);
        Assert.True(reader.MoveNext(out _));
        Assert.True(reader.MoveNext(out packet));
        Assert.True(Pli.TryRead(packet, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("80C900")] // no whole head
    [InlineData("80C90002" + "00000001")] // longer than the datagram
    [InlineData("40C90001" + "00000001")] // version 1
    [InlineData("A0C90001" + "00000000")] // padding of zero
    [InlineData("A0C90001" + "00000008")] // padding longer than the packet
    [InlineData("80C90001" + "00000001" + "00")] // crumbs behind
    public void A_malformed_datagram_is_dropped_whole(string hex) =>
        Assert.Equal(DropReason.RtcpMalformed, RtcpReader.Validate(Convert.FromHexString(hex)));

    [Fact]
    public void Counts_that_promise_more_than_there_is_read_as_nothing()
    {
        var reader = new RtcpReader(Convert.FromHexString("81C90001" + "00000001" + "9FCB0001" + "00000001" + "9FC80001" + "00000001"));
        Assert.True(reader.MoveNext(out var packet));
        Assert.Equal(0, SenderReport.Blocks(packet).Count);
        Assert.True(reader.MoveNext(out packet));
        Assert.False(Bye.TryRead(packet, out _));
        Assert.True(reader.MoveNext(out packet));
        Assert.False(SenderReport.TryRead(packet, out _));
        Assert.Equal(0, SenderReport.Blocks(packet).Count);
    }

    [Theory]
    [InlineData("8FCE0005" + "00000001" + "00000000" + "52454D42" + "010BF5C8" + "00000002", 259_528ul * 4)] // exponent 2
    [InlineData("8FCE0005" + "00000001" + "00000000" + "52454D42" + "01FFFFFF" + "00000002", 0ul)] // overflows 64 bits
    [InlineData("8FCE0005" + "00000001" + "00000000" + "41424344" + "010BF5C8" + "00000002", 0ul)] // other application feedback
    public void A_bitrate_estimate_is_mantissa_and_exponent(string hex, ulong expected)
    {
        var reader = new RtcpReader(Convert.FromHexString(hex));
        Assert.True(reader.MoveNext(out var packet));
        Assert.Equal(expected != 0, Remb.TryRead(packet, out var remb));
        Assert.Equal(expected, remb.BitsPerSecond);
    }

    [Theory]
    [InlineData("10", "000A0000")]
    [InlineData("10 11 26", "000A8001")]
    [InlineData("10 27", "000A0000001B0000")]
    [InlineData("65535 15", "FFFF8000")]
    [InlineData("65535 0 15 16 17", "FFFF8001" + "00100001")]
    public void Lost_packets_are_packed_into_as_few_items_as_possible(string list, string items)
    {
        var missing = list.Split(' ').Select(ushort.Parse).ToArray();
        var writer = new RtcpWriter(new byte[100]);
        Assert.True(writer.Nack(1, 2, missing));
        Assert.Equal(items, Convert.ToHexString(writer.Written[12..]));
        var reader = new RtcpReader(writer.Written);
        Assert.True(reader.MoveNext(out var packet));
        Assert.Equal(missing, Missing(packet));
    }

    [Fact]
    public void A_packet_without_room_is_not_begun()
    {
        var writer = new RtcpWriter(new byte[20]);
        Assert.True(writer.Pli(1, 2));
        Assert.False(writer.Pli(1, 2));
        Assert.False(writer.Nack(1, 2, [1]));
        Assert.Equal(12, writer.Length);
        Assert.True(writer.ReceiverReport(1));
        Assert.Equal(20, writer.Length);
    }

    [Fact]
    public void Names_of_every_length_end_on_a_word_with_at_least_one_zero()
    {
        for (var length = 0; length < 256; length++)
        {
            var name = Enumerable.Repeat((byte)'x', length).ToArray();
            var writer = new RtcpWriter(new byte[300]);
            Assert.True(writer.CanonicalName(9, name));
            Assert.Equal(0, writer.Written[^1]);
            Assert.Equal(DropReason.None, RtcpReader.Validate(writer.Written));
            var reader = new RtcpReader(writer.Written);
            reader.MoveNext(out var packet);
            Assert.True(new SourceDescriptionReader(packet).MoveNext(out _, out var cname));
            Assert.Equal(name, cname.ToArray());
        }
    }

    [Fact]
    public void Ntp_time_counts_from_1900_and_back()
    {
        var clock = new NtpClock(1_700_000_000_000_000_000);
        Assert.Equal((1_700_000_000UL + 2_208_988_800) << 32, clock.ToNtp(Instant.Zero));
        Assert.Equal(1UL << 31, clock.ToNtp(Instant.Zero.AddMilliseconds(500)) & uint.MaxValue);
        foreach (var nanoseconds in (long[])[0, 1, 999_999_999, 1_000_000_001, 123_456_789_012])
        {
            Assert.InRange(clock.ToInstant(clock.ToNtp(new(nanoseconds))).Nanoseconds - nanoseconds, -1, 1);
        }
    }

    [Fact]
    public void Round_trip_time_is_what_is_left_after_the_receivers_delay()
    {
        var clock = new NtpClock(1_700_000_000_123_456_789);
        var sent = Instant.Zero.AddMilliseconds(1000);
        var lsr = clock.ToCompact(sent);
        var delay = NtpClock.ToCompact(TimeSpan.FromMilliseconds(300));
        var rtt = clock.RoundTripTime(sent.AddMilliseconds(380), lsr, delay);
        Assert.InRange(rtt!.Value.TotalMilliseconds, 79.9, 80.1);
        Assert.Null(clock.RoundTripTime(sent, 0, 0));
        Assert.Null(clock.RoundTripTime(sent, lsr, delay));
        Assert.True(clock.RoundTripTime(sent.AddMilliseconds(300), lsr, delay) > TimeSpan.Zero);
    }

    private static ushort[] Missing(RtcpPacket packet)
    {
        Assert.True(NackReader.TryRead(packet, out _, out var nack));
        var missing = new List<ushort>();
        while (nack.MoveNext())
        {
            missing.Add(nack.Current);
        }

        return [.. missing];
    }
}
