namespace Nexus.MediaNode.Receiving;

/// <summary>
/// Decides when a publisher is asked for a keyframe of one stream (one SSRC, that is one simulcast layer). The first wish is
/// passed on at once; those within the interval after a request are answered by one more at its end, unless a keyframe has come
/// meanwhile. A request that no keyframe follows is repeated, with growing pauses, and given up after a while; the next wish
/// starts anew. PLI and FIR from subscribers, new subscriptions, and lost repairs all are wishes.
/// </summary>
public struct KeyFrameRequester
{
    /// <summary>Requests without a keyframe until the source is taken for silent.</summary>
    public const int MaxTries = 10;

    public static readonly TimeSpan DefaultInterval = TimeSpan.FromMilliseconds(500);

    private readonly TimeSpan _interval;
    private Instant _lastSent;
    private Instant _due;
    private int _tries;
    private bool _everSent;

    /// <param name="interval">The shortest time between two requests.</param>
    public KeyFrameRequester(TimeSpan interval)
    {
        _interval = interval;
        _due = Instant.Never;
    }

    /// <summary>When <see cref="Poll"/> has something to do.</summary>
    public readonly Instant NextTimeout => _due;

    /// <summary>Whether somebody waits for a keyframe.</summary>
    public readonly bool IsWaiting => _due != Instant.Never;

    /// <summary>Somebody cannot go on without a keyframe.</summary>
    public void Request(Instant now)
    {
        var earliest = _everSent && now < _lastSent + _interval ? _lastSent + _interval : now;
        _due = Instant.Min(_due, earliest);
        _tries = 0;
    }

    /// <summary>A keyframe of the stream starts: every wish so far is granted.</summary>
    public void KeyFrameReceived()
    {
        _due = Instant.Never;
        _tries = 0;
    }

    /// <summary>Whether to send a PLI for the stream now.</summary>
    public bool Poll(Instant now)
    {
        if (now < _due)
        {
            return false;
        }

        if (_tries >= MaxTries)
        {
            _due = Instant.Never;
            return false;
        }

        _tries++;
        _everSent = true;
        _lastSent = now;

        // 1, 2, 4, then 8 intervals.
        _due = now + (_interval * (1 << Math.Min(_tries - 1, 3)));
        return true;
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
