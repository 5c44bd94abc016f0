namespace Nexus.MediaNode.Protocol.Sctp;

internal enum SentState : byte
{
    InFlight,

    /// <summary>Reported in a gap block. Not final: the peer may take it back (RFC 9260 section 6.2.1).</summary>
    GapAcked,

    /// <summary>To be sent again.</summary>
    Lost,

    /// <summary>Given up (RFC 3758); the peer is told to skip it.</summary>
    Abandoned,
}

/// <summary>A DATA chunk that was sent: where its bytes are, and what became of it.</summary>
internal struct SentChunk
{
    public OutboundMessage? Message;
    public Instant SentAt;

    /// <summary>Only chunks first sent after this TSN tell, by their arrival, that this one is lost: its last sending is as old.</summary>
    public long MissFloor;
    public int Offset;
    public int Transmissions;
    public ushort Length;
    public ushort StreamId;
    public ushort StreamSequence;
    public DataFlags Flags;
    public SentState State;
    public byte Misses;

    /// <summary>What it counts in the congestion window: with its header, so that tiny messages are not free.</summary>
    public readonly int Size => SctpFormat.DataHeaderLength + SctpFormat.Pad(Length);
}

/// <summary>What one SACK changed.</summary>
internal record struct SackOutcome(int Acked, bool CumulativeMoved, bool FoundLoss, TimeSpan? RoundTrip);

/// <summary>
/// Chunks sent and not yet cumulatively acknowledged, by TSN in a ring. Decides which are lost (three later ones arrived, or
/// time-out), which are given up, and how far the peer may be told to skip. TSNs are extended to 64 bits.
/// </summary>
internal sealed class RetransmissionQueue(int mtu)
{
    private const int MissesUntilLost = 3;

    private SentChunk[] _ring = new SentChunk[64];
    private long _roundTripProbe;

    /// <summary>The peer has everything up to this TSN.</summary>
    public long CumulativeAck { get; private set; }

    public long NextTsn { get; private set; }

    /// <summary>
    /// The last TSN given up such that everything before it is given up or has arrived: Advanced.Peer.Ack.Point of RFC 3758,
    /// which stops before what arrived, and so would need a round trip for each hole.
    /// </summary>
    public long AdvancedAck { get; private set; }

    /// <summary>Octets under way.</summary>
    public int Flight { get; private set; }

    /// <summary>Octets of messages held for repeats.</summary>
    public long HeldOctets { get; private set; }

    public int LostCount { get; private set; }

    public bool IsEmpty => CumulativeAck + 1 == NextTsn;

    public ref SentChunk this[long tsn] => ref _ring[tsn & (_ring.Length - 1)];

    public void Start(long firstTsn)
    {
        Clear();
        NextTsn = firstTsn;
        CumulativeAck = AdvancedAck = firstTsn - 1;
        _roundTripProbe = firstTsn;
    }

    public void Clear()
    {
        for (var tsn = CumulativeAck + 1; tsn < NextTsn; tsn++)
        {
            Drop(ref this[tsn]);
        }

        CumulativeAck = NextTsn - 1;
        Flight = LostCount = 0;
    }

    /// <summary>Gives the next fragment its TSN.</summary>
    public long Add(Instant now, OutboundMessage message, int length)
    {
        message.Retain();
        if (message.Fragmented == 0)
        {
            message.FirstTsn = NextTsn;
        }

        var flags = (message.Fragmented == 0 ? DataFlags.Begin : 0)
            | (message.Fragmented + length == message.Length ? DataFlags.End : 0)
            | (message.IsUnordered ? DataFlags.Unordered : 0);
        ref var chunk = ref Append();
        chunk.Message = message;
        chunk.Offset = message.Fragmented;
        chunk.Length = (ushort)length;
        chunk.StreamId = message.StreamId;
        chunk.StreamSequence = message.StreamSequence;
        chunk.Flags = flags;
        chunk.State = SentState.InFlight;
        chunk.SentAt = now;
        chunk.MissFloor = NextTsn - 1;
        chunk.Transmissions = 1;
        Flight += chunk.Size;
        HeldOctets += length;
        return NextTsn - 1;
    }

