using Nexus.MediaNode;
using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Congestion;
using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.TestKit.Congestion;

/// <summary>
/// A camera in three simulcast layers, of which a <see cref="CongestedCall"/> sends what the production allocator plans, every 200 ms
/// and after each change, beginning with a keyframe. Its bitrates wander as an encoder's do.
/// </summary>
public sealed class SimulcastCamera
{
    // A keyframe is so much larger than another picture.
    private const int KeyFrameShare = 4;
    private const double Wanders = 0.15;

    private static readonly long[] Bitrates = [119_000, 396_000, 1_320_000];
    private static readonly TimeSpan PlansEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan PlansAtMostEvery = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan KeyFrameComesAfter = TimeSpan.FromMilliseconds(100);

    private readonly Random _random;
    private readonly VideoAllocation[] _plan = new VideoAllocation[1];
    private readonly LayerLadder _ladder = new();
    private AllocationState _state;
    private Instant _planned = Instant.Zero;
    private Instant _now = Instant.Zero;
    private Instant _switches = Instant.Never;
    private int _sent = -1;
    private double _wander;

    public SimulcastCamera(int seed = 1)
    {
        _random = new Random(seed);
        Source = new CallSource
        {
            FrameRate = 15,
            Plans = Plan,
            Video = _ => Next(),
            Wanted = _ => Math.Max(_state.Wanted, _state.Planned),
        };
    }

    /// <summary>For the call that shows this camera.</summary>
    public CallSource Source { get; }

    /// <summary>The layer that is sent, 0 the lowest; -1 while none is.</summary>
    public int Layer => _sent;

    private void Plan(Instant now, BandwidthEstimator estimator)
    {
        _now = now;
        if (now - _planned < PlansAtMostEvery || (now - _planned < PlansEvery && estimator.Bitrate > _state.Planned * 5 / 4 && _state.Wanted == 0))
        {
            return;
        }

        _planned = now;
        _wander = Math.Clamp(_wander + ((_random.NextDouble() - 0.5) * Wanders / 4), -Wanders, Wanders);
        _ladder.Clear(Bitrates.Length);
        for (var i = 0; i < Bitrates.Length; i++)
        {
            _ladder.Add(new LayerTarget((sbyte)i, 0, LayerTarget.Highest), i, (long)(Bitrates[i] * (1 + _wander)), 320 << i, 180 << i);
        }

        var before = RankOf(_plan[0]);
        var input = new AllocationInput(now, estimator.Bitrate ?? 1L << 50, Source.Audio)
        {
            Loss = estimator.ExcessLossRatioAt(now),
            IsUnproven = !estimator.HasFirstProbeEnded,
            IsCarried = estimator.LimitedBy is EstimateLimit.None or EstimateLimit.ApplicationLimited,
        };
        _state = LayerAllocator.Plan(input, _state, [new VideoWish(_ladder)], _plan);
        var layer = RankOf(_plan[0]);
        if (layer != before)
        {
            _switches = now + KeyFrameComesAfter;
        }
    }

    private long Next()
    {
        var isKey = _now >= _switches;
        if (isKey)
        {
            (_sent, _switches) = (RankOf(_plan[0]), Instant.Never);
        }

        return _sent < 0 ? 0 : (long)(Bitrates[_sent] * (1 + _wander)) * (isKey ? KeyFrameShare : 1);
    }

    private static int RankOf(in VideoAllocation plan) => plan.Reason == AllocationReason.Flows ? plan.Rank : -1;
}
