using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>Tells the peer what to skip (RFC 3758 section 3.2).</summary>
internal static class ForwardTsn
{
    /// <summary>Octets of a chunk that names one stream.</summary>
    public const int MinLength = 12;

    private const int MaxStreams = 64;

    /// <summary>
    /// Writes one chunk per run of TSNs given up. What arrived between two runs the peer takes in between, so nothing that
    /// arrived is skipped with them. What does not fit follows with the next SACK.
    /// </summary>
    public static void Write(RetransmissionQueue sent, ref SctpPacketWriter writer)
    {
        for (var tsn = sent.CumulativeAck; tsn < sent.AdvancedAck && writer.Room >= MinLength;)
        {
            while (sent[tsn + 1].State == SentState.GapAcked)
            {
                tsn++;
            }

            if (sent[tsn + 1].State != SentState.Abandoned)
            {
                return; // the peer took back what it had acknowledged
            }

            tsn = WriteRun(sent, tsn, ref writer);
        }
    }

    /// <summary>Names the last TSN of the run, and for each ordered stream the last message in it; stops short of too many streams.</summary>
    private static long WriteRun(RetransmissionQueue sent, long tsn, ref SctpPacketWriter writer)
    {
        Span<(ushort Id, ushort Sequence)> streams = stackalloc (ushort, ushort)[MaxStreams];
        streams = streams[..Math.Min(MaxStreams, (writer.Room - 8) / 4)];
        var count = 0;
        for (; tsn < sent.AdvancedAck && sent[tsn + 1].State == SentState.Abandoned; tsn++)
        {
            ref readonly var chunk = ref sent[tsn + 1];
            if ((chunk.Flags & DataFlags.Unordered) == 0 && !TryNote(streams, ref count, chunk))
            {
                break;
            }
        }

        var value = writer.Add(ChunkType.ForwardTsn, 0, 4 + (4 * count));
        BinaryPrimitives.WriteUInt32BigEndian(value, (uint)tsn);
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(value[(4 + (4 * i))..], streams[i].Id);
            BinaryPrimitives.WriteUInt16BigEndian(value[(6 + (4 * i))..], streams[i].Sequence);
        }

        return tsn;
    }

    private static bool TryNote(Span<(ushort Id, ushort Sequence)> streams, ref int count, in SentChunk chunk)
    {
        for (var i = 0; i < count; i++)
        {
            if (streams[i].Id == chunk.StreamId)
            {
                streams[i].Sequence = chunk.StreamSequence;
                return true;
            }
        }

        if (count == streams.Length)
        {
            return false;
        }

        streams[count++] = (chunk.StreamId, chunk.StreamSequence);
        return true;
    }
}
