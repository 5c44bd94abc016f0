using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Congestion;
using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Session;

/// <summary>
/// Carries out what <see cref="LayerAllocator"/> decides for one client: asks it when something has changed, and in a while when the
/// last plan left somebody short. Loop's thread; allocates only when more videos are played than ever before.
/// </summary>
internal sealed class SessionAllocation(MediaSession session, BandwidthEstimator estimator)
{
    // Far more than any path carries, and far from where sums overflow.
    private const long Unlimited = 1L << 50;

    /// <summary>Estimates change with each feedback; plans need not.</summary>
    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>While somebody is short of something, or little is known.</summary>
    private static readonly TimeSpan ShortInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>For so long after the pacer had to drop a picture, what flows is not taken for carried.</summary>
    private static readonly TimeSpan HeldBackFor = TimeSpan.FromSeconds(1);

    /// <summary>While all have what they wish: publishers' bitrates change.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly List<DownTrack> _gathered = [];
    private VideoWish[] _videos = [];
    private VideoAllocation[] _plan = [];
    private AllocationState _state;
    private long _bitrate = Unlimited;
    private bool _hasFirstProbeEnded;
    private Instant _heldBackUntil = Instant.Zero;
    private Instant _last = Instant.Zero;
    private long _sentAudio;
    private Instant _audioSince = Instant.Zero;
    private long _audioBitrate;

    public Instant NextTimeout { get; private set; } = Instant.Never;

    /// <summary>What the plan comes to.</summary>
    public ref readonly AllocationState State => ref _state;

    private bool IsShort => _state.Wanted > 0 || _state.Paused > 0 || _state.Planned > _bitrate || !_hasFirstProbeEnded;

    /// <summary>The estimate is another: plans anew soon, when that can make a difference.</summary>
    public void Consider(Instant now)
    {
        var bitrate = estimator.Bitrate ?? Unlimited;
        var isLess = bitrate < _bitrate && bitrate < _state.Planned * 5 / 4;
        if (isLess || (bitrate > _bitrate && _state.Wanted > 0) || _hasFirstProbeEnded != estimator.HasFirstProbeEnded)
        {
            RunSoon(now);
        }
    }

    /// <summary>
    /// Pictures waited so long for the pacer that they were dropped: more flows than the estimate lets leave, whatever the line says, which
    /// gets to see none of it.
    /// </summary>
    public void HandleHeldBack(Instant now)
    {
        _heldBackUntil = now + HeldBackFor;
        RunSoon(now);
    }

    public void Run(Instant now)
    {
        var count = Gather(now);
        if (count == 0)
        {
            (NextTimeout, _last) = (Instant.Never, now);
            estimator.SetWanted(0);
            return;
        }

        _bitrate = estimator.Bitrate ?? Unlimited;
        _hasFirstProbeEnded = estimator.HasFirstProbeEnded;
        var input = new AllocationInput(now, _bitrate, AudioBitrate(now, out var voices))
        {
            AudioTracks = voices,
            Loss = estimator.ExcessLossRatioAt(now),
            IsUnproven = !_hasFirstProbeEnded,
            Ceiling = session.Limits.MaxBitrate,
            MostVideos = session.Limits.MostVideos,
            IsCarried = now >= _heldBackUntil && estimator.LimitedBy is EstimateLimit.None or EstimateLimit.ApplicationLimited,
        };
        _state = LayerAllocator.Plan(input, _state, _videos.AsSpan(0, count), _plan.AsSpan(0, count));
        _last = now;
        var isFree = _bitrate == Unlimited && input.Ceiling == 0;
        NextTimeout = isFree ? Instant.Never : now + (IsShort ? ShortInterval : Interval);
        estimator.SetWanted(Math.Max(_state.Wanted, _state.Planned)); // what is sent already is to be proven too
        estimator.ConsiderInSilence(now);
        Carry(now);
    }

    private void RunSoon(Instant now)
    {
        var next = _last + LeastInterval;
        NextTimeout = Instant.Min(NextTimeout, next > now ? next : now);
    }

