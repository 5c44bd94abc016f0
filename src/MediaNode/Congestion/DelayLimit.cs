namespace Nexus.MediaNode.Congestion;

/// <summary>What the delay of the last feedback asks for.</summary>
internal enum DelayVerdict : byte
{
    /// <summary>Nothing.</summary>
    Free,

    /// <summary>Do not send more: a queue empties, or is waited for.</summary>
    Hold,

    /// <summary>Send less.</summary>
    Lower,

    /// <summary>Sending less did not help: take it back.</summary>
    TakeBack,
}

/// <summary>What the last feedback tells of the way, for <see cref="DelayLimit"/>.</summary>
/// <param name="Queue">How long it is; µs.</param>
/// <param name="Own">As much of it as a burst of ours explains, that ends by itself; µs.</param>
/// <param name="Arriving">Bits per second that come now.</param>
/// <param name="Bitrate">The estimate.</param>
/// <param name="LittleIsSent">What is sent is far less than the estimate.</param>
/// <param name="Bursting">The queue may be that of a probe or a keyframe, which ends by itself.</param>
/// <param name="Obeyed">What arrives is no more than the estimate.</param>
internal readonly record struct DelaySigns(
    long Queue, long Own, long Arriving, long Bitrate, TimeSpan RoundTrip, bool LittleIsSent, bool Bursting, bool Obeyed);

/// <summary>
/// Judges by two measures: the trend says early that a queue grows, its length says that one stands. A queue that does not answer when
/// less is sent, or that grows while less is sent than the line has just carried, is not ours (a TCP flow fills it, or the clock or the
/// route has changed): the line is contested, and the queue is lived with until it is seen empty again. So a flow that fills queues
/// takes its share and not everything. A mutable struct; times in µs.
/// </summary>
internal struct DelayLimit
{
    private const long LowestTarget = 80_000;
    private const long LowestContestedTarget = 120_000;
    private const long HighestTarget = 1_200_000;

    // Where it is contested, a queue is lived with that long, and not made longer than that.
    private const long LongestToGrow = 400_000;

    // Below, a rising trend is jitter, or a burst of ours that the line has not yet carried away.
    private const long FewestToRise = 15_000;
    private const long FewestToRiseWhileLittle = 40_000;
    private const long Empty = 25_000;

    // So much longer than at the last lowering shows that it was not enough, or was measured too early.
    private const long MuchMore = 40_000;

    // A line may become narrow twice within a while. Seeing it a third time, somebody else is on it.
    private const int MostUnexplained = 2;

    private static readonly TimeSpan TakesEffect = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Watched = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan EmptyFor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SeriesEnds = TimeSpan.FromSeconds(10);
    // A flow that fills queues has losses. Where none are seen for so long, it is looked again whose queue it is.
    private static readonly TimeSpan ContestedFor = TimeSpan.FromSeconds(20);

    // One that neither answers nor moves nor loses anything for so long is none: the way has become longer.
    private static readonly TimeSpan StandsStill = TimeSpan.FromSeconds(4);
    private const long Moves = 120_000;

    private static readonly TimeSpan Unfollowed = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Emptied = TimeSpan.FromSeconds(2);

    private long _target;
    private long _queueAtCut;
    private long _longest;
    private long _lineAtCut;
    private long _share;
    private Instant _cutAt;
    private Instant _seriesBegan;
    private Instant _watchedFrom;
    private Instant _emptySince;
    private Instant _contestedUntil;
    private Instant _followed;
    private Instant _stillSince;
    private long _shortestStill;
    private long _longestStill;
    private Watch _watch;
    private int _unexplained;
    private bool _empty;
    private bool _emptied;

    private enum Watch : byte
    {
        None,

        /// <summary>A cut has not yet had the time to be seen.</summary>
        TakingEffect,
        Watching,
    }

    /// <summary>The estimate before it was lowered, the first time in a row.</summary>
    public long RateAtCut { get; private set; }

    /// <summary>The queue that is lived with, in µs.</summary>
    public readonly long Target => Math.Max(_target, LowestTarget);

    /// <summary>A queue is lived with that others fill, who answer to loss alone.</summary>
    public readonly bool IsContested => _target > LowestTarget;

    /// <summary>Longer, and there is no more to be had; µs.</summary>
    public readonly long GrowsBelow => IsContested ? Math.Min(_target, LongestToGrow) : LowestTarget * 3 / 4;

    /// <summary>The queue that made us lower is gone.</summary>
    public readonly bool HasEmptied => _empty && _watch == Watch.None;

