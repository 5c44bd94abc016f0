using Nexus.Link;
using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Congestion;
using Nexus.MediaNode.Quality;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Session;

/// <summary>Gathers all that is measured of a session, for who asks. Loop's thread.</summary>
internal static class SessionMeasurement
{
    public static SessionMeasured Of(MediaSession session, PathSnapshot path, Instant now) => new()
    {
        Transport = new(
            path.RoundTrip?.TotalMilliseconds,
            Of(path.Up),
            Of(path.Down),
            session.Congestion is { } congestion ? Of(congestion, session.Loop.Limits, now) : null),
        Layers = [.. session.Receiver.Tracks.SelectMany(t => Enumerable.Range(0, t.Streams.Length).Select(rank => Of(t, t.Ranking.EncodingOf(rank))))],
        Subscriptions = [.. session.Sender.DownTracks.Where(d => d.Source is not null).Select(d => Of(d, now))],
    };

    /// <summary>What the control side judges each second.</summary>
    public static EgressSample EgressOf(SessionCongestion congestion, Instant now)
    {
        var estimator = congestion.Estimator;
        return new(
            now,
            estimator.SentRate(now),
            estimator.HasFirstProbeEnded ? estimator.Bitrate : null,
            congestion.HasTransportFeedback && estimator.AcknowledgedRate != 0 ? estimator.AcknowledgedRate : null);
    }

    /// <summary>The loss of the last seconds is the control side's to know.</summary>
    private static PathMeasured Of(in PathCounters path) => new(0, path.Jitter.TotalMilliseconds, path.Expected, path.Lost);

    private static LayerMeasured Of(PublishedTrack track, int encoding)
    {
        var stream = track.Streams[encoding];
        return new(
            track.Plan.Mid,
            track.Plan.Rids[encoding],
            stream.Statistics?.PacketsExpected ?? 0,
            Math.Max(0, stream.Statistics?.PacketsLost ?? 0),
            stream.Statistics?.Jitter.TotalMilliseconds ?? 0,
            stream.NacksSent,
            stream.PacketsRepaired,
            stream.KeyFramesAsked);
    }

    private static ReceiverMeasured Of(SessionCongestion congestion, ReceiverLimits limits, Instant now)
    {
        var estimator = congestion.Estimator;
        ref readonly var plan = ref congestion.Allocation;
        return new()
        {
            Estimate = limits.MaxBitrate == 0 ? estimator.Bitrate : Math.Min(estimator.Bitrate ?? long.MaxValue, limits.MaxBitrate),
            LimitedBy = limits.MaxBitrate != 0 && (plan.IsAtCeiling || !(estimator.Bitrate < limits.MaxBitrate)) ? EstimateLimits.Ceiling : NameOf(estimator.LimitedBy),
            QueueDelayMs = estimator.QueueDelay.TotalMilliseconds,
            Loss = Math.Round(estimator.LossRatio, 4),
            Sent = estimator.SentRate(now),
            Acknowledged = congestion.HasTransportFeedback ? estimator.AcknowledgedRate : null,
            Planned = plan.Planned,
            Wanted = plan.Wanted,
            Paused = plan.Paused,
            Probes = estimator.Probes,
            PaddingOctets = estimator.PaddingOctets,
        };
    }

    private static SubscriptionMeasured Of(DownTrack downTrack, Instant now)
    {
        ref var counts = ref downTrack.Counts;
        var measured = new SubscriptionMeasured
        {
            TrackSid = downTrack.Source!.Sid,
            Mid = downTrack.Plan.Mid,
            Bitrate = counts.Rate.BitsPerSecond(now),
            Packets = downTrack.Reported.Expected,
            Lost = downTrack.Reported.Lost,
            JitterMs = downTrack.Reported.Jitter.TotalMilliseconds,
            Nacks = counts.Nacks,
            Repeats = counts.Repeats,
            KeyFrameRequests = counts.KeyFrameRequests,
            Dropped = counts.Dropped,
            Freezes = counts.Freezes.Count,
            FrozenMs = (long)counts.Freezes.Frozen.TotalMilliseconds,
            LikelyFreezes = counts.Freezes.Likely,
        };
        return downTrack.Source.Ladder?.Of(now) is { Count: > 0 } ladder ? WithWish(measured, downTrack, ladder) : measured;
    }

    /// <summary>Says what it is short of.</summary>
    private static SubscriptionMeasured WithWish(SubscriptionMeasured measured, DownTrack downTrack, LayerLadder ladder)
    {
        ref readonly var given = ref downTrack.Allocation;
        var wish = new VideoWish(ladder) { Layer = downTrack.Wish.Layer, Width = downTrack.Wish.Width, Height = downTrack.Wish.Height };
        var (ceiling, step) = (LayerCeiling.Of(wish, LossLevel.None), given.Reason switch
        {
            AllocationReason.Flows => ladder.Find(given.Rank, given.Target.TemporalId),
            AllocationReason.Bandwidth => -1,
            _ => int.MaxValue,
        });
        if (step >= ceiling)
        {
            return measured;
        }

        var byLoss = step >= 0 && step >= LayerCeiling.Of(wish, downTrack.Subscriber.Congestion?.Allocation.Loss ?? LossLevel.None);
        return measured with
        {
            LimitedBy = byLoss ? "loss" : "bandwidth",
            WishedLayer = downTrack.Source!.Plan.Rids[ladder.Steps[ceiling].Target.Encoding],
            Needs = ladder.Steps[step + 1].Bitrate,
        };
    }

    private static string NameOf(EstimateLimit limit) => limit switch
    {
        EstimateLimit.Delay => EstimateLimits.Delay,
        EstimateLimit.Loss => EstimateLimits.Loss,
        EstimateLimit.ApplicationLimited => EstimateLimits.ApplicationLimited,
        EstimateLimit.MaxBitrate => EstimateLimits.MaxBitrate,
        EstimateLimit.NoFeedback => EstimateLimits.NoFeedback,
        _ => EstimateLimits.None,
    };
}
