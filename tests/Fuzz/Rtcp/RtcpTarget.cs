using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.Fuzz.Rtcp;

/// <summary>Walks a datagram and reads every packet as everything that it can be read as.</summary>
public sealed class RtcpTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds
    {
        get
        {
            var buffer = new byte[400];
            var writer = new RtcpWriter(buffer);
            writer.SenderReport(new(1, 2, 3, 4, 5), [default]);
            writer.CanonicalName(1, "name"u8);
            writer.Bye([1, 2]);
            yield return writer.Written.ToArray();

            writer = new(buffer);
            writer.ReceiverReport(1, [default]);
            writer.Nack(1, 2, [1, 3, 100]);
            writer.Pli(1, 2);
            writer.Fir(1, new(2, 3));
            writer.ReceiverReferenceTime(1, 2);
            writer.Delays(1, [new(1, 2, 3)]);
            yield return writer.Written.ToArray();

            yield return Convert.FromHexString("8FCE0005000000010000000052454D42010BF5C800000002");
            yield return Convert.FromHexString("AFCD0005FA17FA1743032FA0009900013DE8021720019401");
            var length = TransportWideWriter.Write(buffer, new(1, 2), 7, 8, 9, [1, 0, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [1, -5, 3, 4, 5]);
            yield return buffer[..length];
        }
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        _ = RtcpReader.Validate(input);
        var reader = new RtcpReader(input);
        while (reader.MoveNext(out var packet))
        {
            ReadReports(packet);
            ReadFeedback(packet);
            ReadTransportWide(packet);
        }
    }

    private static void ReadReports(RtcpPacket packet)
    {
        _ = SenderReport.TryRead(packet, out _);
        var blocks = SenderReport.Blocks(packet);
        for (var i = 0; i < blocks.Count; i++)
        {
            _ = blocks[i];
        }

        var descriptions = new SourceDescriptionReader(packet);
        while (descriptions.MoveNext(out _, out _))
        {
        }

        if (Bye.TryRead(packet, out var bye))
        {
            for (var i = 0; i < bye.Count; i++)
            {
                _ = bye[i];
            }
        }

        if (ExtendedReportReader.TryRead(packet, out var extended))
        {
            while (extended.MoveNext())
            {
                _ = extended.TryGetReferenceTime(out _);
                for (var i = 0; i < extended.DelayCount; i++)
                {
                    _ = extended.Delay(i);
                }
            }
        }
    }

    private static void ReadFeedback(RtcpPacket packet)
    {
        _ = Pli.TryRead(packet, out _);
        _ = Remb.TryRead(packet, out _);
        if (FirReader.TryRead(packet, out var fir))
        {
            for (var i = 0; i < fir.Count; i++)
            {
                _ = fir[i];
            }
        }

        if (NackReader.TryRead(packet, out _, out var nack))
        {
            while (nack.MoveNext())
            {
            }
        }
    }

    // Once accepted, it reads to its end, and what is read can be written and read again.
    private static void ReadTransportWide(RtcpPacket packet)
    {
        if (!TransportWideReader.TryRead(packet, out var feedback, out var reader))
        {
            return;
        }

        var symbols = new List<byte>();
        var deltas = new List<short>();
        while (reader.MoveNext())
        {
            symbols.Add((byte)(!reader.Received ? 0 : reader.Delta is >= 0 and <= 255 ? 1 : 2));
            if (reader.Received)
            {
                deltas.Add(reader.Delta);
            }
        }

        Assert.Equal(reader.Header.StatusCount, symbols.Count);
        if (symbols.Count > TransportWideWriter.MaxStatusCount)
        {
            return;
        }

        var buffer = new byte[TransportWideWriter.HeadLength + 4 + (symbols.Count * 3)];
        var header = reader.Header;
        var length = TransportWideWriter.Write(
            buffer, feedback, header.ReferenceTime, header.FeedbackCount, header.BaseSequence, [.. symbols], [.. deltas]);
        Assert.True(length > 0);
        var again = new RtcpReader(buffer.AsSpan(0, length));
        Assert.True(again.MoveNext(out var rewritten));
        Assert.True(TransportWideReader.TryRead(rewritten, out _, out var second));
        Assert.Equal(header, second.Header);
        for (var received = 0; second.MoveNext();)
        {
            Assert.True(!second.Received || second.Delta == deltas[received++]);
        }
    }
}
