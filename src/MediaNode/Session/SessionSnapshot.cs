using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Quality;
using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Session;

/// <summary>What a session is doing, as told to the control side. Immutable.</summary>
public sealed record SessionSnapshot(
    string Id, ImmutableArray<TrackSnapshot> Tracks, ImmutableArray<SubscriptionDescription> Subscriptions)
{
    /// <param name="isMeasured">With <see cref="Measured"/>.</param>
    internal static SessionSnapshot Of(MediaSession session, Instant now, bool isMeasured = false)
    {
        var path = PathOf(session, now);
        return new(
            session.Id,
            [.. session.Receiver.Tracks.Select(t => TrackSnapshot.Of(t, now))],
            [.. session.Sender.DownTracks.Where(d => d.Source is not null).Select(d => Describe(d, now))])
        {
            Path = path,
            Receiver = session.Congestion is { } congestion ? ReceiverSnapshot.Of(session, congestion, now) : null,
            HandshakeTime = session.Transport.Dtls.HandshakeTime,
            FirstMediaTime = session.FirstMediaAt == Instant.Never ? null : session.FirstMediaAt - session.AppliedAt,
            Measured = isMeasured ? SessionMeasurement.Of(session, path, now) : null,
        };
    }

    /// <summary>How its packets fare.</summary>
    public PathSnapshot Path { get; init; } = PathSnapshot.None;

    /// <summary>What goes to it; null while it never played anything.</summary>
    public ReceiverSnapshot? Receiver { get; init; }

    /// <summary>All that is measured of it; null where it was not asked for.</summary>
    public SessionMeasured? Measured { get; init; }

    /// <summary>How long its DTLS handshake took; null before its end.</summary>
    public TimeSpan? HandshakeTime { get; init; }

    /// <summary>From its making to the first packet that was forwarded to it; null before.</summary>
    public TimeSpan? FirstMediaTime { get; init; }

    private static PathSnapshot PathOf(MediaSession session, Instant now)
    {
        PathCounters up = default, down = default;
        foreach (var statistics in session.Receiver.Tracks.SelectMany(t => t.Streams).Select(s => s.Statistics).OfType<ReceiveStatistics>())
        {
            up = up.With(statistics.PacketsExpected, statistics.PacketsLost, statistics.Jitter);
        }

        foreach (var downTrack in session.Sender.DownTracks)
        {
            down = down.With(downTrack.Reported.Expected, downTrack.Reported.Lost, downTrack.Reported.Jitter);
        }

        return new(now, session.HeardAt, up, down, session.RoundTrip.IsMeasured ? session.RoundTrip.Value : null);
    }

    /// <summary>Says what flows, or why nothing does; the first reason on the packet's way counts.</summary>
    private static SubscriptionDescription Describe(DownTrack downTrack, Instant now)
    {
        var source = downTrack.Source!;
        var encoding = downTrack.CurrentEncoding;
        var reason =
            downTrack.Subscriber.State switch
            {
                SessionState.New or SessionState.Disconnected => ReasonCodes.NoIce,
                SessionState.Connecting => ReasonCodes.NoDtls,
                _ => null,
            }
            ?? (downTrack.IsResting(now) ? ReasonCodes.Internal : null)
            ?? (source.Muted ? ReasonCodes.Muted : null)
            ?? downTrack.Allocation.Reason switch
            {
                AllocationReason.Bandwidth => ReasonCodes.Bandwidth,
                AllocationReason.Silent => ReasonCodes.NotSpeaking,
                _ => null,
            }
            ?? (source.IsFlowing(now) ? null : ReasonCodes.NoSourcePackets)
            ?? (encoding < 0 ? ReasonCodes.NoKeyFrame : null);
        var layer = encoding < 0 ? null
            : source.Ladder is { SpatialLayers: > 1 and var layers } ? TrackSnapshot.NameOf(downTrack.CurrentSpatialId, layers)
            : source.Plan.Rids[encoding];
        return new(source.Sid, downTrack.Plan.Mid, reason switch { null => "active", ReasonCodes.Bandwidth or ReasonCodes.NotSpeaking => "paused", _ => "waiting" }, layer, reason);
    }
}

/// <summary>How what goes to a client fares, for distributions and warnings.</summary>
/// <param name="Estimate">As the estimator has it, proven or not; null while nothing limits.</param>
/// <param name="Freezes">Of all it plays, those that are over.</param>
/// <param name="Frozen">How long they took together.</param>
public sealed record ReceiverSnapshot(EgressSample Egress, long? Estimate, TimeSpan QueueDelay, long Freezes, TimeSpan Frozen)
{
    internal static ReceiverSnapshot Of(MediaSession session, SessionCongestion congestion, Instant now)
    {
        var (freezes, frozen) = (0L, TimeSpan.Zero);
        foreach (var downTrack in session.Sender.DownTracks)
        {
            freezes += downTrack.Counts.Freezes.Ended;
            frozen += downTrack.Counts.Freezes.Frozen;
        }

        return new(SessionMeasurement.EgressOf(congestion, now), congestion.Estimator.Bitrate, congestion.Estimator.QueueDelay, freezes, frozen);
    }
}

/// <summary>What a section publishes and its layers, low to high.</summary>
public sealed record TrackSnapshot(string Mid, bool Muted, ImmutableArray<LayerDescription> Layers)
{
    /// <summary>How a spatial layer inside one encoding is called, which has no rid of its own: as a wish names it.</summary>
    internal static string NameOf(int spatial, int layers) => (spatial, layers) switch
    {
        ( >= 3, _) or (_, > 3) => $"s{spatial}",
        (0, _) => "low",
        (1, 3) => "middle",
        _ => "high",
    };

    internal static TrackSnapshot Of(PublishedTrack track, Instant now) =>
        new(track.Plan.Mid, track.Muted, track.Ladder is { SpatialLayers: > 1 } ladder ? SpatialLayersOf(track, ladder, now) : EncodingsOf(track, now));

    private static ImmutableArray<LayerDescription> SpatialLayersOf(PublishedTrack track, TrackLadder ladder, Instant now)
    {
        var layers = ImmutableArray.CreateBuilder<LayerDescription>(ladder.SpatialLayers);
        for (var spatial = 0; spatial < ladder.SpatialLayers; spatial++)
        {
            var (width, height) = ladder.SizeOf(spatial);
            var bitrate = ladder.BitrateOf(now, spatial);
            layers.Add(new LayerDescription(NameOf(spatial, ladder.SpatialLayers), width, height, bitrate, track.IsFlowing(now) && bitrate > 0));
        }

        return layers.MoveToImmutable();
    }

    private static ImmutableArray<LayerDescription> EncodingsOf(PublishedTrack track, Instant now)
    {
        var layers = ImmutableArray.CreateBuilder<LayerDescription>(track.Streams.Length);
        for (var rank = 0; rank < track.Streams.Length; rank++)
        {
            var encoding = track.Ranking.EncodingOf(rank);
            var (width, height) = track.Ranking.Sizes[encoding];
            var bitrate = track.Streams[encoding].Statistics?.BitsPerSecond(now) ?? 0;
            var active = (track.ActiveEncodings & (1u << encoding)) != 0 && bitrate > 0;
            layers.Add(new LayerDescription(track.Plan.Rids[encoding], width, height, bitrate, active));
        }

        return layers.MoveToImmutable();
    }
}
