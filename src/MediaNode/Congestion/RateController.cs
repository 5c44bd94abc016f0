namespace Nexus.MediaNode.Congestion;

/// <summary>
/// The estimate itself: grows by a share of itself per second, slowly near the rate at which the line was last seen full, and falls below what
/// arrives (draft-ietf-rmcat-gcc-02 section 5.5), the more the longer the queue is, so that it empties within about a second.
/// Once it has, the estimate returns to just below what the line carried. A mutable struct; rates in bits per second.
/// </summary>
internal struct RateController(CongestionOptions options)
{
    // Thousandths per second.
    private const long FarGrowth = 100;
    private const long NearGrowth = 40;

    // Per second, so that a small estimate grows at all.
    private const long LeastGrowth = 10_000;

    // Above what was acknowledged there is nothing that proves it: in hundredths, and for what comes in lumps.
    private const long MostOverAcknowledged = 125;
    private const long MostOverContested = 105;
    private const long ProvenShare = 95;
    private const long Lump = 20_000;
    private const long GivesWay = 150;
    private const long PacketBits = 1200 * 8;

    private static readonly TimeSpan LongestStep = TimeSpan.FromMilliseconds(500);

    private readonly CongestionOptions _options = options;
    private Instant _updated;
    private bool _emptying;

    // The estimate before it was lowered while little was sent.
    private long _doubted;

    public long Bitrate { get; private set; } = options.StartBitrate;

    /// <summary>At which rate the line was last seen full; 0: never, or it has become wider since.</summary>
    public long LineRate { get; private set; }

    /// <summary>It was lowered so that a queue empties, which has not happened yet.</summary>
    public readonly bool IsEmptying => _emptying;

    /// <summary>Grows for the time since the last call. False when too little is sent to prove more.</summary>
    /// <param name="contestedRoundTrip">Zero, or the time of a round trip with a queue that others fill.</param>
    public bool TryGrow(Instant now, long acknowledged, bool littleIsSent, TimeSpan contestedRoundTrip)
    {
        var milliseconds = (long)TimeSpan.FromTicks(Math.Min((now - _updated).Ticks, LongestStep.Ticks)).TotalMilliseconds;
        _updated = now;
        var contested = contestedRoundTrip != TimeSpan.Zero;
        var ceiling = (acknowledged * (contested ? MostOverContested : MostOverAcknowledged) / 100) + Lump;
        if (littleIsSent || Bitrate >= ceiling)
        {
            return false;
        }

        if (LineRate != 0 && acknowledged > LineRate * 11 / 10)
        {
            LineRate = 0;
        }

        var growth = LineRate != 0 && Bitrate > LineRate * 9 / 10 ? NearGrowth : FarGrowth;
        var perSecond = contested ? Additive(contestedRoundTrip) : Bitrate * growth / 1000;
        var grown = Math.Min(Bitrate + (Math.Max(perSecond, LeastGrowth) * milliseconds / 1000), ceiling);

        // What has arrived for a second and left no queue behind needs no other proof.
        Set(contested ? grown : Math.Max(grown, acknowledged * ProvenShare / 100));
        return true;
    }

    /// <summary>Time passes without growth.</summary>
    public void Hold(Instant now) => _updated = now;

    /// <summary>Below what arrives. Returns by how many thousandths.</summary>
    /// <param name="littleIsSent">What arrives is what was sent, and not for certain all that the line carries.</param>
    public long LowerForQueue(Instant now, long arriving, long queueMicroseconds, bool littleIsSent)
    {
        _doubted = !littleIsSent ? 0 : _emptying ? _doubted : Bitrate;
        _updated = now;
        var share = Math.Clamp(100 + (queueMicroseconds / 1500), 100, 700);
        if (arriving > 0)
        {
            LineRate = arriving;
            Set(Math.Min(Bitrate, arriving * (1000 - share) / 1000));
        }

        _emptying = true;
        return share;
    }

    /// <summary>The queue is empty: back to what the line carried, less a little.</summary>
    /// <param name="drained">What has come while it emptied, which a moment's standstill at the lowering does not hide; 0: too short to say.</param>
    public void HandleEmptied(long drained)
    {
        _emptying = false;
        LineRate = Math.Max(LineRate, drained);
        Set(Math.Max(Bitrate, Math.Max(LineRate * 92 / 100, _doubted == 0 ? 0 : (_doubted + LineRate) / 2)));
    }

    /// <summary>Gives way to others, about as TCP does at a loss. Returns by how many thousandths.</summary>
    public long GiveWay(Instant now)
    {
        Lower(now, Bitrate * (1000 - GivesWay) / 1000);
        return GivesWay;
    }

    public void Lower(Instant now, long to)
    {
        _updated = now;
        _emptying = false;
        Set(Math.Min(Bitrate, to));
        LineRate = Bitrate;
    }

    /// <summary>What was taken for congestion was none.</summary>
    public void TakeBack(Instant now, long rateBefore)
    {
        _updated = now;
        _emptying = false;
        Set(Math.Max(Bitrate, rateBefore));
        LineRate = 0;
    }

    /// <summary>A probe has shown what the line carries.</summary>
    public void HandleProbe(Instant now, long rate, bool full)
    {
        _updated = now;
        _emptying = false;
        Set(Math.Max(Bitrate, rate));
        LineRate = full ? rate : rate < LineRate ? LineRate : 0; // one that asked for less says nothing of the rest
    }

    // A packet more per round trip, in each round trip: as TCP (RFC 5681).
    private static long Additive(TimeSpan roundTrip)
    {
        var milliseconds = Math.Max(50, (long)roundTrip.TotalMilliseconds);
        return PacketBits * 1_000_000 / (milliseconds * milliseconds);
    }

    private void Set(long bitrate) => Bitrate = Math.Clamp(bitrate, _options.MinBitrate, _options.MaxBitrate);
}
