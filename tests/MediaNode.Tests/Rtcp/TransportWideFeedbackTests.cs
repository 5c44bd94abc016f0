using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.MediaNode.Tests.Rtcp;

public sealed class TransportWideFeedbackTests
{
    [Fact]
    public void A_packet_captured_from_a_browser_is_read()
    {
        // Chrome; 153 received 37 ms after the reference time.
        var (header, packets) = Read(Convert.FromHexString("AFCD0005FA17FA1743032FA0009900013DE8021720019401"));
        Assert.Equal(new TransportWideHeader(153, 1, 4_057_090, 23), header);
        Assert.Equal([(153, (short?)148)], packets);
    }

    [Theory]
    [InlineData("0000000", 2)] // a run to the end
    [InlineData("1", 2)]
    [InlineData("10", 2)]
    [InlineData("11111111111111", 2)]
    [InlineData("10111111111111", 2)] // fourteen one-bit symbols
    [InlineData("101111111111111", 4)]
    [InlineData("1012111", 2)] // seven two-bit symbols
    [InlineData("000000000000000000000000000000", 2)]
    [InlineData("22222222222222222222222222222222", 2)]
    [InlineData("11111112222222", 4)]
    [InlineData("0120120120120120120120", 8)]
    public void Symbols_take_the_shortest_chunks(string text, int chunkLength)
    {
        var symbols = text.Select(c => (byte)(c - '0')).ToArray();
        var deltas = symbols.Where(s => s != 0).Select((s, i) => (short)(s == 1 ? i : -i)).ToArray();
        var length = TransportWideWriter.HeadLength + chunkLength + symbols.Sum(s => s);
        Assert.Equal((length + 3) & ~3, Write(symbols, deltas).Length);
        RoundTrip(symbols, deltas);
    }

    [Fact]
    public void Any_symbols_survive_a_round_trip()
    {
        var random = new Random(3);
        for (var round = 0; round < 500; round++)
        {
            var symbols = new List<byte>();
            while (symbols.Count < random.Next(1, 600))
            {
                symbols.AddRange(Enumerable.Repeat((byte)random.Next(3), random.Next(1, random.Next(3) == 0 ? 40 : 4)));
            }

            var deltas = symbols.Where(s => s != 0)
                .Select(s => s == 1 ? (short)random.Next(256) : (short)random.Next(short.MinValue, short.MaxValue + 1)).ToArray();
            RoundTrip([.. symbols], deltas);
        }
    }

    [Fact]
    public void A_full_run_of_8191_fits_one_chunk()
    {
        RoundTrip(new byte[TransportWideWriter.MaxStatusCount], []);
        Assert.Empty(Write(new byte[TransportWideWriter.MaxStatusCount + 1], []));
    }

    [Fact]
    public void Without_room_nothing_is_written()
    {
        byte[] symbols = [1, 2, 0, 1];
        short[] deltas = [1, 2, 3];
        for (var room = 0; room < 28; room++)
        {
            Assert.Equal(0, TransportWideWriter.Write(new byte[room], default, 0, 0, 0, symbols, deltas));
        }

        Assert.Equal(28, TransportWideWriter.Write(new byte[28], default, 0, 0, 0, symbols, deltas));
    }

    [Theory]
    [InlineData("8FCD0004" + "0000000100000002" + "0000000000000000")] // reports on nothing
    [InlineData("8FCD0005" + "0000000100000002" + "000000FF00000000" + "20010000")] // chunks end early
    [InlineData("8FCD0005" + "0000000100000002" + "0000000800000000" + "20080000")] // deltas missing
    [InlineData("8FCD0005" + "0000000100000002" + "0000000100000000" + "60010000")] // reserved symbol
    [InlineData("8FCD0003" + "0000000100000002" + "00000001")] // head cut off
    public void A_packet_that_does_not_add_up_is_refused(string hex)
    {
        var reader = new RtcpReader(Convert.FromHexString(hex));
        Assert.True(reader.MoveNext(out var packet));
        Assert.False(TransportWideReader.TryRead(packet, out _, out _));
    }

    private static void RoundTrip(byte[] symbols, short[] deltas)
    {
        var (header, packets) = Read(Write(symbols, deltas));
        Assert.Equal(new TransportWideHeader(65_530, (ushort)symbols.Length, -5, 250), header);
        var next = 0;
        var expected = symbols.Select((s, i) => ((int)(ushort)(65_530 + i), s == 0 ? null : (short?)deltas[next++]));
        Assert.Equal(expected, packets);
    }

    private static byte[] Write(byte[] symbols, short[] deltas)
    {
        var buffer = new byte[20_000];
        var length = TransportWideWriter.Write(buffer, new(1, 2), -5, 250, 65_530, symbols, deltas);
        return buffer[..length];
    }

    private static (TransportWideHeader Header, List<(int Sequence, short? Delta)> Packets) Read(byte[] datagram)
    {
        Assert.Equal(DropReason.None, RtcpReader.Validate(datagram));
        var packets = new RtcpReader(datagram);
        Assert.True(packets.MoveNext(out var packet));
        Assert.True(TransportWideReader.TryRead(packet, out _, out var reader));
        var list = new List<(int, short?)>();
        while (reader.MoveNext())
        {
            list.Add((reader.Sequence, reader.Received ? reader.Delta : null));
        }

        return (reader.Header, list);
    }
}
