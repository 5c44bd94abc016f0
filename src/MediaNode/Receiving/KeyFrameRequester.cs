namespace Nexus.MediaNode.Receiving;

/// <summary>
/// Decides when a publisher is asked for a keyframe of one stream (one SSRC, that is one simulcast layer). The first wish is
/// passed on at once; those within the interval after a request are answered by one more at its end, unless a keyframe has come
/// meanwhile. The interval is a shorter one as long as somebody waits who has no picture at all. A request that no keyframe
/// follows is repeated, with growing pauses, and given up after a while; the next wish starts anew. PLI and FIR from
/// subscribers, new subscriptions, and lost repairs all are wishes.
/// </summary>
public struct KeyFrameRequester
{
    /// <summary>Requests without a keyframe until the source is taken for silent.</summary>
    public const int MaxTries = 10;

    /// <summary>For those whose picture is damaged, or who want another layer.</summary>
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// For those who see nothing yet: new viewers. Less would be slower, for libwebrtc ignores a request that comes within
    /// 300 ms of one that it obeyed (video/encoder_rtcp_feedback.cc); the rest is for jitter on the way. However many join at
    /// once, a publisher makes three keyframes a second for them.
    /// </summary>
    public static readonly TimeSpan DefaultFirstPictureInterval = TimeSpan.FromMilliseconds(330);

    private readonly TimeSpan _interval;
    private readonly TimeSpan _firstPictureInterval;
    private TimeSpan _pause;
    private Instant _lastSent;
    private Instant _due;
    private int _tries;
    private bool _everSent;

    /// <param name="interval">The shortest time between two requests.</param>
    /// <param name="firstPictureInterval">The same while somebody waits for a first picture.</param>
    public KeyFrameRequester(TimeSpan interval, TimeSpan firstPictureInterval)
    {
        _interval = interval;
        _firstPictureInterval = firstPictureInterval;
        _pause = interval;
        _due = Instant.Never;
    }

    /// <summary>When <see cref="Poll"/> has something to do.</summary>
    public readonly Instant NextTimeout => _due;

    /// <summary>Whether somebody waits for a keyframe.</summary>
    public readonly bool IsWaiting => _due != Instant.Never;

    /// <summary>Whether somebody waits who cannot even start.</summary>
    public readonly bool IsFirstPicture => _pause == _firstPictureInterval;

    /// <summary>Every wish so far is for somebody else to grant.</summary>
    public void Grant() => Rest();

    /// <summary>Somebody cannot go on without a keyframe.</summary>
    public void Request(Instant now)
    {
        var earliest = _everSent && now < _lastSent + _pause ? _lastSent + _pause : now;
        _due = Instant.Min(_due, earliest);
        _tries = 0;
    }

    /// <summary>Somebody cannot even start without a keyframe.</summary>
    public void RequestFirstPicture(Instant now)
    {
        _pause = _firstPictureInterval;
        Request(now);
    }

    /// <summary>A keyframe of the stream starts: every wish so far is granted.</summary>
    public void KeyFrameReceived() => Rest();

    /// <summary>Whether to send a PLI for the stream now.</summary>
    public bool Poll(Instant now)
    {
        if (now < _due)
        {
            return false;
        }

        if (_tries >= MaxTries)
        {
            Rest();
            return false;
        }

        _tries++;
        _everSent = true;
        _lastSent = now;

        // 1, 2, 4, then 8 pauses.
        _due = now + (_pause * (1 << Math.Min(_tries - 1, 3)));
        return true;
    }

    private void Rest()
    {
        _due = Instant.Never;
        _tries = 0;
        _pause = _interval;
    }
}

/// <summary>
/// Tells new full intra requests of one requester from repeats, which carry the same command number
/// (RFC 5104 section 4.3.1.2).
/// </summary>
public struct FirFilter
{
    private int _last;

    /// <summary>True when the number is not the last one seen.</summary>
    public bool IsNew(byte commandNumber)
    {
        var isNew = _last != commandNumber + 1;
        _last = commandNumber + 1;
        return isNew;
    }
}