    private int Gather(Instant now)
    {
        _gathered.Clear();
        foreach (var downTrack in session.Sender.DownTracks)
        {
            var count = _gathered.Count;
            if (downTrack.Source?.Ladder is not { } ladder || count == LayerAllocator.MostSubscriptions)
            {
                continue;
            }

            if (count == _videos.Length)
            {
                Array.Resize(ref _videos, Math.Max(4, 2 * count));
                Array.Resize(ref _plan, Math.Max(4, 2 * count));
            }

            var wish = downTrack.FeasibleWish;
            var speakerRank = downTrack.Source.Source.SpeakerRank;
            _plan[count] = downTrack.Allocation;
            _gathered.Add(downTrack);
            _videos[count] = new VideoWish(wish.Encoding is { } single ? ladder.OfSingle(now, single) : ladder.Of(now))
            {
                Layer = wish.Layer,
                Width = wish.Width,
                Height = wish.Height,
                Priority = PriorityOf(downTrack, speakerRank),
                SpeakerRank = speakerRank,
            };
        }

        return _gathered.Count;
    }

    private void Carry(Instant now)
    {
        for (var next = 0; next < _gathered.Count; next++)
        {
            var downTrack = _gathered[next];
            if (_plan[next].Reason == AllocationReason.Bandwidth && downTrack.Wish.MustFlow)
            {
                // A client that would rather see it stutter than stand still.
                ref readonly var lowest = ref _videos[next].Ladder.Steps[0];
                _plan[next] = new VideoAllocation(AllocationReason.Flows, lowest.Target, lowest.Rank, lowest.Bitrate, Instant.Zero);
            }

            Count(downTrack.Allocation, _plan[next]);
            var (before, after) = (downTrack.Allocation.Reason, _plan[next].Reason);
            downTrack.Allocation = _plan[next];
            downTrack.FollowAllocation(now);
            if (before != after && (IsWithheld(before) || IsWithheld(after)))
            {
                session.Loop.Marks.MarkChanged(session); // the client is to be told
            }
        }
    }

    private static bool IsWithheld(AllocationReason reason) => reason is AllocationReason.Bandwidth or AllocationReason.Silent;

    private void Count(in VideoAllocation before, in VideoAllocation after)
    {
        var counters = session.Loop.Counters;
        if (before.Reason != after.Reason)
        {
            counters.VideosPaused += after.Reason == AllocationReason.Bandwidth ? 1 : 0;
        }
        else if (after.Reason == AllocationReason.Flows && before.Target != after.Target)
        {
            var change = (after.Rank, after.Target.TemporalId).CompareTo((before.Rank, before.Target.TemporalId));
            counters.LayersRaised += change > 0 ? 1 : 0;
            counters.LayersLowered += change < 0 ? 1 : 0;
        }
    }

    private static VideoPriority PriorityOf(DownTrack downTrack, ushort speakerRank) => downTrack.Wish.Priority switch
    {
        0 when downTrack.Source!.Plan.IsScreen => VideoPriority.ScreenShare,
        0 when speakerRank == 0 => VideoPriority.Speaker,
        > 170 => VideoPriority.Pinned,
        _ => VideoPriority.Normal,
    };

    /// <summary>Over the last half second at least.</summary>
    private long AudioBitrate(Instant now, out int voices)
    {
        var window = now - _audioSince;
        var sent = 0L;
        voices = 0;
        foreach (var downTrack in session.Sender.DownTracks)
        {
            if (downTrack.Plan.Kind == MediaKind.Audio)
            {
                sent += downTrack.OctetsSent;
                voices += downTrack.Source is { Muted: false } ? 1 : 0;
            }
        }

        if (window < TimeSpan.FromMilliseconds(500))
        {
            return _audioBitrate;
        }

        _audioBitrate = _audioSince == Instant.Zero ? 0 : (long)(Math.Max(0, sent - _sentAudio) * 8 / window.TotalSeconds);
        (_sentAudio, _audioSince) = (sent, now);
        return _audioBitrate;
    }
}
