namespace Nexus.MediaNode.Congestion;

/// <summary>What the loss of the last second asks for.</summary>
internal enum LossVerdict : byte
{
    /// <summary>Nothing.</summary>
    Free,

    /// <summary>Do not send more.</summary>
    Hold,

    /// <summary>Send less.</summary>
    Lower,

    /// <summary>Sending less did not help: take it back.</summary>
    TakeBack,
}

/// <summary>
/// Tells loss that comes from sending too much (a policer, a short queue) from loss that the line has by itself (radio): the first
/// answers when less is sent, the second does not and is no reason to send less, up to a tenth. Loss by chance hits few packets or
/// many: only what chance does not explain counts. A mutable struct.
/// </summary>
internal struct LossLimit
{
    /// <summary>More is always too much, whatever it comes from (as libwebrtc's and RFC 8083's reading of loss).</summary>
    private const double Most = 0.10;

    private const double LowerAbove = 0.04;
    private const double HoldAbove = 0.025;

    // Standard deviations beyond the share. Looked at four times a second, two are exceeded by chance once in a quarter of a minute.
    private const double SureToLower = 2.5;
    private const double SureToHold = 1;
    private const double SureToForget = 1.5;
    private const double SureToTell = 1.5;

    // Where others fill the queue, who answer to any loss.
    private const double ContestedAbove = 0.01;
    private const int FewestLost = 6;
    private const int FewestContestedLost = 2;

    // Wald's sequential test between two shares: one of them is twenty times as likely as the other.
    private const double Decided = 20;
    private const double LeastShare = 0.005;

    // Of a quarter of a second. More decide no better, and their likelihood fits no number.
    private const int MostTested = 200;

    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(3);

    // Until what was sent after a lowering is settled; and until the more likely must do.
    private static readonly TimeSpan TakesEffect = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWatch = TimeSpan.FromSeconds(4);

    private double _own;
    private double _ratioAtCut;
    private long _rateAtCut;
    private Instant _cutAt;
    private Instant _holdSince;
    private double _share;
    private double _likelihood;
    private long _floor;
    private bool _waiting;
    private bool _holding;

    /// <summary>The part of the loss that does not depend on what we send; 0 to 0.1.</summary>
    public readonly double OfTheLine => _own;

    /// <summary>The estimate before the last lowering.</summary>
    public readonly long RateAtCut => _rateAtCut;

    /// <summary>What is lost beyond what the line loses by itself, as far as that is certain.</summary>
    public readonly double Excess(Instant now, in LossMeter loss) => Math.Max(0, loss.LongAt(now).AtLeast(SureToTell) - _own);

    /// <summary>What is lost of late, or by the line itself; 0 to 0.1.</summary>
    public readonly double Usual(in LossMeter loss) => Math.Clamp(loss.Long.Ratio, _own, Most);

    /// <summary>Judges new counts.</summary>
    public LossVerdict Judge(Instant now, in LossMeter loss, TimeSpan roundTrip, long bitrate, bool contested, bool obeyed)
    {
        if (loss.Long.FallsShortOf(_own, SureToForget))
        {
            _own += 0.1 * (loss.Long.Ratio - _own);
        }

        if (_waiting)
        {
            if (now - _cutAt < roundTrip + TakesEffect || !IsDecided(now, loss.Newest, roundTrip))
            {
                return LossVerdict.Hold;
            }

            _waiting = false;
            if (obeyed && _likelihood > 1)
            {
                return HandleUnanswered(loss.Long.Ratio);
            }
        }

        var isMost = Exceeds(loss, Most, SureToLower);
        _floor = loss.Long.FallsShortOf(Most, SureToForget) ? 0 : _floor;
        if ((isMost || Exceeds(loss, _own + LowerAbove, SureToLower)) && Math.Max(loss.Recent.Lost, loss.Newest.Lost) >= FewestLost)
        {
            return bitrate <= _floor ? LossVerdict.Hold : LossVerdict.Lower;
        }

        if (contested && loss.Recent.Ratio - _own > ContestedAbove && loss.Recent.Lost >= FewestContestedLost)
        {
            return LossVerdict.Lower;
        }

        if (!loss.Recent.Exceeds(_own + HoldAbove, SureToHold) || loss.Recent.Lost < FewestLost)
        {
            _holding = false;
            return LossVerdict.Free;
        }

        if (!_holding)
        {
            (_holding, _holdSince) = (true, now);
        }

        return now - _holdSince > LongestHold ? LossVerdict.Lower : LossVerdict.Hold;
    }

    /// <param name="before">The estimate, lowered to <paramref name="after"/>.</param>
    public void HandleCut(Instant now, in LossMeter loss, long before, long after)
    {
        (_waiting, _holding) = (true, false);
        (_cutAt, _rateAtCut) = (now, before);
        _ratioAtCut = Math.Max(Math.Max(loss.Recent.Ratio, loss.Long.Ratio), LeastShare);
        _share = 1 - (after / (double)before);
        _likelihood = 1;
    }

    private static bool Exceeds(in LossMeter loss, double share, double deviations) =>
        loss.Recent.Exceeds(share, deviations) || (loss.Long.Exceeds(share, deviations) && loss.Recent.Ratio > share);

    /// <summary>Whether it is known if the lowering has helped: all of the loss is left, or what would be, if it was all of what we sent too much.</summary>
    private bool IsDecided(Instant now, LossCount newest, TimeSpan roundTrip)
    {
        var left = Math.Max(Math.Min(_own, _ratioAtCut), (_ratioAtCut - _share) / (1 - _share));
        left = Math.Max(LeastShare, left + ((_ratioAtCut - left) / 4));
        var expected = Math.Min(newest.Expected, MostTested);
        var lost = (int)(expected * newest.Ratio);
        _likelihood *= Power(_ratioAtCut / left, lost) * Power((1 - _ratioAtCut) / (1 - left), expected - lost);
        return _likelihood is > Decided or < 1 / Decided || now - _cutAt > roundTrip + LongestWatch;
    }

    // Of multiplications alone, which are the same on every machine.
    private static double Power(double value, int exponent)
    {
        var power = 1.0;
        for (var i = 0; i < exponent; i++)
        {
            power *= value;
        }

        return power;
    }

    // Too much for the line, whatever is sent: half is kept, so that something is seen at all.
    private LossVerdict HandleUnanswered(double ratio)
    {
        _holding = false;
        if (ratio <= Most)
        {
            _own = Math.Max(ratio, _own);
            return LossVerdict.TakeBack;
        }

        _floor = _floor == 0 ? _rateAtCut / 2 : _floor;
        return LossVerdict.Hold;
    }
}