    /// <summary>The lowest lost chunk; messages that are no longer worth a repeat are given up on the way.</summary>
    public bool TryPeekLost(Instant now, out long tsn)
    {
        for (tsn = CumulativeAck + 1; LostCount != 0 && tsn < NextTsn; tsn++)
        {
            ref var chunk = ref this[tsn];
            if (chunk.State != SentState.Lost)
            {
                continue;
            }

            if (!IsWorthless(now, chunk))
            {
                return true;
            }

            Abandon(chunk.Message!);
        }

        return false;
    }

    public void MarkRepeated(Instant now, long tsn)
    {
        ref var chunk = ref this[tsn];
        chunk.State = SentState.InFlight;
        chunk.SentAt = now;
        chunk.MissFloor = NextTsn - 1;
        chunk.Misses = 0;
        chunk.Transmissions++;
        LostCount--;
        Flight += chunk.Size;
    }

    /// <summary>False when the SACK names what was never sent.</summary>
    public bool IsPossible(long cumulative, GapBlocks gaps)
    {
        if (cumulative >= NextTsn)
        {
            return false;
        }

        for (var i = 0; i < gaps.Count; i++)
        {
            if (gaps.Start(i) == 0 || gaps.End(i) < gaps.Start(i) || cumulative + gaps.End(i) >= NextTsn)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes a SACK that <see cref="IsPossible"/> and is not older than the last.</summary>
    public SackOutcome HandleSack(Instant now, long cumulative, GapBlocks gaps)
    {
        var outcome = new SackOutcome { CumulativeMoved = cumulative > CumulativeAck };
        for (var tsn = CumulativeAck + 1; tsn <= cumulative; tsn++)
        {
            ref var chunk = ref this[tsn];
            Acknowledge(now, tsn, ref chunk, ref outcome);
            Drop(ref chunk);
        }

        CumulativeAck = cumulative;
        AdvancedAck = Math.Max(AdvancedAck, cumulative);
        var highest = TakeGaps(now, gaps, ref outcome);
        outcome.FoundLoss = FindLost(now, highest);
        AdvanceOverAbandoned();
        return outcome;
    }

    /// <summary>
    /// Three SACKs that miss a chunk prove it lost (RFC 9260 section 7.2.4); so does one that has more than two packets' worth
    /// beyond it (RFC 6675 section 4), for SACKs get lost, and receivers that take packets by the batch send one for many.
    /// </summary>
    private bool FindLost(Instant now, long highest)
    {
        var found = false;
        var beyond = 0;
        for (var tsn = highest; tsn > CumulativeAck; tsn--)
        {
            ref var chunk = ref this[tsn];
            if (chunk.State == SentState.GapAcked)
            {
                beyond += chunk.Size;
            }
            else if (chunk.State == SentState.InFlight && highest > chunk.MissFloor
                && (++chunk.Misses >= MissesUntilLost || (chunk.Transmissions == 1 && beyond > (MissesUntilLost - 1) * mtu)))
            {
                found = true;
                Lose(now, ref chunk);
            }
        }

        return found;
    }

    /// <summary>Nothing came back in time: all that is in flight is lost.</summary>
    public void LoseAll(Instant now)
    {
        for (var tsn = CumulativeAck + 1; tsn < NextTsn; tsn++)
        {
            ref var chunk = ref this[tsn];
            if (chunk.State == SentState.InFlight)
            {
                Lose(now, ref chunk);
            }
        }

        AdvanceOverAbandoned();
    }

    private long TakeGaps(Instant now, GapBlocks gaps, ref SackOutcome outcome)
    {
        var tsn = CumulativeAck + 1;
        var highest = CumulativeAck;
        for (var i = 0; i < gaps.Count; i++)
        {
            for (; tsn < CumulativeAck + gaps.Start(i); tsn++)
            {
                TakeBack(ref this[tsn]);
            }

            for (; tsn <= CumulativeAck + gaps.End(i); tsn++)
            {
                ref var chunk = ref this[tsn];
                Acknowledge(now, tsn, ref chunk, ref outcome);
                chunk.State = chunk.State == SentState.Abandoned ? SentState.Abandoned : SentState.GapAcked;
                highest = tsn;
            }
        }

        for (; tsn < NextTsn; tsn++)
        {
            TakeBack(ref this[tsn]);
        }

        return highest;
    }

    private void Acknowledge(Instant now, long tsn, ref SentChunk chunk, ref SackOutcome outcome)
    {
        if (chunk.State == SentState.InFlight)
        {
            Flight -= chunk.Size;
            outcome.Acked += chunk.Size;
            // Karn: what was repeated measures nothing. And one measurement per round trip.
            if (chunk.Transmissions == 1 && tsn >= _roundTripProbe)
            {
                outcome.RoundTrip = now - chunk.SentAt;
                _roundTripProbe = NextTsn;
            }
        }
        else if (chunk.State == SentState.Lost)
        {
            LostCount--;
            outcome.Acked += chunk.Size;
        }
    }

    private void TakeBack(ref SentChunk chunk)
    {
        if (chunk.State == SentState.GapAcked)
        {
            chunk.State = SentState.InFlight;
            Flight += chunk.Size;
        }
    }

    private void Lose(Instant now, ref SentChunk chunk)
    {
        Flight -= chunk.Size;
        chunk.State = SentState.Lost;
        chunk.Misses = 0;
        LostCount++;
        if (IsWorthless(now, chunk))
        {
            Abandon(chunk.Message!);
        }
    }

    private static bool IsWorthless(Instant now, in SentChunk chunk) =>
        chunk.Transmissions > chunk.Message!.MaxRetransmits || chunk.Message.IsExpired(now);

    /// <summary>
    /// Gives up all fragments of a message. When some have no TSN yet, one is spent on them, so that the peer, told to skip,
    /// sees the message's end before the next one's beginning.
    /// </summary>
    private void Abandon(OutboundMessage message)
    {
        message.IsAbandoned = true;
        if (!message.IsFullyFragmented)
        {
            ref var rest = ref Append();
            rest.StreamId = message.StreamId;
            rest.StreamSequence = message.StreamSequence;
            rest.Flags = DataFlags.End | (message.IsUnordered ? DataFlags.Unordered : 0);
            rest.State = SentState.Abandoned;
        }

        for (var tsn = Math.Max(message.FirstTsn, CumulativeAck + 1); tsn < NextTsn; tsn++)
        {
            ref var chunk = ref this[tsn];
            if (chunk.Message != message)
            {
                break;
            }

            Flight -= chunk.State == SentState.InFlight ? chunk.Size : 0;
            LostCount -= chunk.State == SentState.Lost ? 1 : 0;
            chunk.State = SentState.Abandoned;
            Drop(ref chunk);
        }

        AdvanceOverAbandoned();
    }

    private void AdvanceOverAbandoned()
    {
        for (var tsn = AdvancedAck + 1; tsn < NextTsn && this[tsn].State is SentState.Abandoned or SentState.GapAcked; tsn++)
        {
            AdvancedAck = this[tsn].State == SentState.Abandoned ? tsn : AdvancedAck;
        }
    }

    private ref SentChunk Append()
    {
        if (NextTsn - CumulativeAck > _ring.Length)
        {
            Grow();
        }

        ref var chunk = ref this[NextTsn++];
        chunk = default;
        return ref chunk;
    }

    private void Grow()
    {
        var old = _ring;
        _ring = new SentChunk[old.Length * 2];
        for (var tsn = CumulativeAck + 1; tsn < NextTsn; tsn++)
        {
            this[tsn] = old[tsn & (old.Length - 1)];
        }
    }

    private void Drop(ref SentChunk chunk)
    {
        if (chunk.Message is { } message)
        {
            HeldOctets -= chunk.Length;
            chunk.Message = null;
            message.Release();
        }
    }
}