    public DelayVerdict Judge(Instant now, DelayTrend trend, in DelaySigns signs)
    {
        var (queue, roundTrip) = (signs.Queue, signs.RoundTrip);
        NoteEmpty(now, queue);
        var unexplained = queue - signs.Own;

        // Half of the estimate comes, and a queue grows: the line has become narrow.
        var falls = signs.Arriving * 2 < signs.Bitrate && !signs.LittleIsSent && !IsContested;
        var standing = unexplained > (falls ? Target / 2 : Target);
        var fewest = signs.LittleIsSent ? FewestToRiseWhileLittle : FewestToRise;
        var rising = trend.IsRising && unexplained > fewest && ((!signs.Bursting && !IsContested) || standing);
        var mayCut = now - _cutAt > roundTrip + TakesEffect;
        if (rising && (mayCut || queue > _queueAtCut + MuchMore))
        {
            return IsUnexplained(now, signs.Arriving, roundTrip) && ++_unexplained > MostUnexplained ? Contest(now, queue) : DelayVerdict.Lower;
        }

        switch (_watch)
        {
            case Watch.TakingEffect when mayCut:
                (_watch, _watchedFrom, _queueAtCut) = (Watch.Watching, now, queue);
                return DelayVerdict.Hold;
            case Watch.TakingEffect:
                return DelayVerdict.Hold;
            case Watch.Watching when _empty:
                _watch = Watch.None;
                break;
            case Watch.Watching when now - _watchedFrom < Watched:
                return DelayVerdict.Hold;
            case Watch.Watching:
                return JudgeAnswer(now, queue, roundTrip, signs.Obeyed);
            default:
                break;
        }

        if (standing)
        {
            return DelayVerdict.Lower;
        }

        return (trend.IsRising || trend.IsFalling) && !IsContested ? DelayVerdict.Hold : DelayVerdict.Free;
    }

    /// <param name="rate">The estimate before.</param>
    /// <param name="share">By how many thousandths less than what arrives is sent now.</param>
    public void HandleCut(Instant now, long rate, long share, long queue, long arriving)
    {
        var explained = _emptied && arriving * 10 >= _lineAtCut * 9;
        if (_lineAtCut == 0 || explained || now - _cutAt > SeriesEnds)
        {
            (_seriesBegan, RateAtCut, _unexplained, _longest) = (now, rate, 0, queue);
        }

        _emptied = false;
        _longest = Math.Max(_longest, queue);
        (_watch, _cutAt, _share, _queueAtCut, _lineAtCut) = (Watch.TakingEffect, now, share, queue, arriving);
    }

    /// <summary>
    /// Sees whether what arrives follows what is sent, as it does where others give way and take their share. Where it does not, and
    /// the line carries the same whatever is sent, the queue is ours after all.
    /// </summary>
    public void NoteArrivals(Instant now, long arriving, long bitrate, TimeSpan roundTripWithQueue)
    {
        var follows = Math.Abs(arriving - bitrate) * 10 < bitrate;
        if (!IsContested || follows)
        {
            _followed = now;
        }
        else if (now - _followed > (2 * roundTripWithQueue) + Unfollowed)
        {
            (_target, _lineAtCut) = (0, 0);
        }
    }

    /// <summary>A loss: whoever fills the queue is still there.</summary>
    public void NoteLoss(Instant now)
    {
        _contestedUntil = now + ContestedFor;
        _stillSince = now;
    }

    /// <summary>What is taken for the queue of others is as long as the way itself has become: judged anew without it.</summary>
    public bool IsOfTheWay(Instant now, long queue)
    {
        (_shortestStill, _longestStill) = (Math.Min(_shortestStill, queue), Math.Max(_longestStill, queue));
        if (!IsContested || queue < LowestTarget || _longestStill - _shortestStill > Moves)
        {
            (_stillSince, _shortestStill, _longestStill) = (now, queue, queue);
        }

        if (now - _stillSince < StandsStill)
        {
            return false;
        }

        (_target, _lineAtCut, _watch) = (0, 0, Watch.None);
        return true;
    }

    // The queue grows again though less comes through than before, when it was full: that is not what we send.
    private readonly bool IsUnexplained(Instant now, long arriving, TimeSpan roundTrip) =>
        arriving * 10 < _lineAtCut * 9 && now - _cutAt > roundTrip + TakesEffect + Watched && now - _cutAt < SeriesEnds;

    // After a watched time T a queue of ours has fallen by the share times T. Half of that is an answer.
    private DelayVerdict JudgeAnswer(Instant now, long queue, TimeSpan roundTrip, bool obeyed)
    {
        _longest = Math.Max(_longest, queue);
        var expected = (long)(now - _watchedFrom).TotalMicroseconds * _share / 1000;
        if (_queueAtCut - queue >= expected / 2)
        {
            (_watchedFrom, _queueAtCut) = (now, queue);
            return DelayVerdict.Hold;
        }

        // A sender that cannot send less proves nothing, but a queue of ours would have been gone by now.
        var late = now - _seriesBegan > Emptied + roundTrip + TimeSpan.FromMicroseconds(_longest) && queue > Target;
        if (obeyed || late)
        {
            return Contest(now, queue);
        }

        _watch = Watch.None;
        return queue > Target ? DelayVerdict.Lower : DelayVerdict.Free;
    }

    private DelayVerdict Contest(Instant now, long queue)
    {
        _contestedUntil = now + ContestedFor;
        _watch = Watch.None;
        _unexplained = 0;
        _lineAtCut = 0;
        _target = Math.Clamp(queue * 15 / 10, Math.Max(Target, LowestContestedTarget), HighestTarget);
        return DelayVerdict.TakeBack;
    }

    private void NoteEmpty(Instant now, long queue)
    {
        var empty = queue < Empty;
        if (empty && !_empty)
        {
            _emptySince = now;
        }
        else if ((empty && now - _emptySince > EmptyFor) || now > _contestedUntil)
        {
            _target = 0;
        }

        _empty = empty;
        _emptied |= empty;
    }
}
