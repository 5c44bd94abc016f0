namespace Nexus.MediaNode.Allocation;

/// <summary>What a receiver's video may take, and what may rise in it, by the estimates and losses of now and of late.</summary>
internal readonly struct AllocationBudget
{
    /// <summary>What a layer must have beyond its bitrate before it is risen to.</summary>
    private const double MarginShare = 0.18;

    /// <summary>Below it room is left for audio that is silent just now.</summary>
    private const long AudioFirstBelow = 500_000;

    // Who is heard at once, and what speech takes with headers.
    private const int VoicesAtOnce = 3;
    private const long VoiceBitrate = 40_000;

    // A path that wobbles by a tenth to both sides must not pass for one that recovered.
    private const double Recovery = 1.25;
    private const double NearFloor = 1.05;

    private const double LossThatLowers = 0.05;
    private const double LossThatFloors = 0.15;
    private const double LossThatEnds = 0.03;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(32);
    private static readonly TimeSpan BetweenRestores = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LossMemory = TimeSpan.FromSeconds(5);

    private readonly AllocationInput _input;
    private readonly AllocationState _previous;
    private readonly long _ceiling;
    private readonly long _available;
    private readonly long _floor;
    private readonly Instant _floorAt;

    public AllocationBudget(in AllocationInput input, in AllocationState previous)
    {
        _input = input;
        _previous = previous;
        _ceiling = input.Ceiling > 0 ? input.Ceiling : long.MaxValue;
        _available = Math.Max(0, Math.Min(input.Estimate, _ceiling));
        AudioReserve = _available < AudioFirstBelow
            ? Math.Max(input.AudioBitrate, Math.Min(input.AudioTracks, VoicesAtOnce) * VoiceBitrate)
            : input.AudioBitrate;
        Video = Math.Max(0, _available - AudioReserve);
        Loss = NextLoss(input, previous);
        (_floor, _floorAt) = NextFloor(input.Now, _available, previous);
        Rise = _floor > 0 ? Math.Min(Video, Math.Max(0, _floor - AudioReserve)) : Video;
        MayRise = !previous.IsStarted || (input.Loss <= LossThatLowers && input.Now >= previous.RaiseFrom);
    }

    public LossLevel Loss { get; }

    /// <summary>What is left for audio.</summary>
    public long AudioReserve { get; }

    /// <summary>What all video together may take.</summary>
    public long Video { get; }

    /// <summary>The same for whatever rises: it must have held for some time.</summary>
    public long Rise { get; }

    public bool MayRise { get; }

    /// <summary>Nothing is known of this receiver yet: what fits is taken.</summary>
    public bool IsFirst => !_previous.IsStarted;

    public bool IsUnproven => _input.IsUnproven;

    public Instant Now => _input.Now;

    /// <summary>Nobody else was restored just now.</summary>
    public bool MayRestore => MayRise && Now - _previous.RestoredAt >= BetweenRestores;

    /// <summary>What all video together may take, where it has <paramref name="held"/> and that is carried.</summary>
    public long VideoWith(long held) => _input.IsCarried ? Math.Max(Video, Math.Min(held, _ceiling - AudioReserve)) : Video;

    /// <summary>What a layer must have beyond its bitrate now, and what a rise will need next time.</summary>
    public long MarginOf(long bitrate) => IsFirst ? 0 : MarginOfRise(bitrate);

    public static long MarginOfRise(long bitrate) => (long)(bitrate * MarginShare);

    public static bool HasPausedLongEnough(Instant now, Instant pausedAt) => now - pausedAt >= ShortestPause;

    /// <summary>What the next call goes on from.</summary>
    /// <param name="isLowered">Something had to be lowered or paused because it did not fit any more.</param>
    public AllocationState Next(long video, long nextRise, int paused, bool isLowered, bool isRaised, bool isRestored)
    {
        var needed = AudioReserve + video + nextRise;

        // Where something had to be lowered, a rise takes the proof that the path has become wider.
        var proof = _floor > 0 ? Math.Max(needed, (long)(_floor * Recovery) + 1) : needed;
        var state = _previous with
        {
            IsStarted = true,
            Planned = _input.AudioBitrate + video,
            Wanted = nextRise > 0 && needed <= _ceiling ? Math.Min(proof, _ceiling) : 0,
            IsAtCeiling = nextRise > 0 && needed > _ceiling,
            Paused = paused,
            Loss = Loss,
            LossChangedAt = _input.Loss > LossThatLowers || Loss != _previous.Loss ? Now : _previous.LossChangedAt,
            Floor = _floor,
            FloorAt = _floorAt,
            RaisedAt = isRaised ? Now : _previous.RaisedAt,
            RestoredAt = isRestored ? Now : _previous.RestoredAt,
        };
        return isLowered ? Lowered(state) : state;
    }

    /// <summary>
    /// What was lowered soon after it rose had risen in vain: the next try waits twice as long. Once per rise: a path that goes
    /// down in steps is no reason to wait longer.
    /// </summary>
    private AllocationState Lowered(in AllocationState state)
    {
        var inVain = state.RaisedAt != Instant.Zero && Now - state.RaisedAt < Memory;
        var pause = inVain ? state.Pause * 2 : Now < state.RaiseFrom ? state.Pause : ShortestPause;
        pause = TimeSpan.FromTicks(Math.Clamp(pause.Ticks, ShortestPause.Ticks, LongestPause.Ticks));
        return state with { Floor = _available, FloorAt = Now, Pause = pause, RaiseFrom = Now + pause, RaisedAt = Instant.Zero };
    }

    private static (long Floor, Instant At) NextFloor(Instant now, long available, in AllocationState previous)
    {
        if (previous.Floor == 0 || available >= previous.Floor * Recovery)
        {
            return (0, Instant.Zero);
        }

        var floor = Math.Min(previous.Floor, available);
        var at = available <= floor * NearFloor ? now : previous.FloorAt;
        return now - at > Memory ? (0, Instant.Zero) : (floor, at);
    }

    private static LossLevel NextLoss(in AllocationInput input, in AllocationState previous) => input.Loss switch
    {
        > LossThatFloors => LossLevel.Lowest,
        > LossThatLowers => previous.Loss == LossLevel.None ? LossLevel.OneLower : previous.Loss,
        < LossThatEnds when previous.Loss != LossLevel.None && input.Now - previous.LossChangedAt >= LossMemory => previous.Loss - 1,
        _ => previous.Loss,
    };
}
