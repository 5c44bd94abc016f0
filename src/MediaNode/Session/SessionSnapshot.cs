using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Quality;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Session;

/// <summary>What a session is doing, as told to the control side. Immutable.</summary>
public sealed record SessionSnapshot(
    string Id, ImmutableArray<TrackSnapshot> Tracks, ImmutableArray<SubscriptionDescription> Subscriptions)
{
    internal static SessionSnapshot Of(MediaSession session, Instant now) => new(
        session.Id,
        [.. session.Receiver.Tracks.Select(t => TrackSnapshot.Of(t, now))],
        [.. session.Sender.DownTracks.Where(d => d.Source is not null).Select(d => Describe(d, now))])
    {
        Path = PathOf(session, now),
        HandshakeTime = session.Transport.Dtls.HandshakeTime,
        FirstMediaTime = session.FirstMediaAt == Instant.Never ? null : session.FirstMediaAt - session.AppliedAt,
    };

    /// <summary>How its packets fare.</summary>
    public PathSnapshot Path { get; init; } = PathSnapshot.None;

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
            ?? (source.IsFlowing(now) ? null : ReasonCodes.NoSourcePackets)
            ?? (encoding < 0 ? ReasonCodes.NoKeyFrame : null);
        var layer = encoding < 0 ? null : source.Plan.Rids[encoding];
        return new(source.Sid, downTrack.Plan.Mid, reason is null ? "active" : "waiting", layer, reason);
    }
}

/// <summary>A published track and its layers, low to high.</summary>
public sealed record TrackSnapshot(string Sid, bool Muted, ImmutableArray<LayerDescription> Layers)
{
    internal static TrackSnapshot Of(PublishedTrack track, Instant now)
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

        return new(track.Sid, track.Muted, layers.MoveToImmutable());
    }
}
