using System.Buffers.Binary;
using System.Numerics;

namespace Nexus.MediaNode.Protocol.Sctp;

internal enum TsnVerdict : byte
{
    New,
    Duplicate,

    /// <summary>Further ahead than anybody may send.</summary>
    TooFarAhead,
}

/// <summary>
/// Which TSNs have arrived: all up to <see cref="Cumulative"/>, and a bitmap of those beyond. What a SACK reports. TSNs are
/// extended to 64 bits.
/// </summary>
internal sealed class ReceivedTsns
{
    /// <summary>TSNs beyond the cumulative one that are tracked; a window of one megabyte holds far fewer packets.</summary>
    public const int Span = 16384;

    private const int MaxDuplicates = 16;
    private const int MaxGaps = 64;

    private readonly ulong[] _beyond = new ulong[Span / 64];
    private readonly uint[] _duplicates = new uint[MaxDuplicates];
    private int _duplicateCount;

    public long Cumulative { get; private set; }

    public long Highest { get; private set; }

    public bool HasGaps => Highest > Cumulative;

    public bool HasDuplicates => _duplicateCount != 0;

    public void Start(long firstTsn)
    {
        Array.Clear(_beyond);
        _duplicateCount = 0;
        Cumulative = Highest = firstTsn - 1;
    }

    public TsnVerdict Examine(long tsn) =>
        tsn > Cumulative + Span - 1 ? TsnVerdict.TooFarAhead
        : tsn <= Cumulative || IsSet(tsn) ? TsnVerdict.Duplicate
        : TsnVerdict.New;

    /// <summary>Notes one that <see cref="Examine"/> called new.</summary>
    public void Add(long tsn)
    {
        _beyond[Word(tsn)] |= 1UL << (int)(tsn & 63);
        Highest = Math.Max(Highest, tsn);
        Advance();
    }

    public void AddDuplicate(long tsn)
    {
        if (_duplicateCount < MaxDuplicates)
        {
            _duplicates[_duplicateCount++] = (uint)tsn;
        }
    }

    /// <summary>The peer gave up everything up to here (RFC 3758). False when that is not new, or absurd.</summary>
    public bool TrySkipTo(long tsn)
    {
        if (tsn <= Cumulative || tsn > Cumulative + Span - 1)
        {
            return false;
        }

        for (var t = Cumulative + 1; t <= tsn; t++)
        {
            Clear(t);
        }

        Cumulative = tsn;
        Highest = Math.Max(Highest, tsn);
        Advance();
        return true;
    }

    /// <summary>Writes a SACK; what does not fit is left to the next one.</summary>
    public void WriteSack(ref SctpPacketWriter writer, uint window)
    {
        Span<(ushort Start, ushort End)> gaps = stackalloc (ushort, ushort)[MaxGaps];
        var room = (writer.Room - 16) / 4;
        var gapCount = FindGaps(gaps[..Math.Clamp(room, 0, MaxGaps)]);
        var duplicates = Math.Clamp(room - gapCount, 0, _duplicateCount);
        var value = writer.Add(ChunkType.Sack, 0, 12 + (4 * (gapCount + duplicates)));
        BinaryPrimitives.WriteUInt32BigEndian(value, (uint)Cumulative);
        BinaryPrimitives.WriteUInt32BigEndian(value[4..], window);
        BinaryPrimitives.WriteUInt16BigEndian(value[8..], (ushort)gapCount);
        BinaryPrimitives.WriteUInt16BigEndian(value[10..], (ushort)duplicates);
        value = value[12..];
        foreach (var (start, end) in gaps[..gapCount])
        {
            BinaryPrimitives.WriteUInt16BigEndian(value, start);
            BinaryPrimitives.WriteUInt16BigEndian(value[2..], end);
            value = value[4..];
        }

        foreach (var tsn in _duplicates.AsSpan(0, duplicates))
        {
            BinaryPrimitives.WriteUInt32BigEndian(value, tsn);
            value = value[4..];
        }

        _duplicateCount = 0;
    }

    private int FindGaps(Span<(ushort Start, ushort End)> gaps)
    {
        var count = 0;
        for (var tsn = Cumulative + 1; tsn <= Highest && count < gaps.Length;)
        {
            var start = Next(tsn, set: true);
            if (start > Highest)
            {
                break;
            }

            tsn = Next(start, set: false);
            gaps[count++] = ((ushort)(start - Cumulative), (ushort)(tsn - 1 - Cumulative));
        }

        return count;
    }

    /// <summary>The first TSN from this one on whose bit is as wished; just past the highest when there is none.</summary>
    private long Next(long tsn, bool set)
    {
        while (tsn <= Highest)
        {
            var word = (set ? _beyond[Word(tsn)] : ~_beyond[Word(tsn)]) >> (int)(tsn & 63);
            if (word != 0)
            {
                return Math.Min(tsn + BitOperations.TrailingZeroCount(word), Highest + 1);
            }

            tsn = (tsn | 63) + 1;
        }

        return Highest + 1;
    }

    private void Advance()
    {
        while (Cumulative < Highest && IsSet(Cumulative + 1))
        {
            Clear(++Cumulative);
        }
    }

    private static int Word(long tsn) => (int)((tsn & (Span - 1)) >> 6);

    private bool IsSet(long tsn) => (_beyond[Word(tsn)] & (1UL << (int)(tsn & 63))) != 0;

    private void Clear(long tsn) => _beyond[Word(tsn)] &= ~(1UL << (int)(tsn & 63));
}
