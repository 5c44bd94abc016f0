using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtcp;

/// <summary>The fixed part of transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).</summary>
/// <param name="BaseSequence">Transport-wide number of the first packet reported on.</param>
/// <param name="StatusCount">How many packets, received or not, are reported on.</param>
/// <param name="ReferenceTime">Signed 24 bits, in 64 ms of the reporter's clock; wraps.</param>
/// <param name="FeedbackCount">Counts feedback packets; a hole means that one was lost.</param>
public readonly record struct TransportWideHeader(ushort BaseSequence, ushort StatusCount, int ReferenceTime, byte FeedbackCount)
{
    public const int Length = 8;

    /// <summary>Length of one step of <see cref="ReferenceTime"/>, in units of <see cref="TransportWideReader.DeltaUnit"/>.</summary>
    public const int ReferenceUnit = 256;
}

/// <summary>
/// Reads transport-wide feedback packet by packet. <see cref="TryRead"/> checks that the deltas which the chunks promise are all
/// there, so that reading cannot fail half way.
/// </summary>
public ref struct TransportWideReader
{
    /// <summary>Arrival times are given in steps of 250 µs.</summary>
    public static readonly TimeSpan DeltaUnit = TimeSpan.FromTicks(2500);

    private readonly ReadOnlySpan<byte> _chunks;
    private ReadOnlySpan<byte> _deltas;
    private int _nextChunk;
    private int _remaining;
    private ushort _chunk;
    private int _chunkLeft;

    private TransportWideReader(ReadOnlySpan<byte> chunks, TransportWideHeader header)
    {
        _chunks = chunks;
        _remaining = header.StatusCount;
        Header = header;
        Sequence = (ushort)(header.BaseSequence - 1);
    }

    public TransportWideHeader Header { get; }

    /// <summary>Transport-wide number of the current packet.</summary>
    public ushort Sequence { get; private set; }

    public bool Received { get; private set; }

    /// <summary>
    /// For a received packet, how much later than the received packet before it (for the first: than the reference time) it
    /// came, in <see cref="DeltaUnit"/>; negative when they came out of order.
    /// </summary>
    public short Delta { get; private set; }

    public static bool TryRead(RtcpPacket packet, out FeedbackHeader feedback, out TransportWideReader reader)
    {
        reader = default;
        if (!FeedbackHeader.TryRead(packet, out feedback) || !packet.IsTransportFeedback(RtcpFormat.TransportWide)
            || packet.Body.Length < FeedbackHeader.Length + TransportWideHeader.Length)
        {
            return false;
        }

        var body = packet.Body[FeedbackHeader.Length..];
        var time = BinaryPrimitives.ReadInt32BigEndian(body[4..]);
        var header = new TransportWideHeader(
            BinaryPrimitives.ReadUInt16BigEndian(body), BinaryPrimitives.ReadUInt16BigEndian(body[2..]), time >> 8, (byte)time);
        var probe = new TransportWideReader(body[TransportWideHeader.Length..], header);
        long deltaLength = 0;
        while (probe._remaining > 0)
        {
            if (!probe.TryNextSymbol(out var symbol) || symbol == 3)
            {
                return false;
            }

            deltaLength += symbol;
        }

        // The deltas start right after the last chunk that was needed.
        var deltas = body[(TransportWideHeader.Length + probe._nextChunk)..];
        if (header.StatusCount == 0 || deltaLength > deltas.Length)
        {
            return false;
        }

        reader = new(body.Slice(TransportWideHeader.Length, probe._nextChunk), header) { _deltas = deltas };
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool MoveNext()
    {
        if (_remaining == 0 || !TryNextSymbol(out var symbol))
        {
            return false;
        }

        Sequence++;
        Received = symbol != 0;
        Delta = symbol switch
        {
            1 => _deltas[0],
            2 => BinaryPrimitives.ReadInt16BigEndian(_deltas),
            _ => 0,
        };
        _deltas = _deltas[symbol..];
        return true;
    }

    // 0 not received, 1 small delta (one octet), 2 large delta (two octets), 3 reserved.
    private bool TryNextSymbol(out int symbol)
    {
        symbol = 0;
        while (_chunkLeft == 0)
        {
            if (_nextChunk + 2 > _chunks.Length)
            {
                return false;
            }

            _chunk = BinaryPrimitives.ReadUInt16BigEndian(_chunks[_nextChunk..]);
            _nextChunk += 2;
            _chunkLeft = (_chunk >> 14) switch
            {
                2 => 14,
                3 => 7,
                _ => _chunk & 0x1FFF,
            };
        }

        _chunkLeft--;
        _remaining--;
        symbol = (_chunk >> 14) switch
        {
            2 => (_chunk >> _chunkLeft) & 1,
            3 => (_chunk >> (2 * _chunkLeft)) & 3,
            _ => (_chunk >> 13) & 3,
        };
        return true;
    }
}

/// <summary>Writes transport-wide feedback from one symbol per packet and the deltas of those received.</summary>
public static class TransportWideWriter
{
    /// <summary>The most packets that one feedback packet can report on and still be written in one piece.</summary>
    public const int MaxStatusCount = 0x1FFF;

    private const int VectorOf14 = 14;
    private const int VectorOf7 = 7;

    /// <summary>Octets before the chunks: RTCP header, two SSRCs, and <see cref="TransportWideHeader"/>.</summary>
    public const int HeadLength = RtcpReader.HeaderLength + FeedbackHeader.Length + TransportWideHeader.Length;

    /// <summary>
    /// Writes one RTCP packet and returns its length, a multiple of four; 0 when it does not fit.
    /// </summary>
    /// <param name="symbols">One per packet: 0 not received, 1 small delta, 2 large delta; at most <see cref="MaxStatusCount"/>.</param>
    /// <param name="deltas">One per received packet, in steps of 250 µs; 0-255 where the symbol is 1.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Write(
        Span<byte> destination,
        FeedbackHeader feedback,
        int referenceTime,
        byte feedbackCount,
        ushort baseSequence,
        ReadOnlySpan<byte> symbols,
        ReadOnlySpan<short> deltas)
    {
        if (destination.Length < HeadLength || symbols.Length is 0 or > MaxStatusCount)
        {
            return 0;
        }

        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], feedback.SenderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], feedback.MediaSsrc);
        BinaryPrimitives.WriteUInt16BigEndian(destination[12..], baseSequence);
        BinaryPrimitives.WriteUInt16BigEndian(destination[14..], (ushort)symbols.Length);
        BinaryPrimitives.WriteInt32BigEndian(destination[16..], (referenceTime << 8) | feedbackCount);

        var position = HeadLength;
        for (var i = 0; i < symbols.Length;)
        {
            if (position + 2 > destination.Length)
            {
                return 0;
            }

            BinaryPrimitives.WriteUInt16BigEndian(destination[position..], NextChunk(symbols[i..], out var covered));
            position += 2;
            i += covered;
        }

        var delta = 0;
        foreach (var symbol in symbols)
        {
            if (position + symbol > destination.Length)
            {
                return 0;
            }

            switch (symbol)
            {
                case 1:
                    destination[position++] = (byte)deltas[delta++];
                    break;
                case 2:
                    BinaryPrimitives.WriteInt16BigEndian(destination[position..], deltas[delta++]);
                    position += 2;
                    break;
                default:
                    break;
            }
        }

        return Finish(destination, position);
    }

    // The longest of a run, fourteen one-bit and seven two-bit symbols. Never covers fewer than seven unless it is the last.
    private static ushort NextChunk(ReadOnlySpan<byte> symbols, out int covered)
    {
        var first = symbols[0];
        var run = 1;
        while (run < symbols.Length && symbols[run] == first)
        {
            run++;
        }

        var oneBit = 0;
        while (oneBit < symbols.Length && oneBit < VectorOf14 && symbols[oneBit] < 2)
        {
            oneBit++;
        }

        var whole = Math.Min(VectorOf14, symbols.Length);
        if (run >= whole || (oneBit < whole && run >= VectorOf7))
        {
            covered = run;
            return (ushort)((first << 13) | run);
        }

        var vector = 0;
        if (oneBit == whole)
        {
            covered = whole;
            for (var i = 0; i < VectorOf14; i++)
            {
                vector = (vector << 1) | (i < whole ? symbols[i] : 0);
            }

            return (ushort)(0x8000 | vector);
        }

        covered = Math.Min(VectorOf7, symbols.Length);
        for (var i = 0; i < VectorOf7; i++)
        {
            vector = (vector << 2) | (i < covered ? symbols[i] : 0);
        }

        return (ushort)(0xC000 | vector);
    }

    private static int Finish(Span<byte> destination, int position)
    {
        var padding = -position & 3;
        if (position + padding > destination.Length)
        {
            return 0;
        }

        destination[0] = (byte)(0x80 | RtcpFormat.TransportWide);
        if (padding != 0)
        {
            destination.Slice(position, padding).Clear();
            position += padding;
            destination[0] |= 0x20;
            destination[position - 1] = (byte)padding;
        }

        destination[1] = (byte)RtcpType.TransportFeedback;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)((position / 4) - 1));
        return position;
    }
}
