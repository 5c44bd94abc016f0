using System.Diagnostics.Metrics;
using Nexus.Link;
using Nexus.MediaNode.Quality;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Link.Metering;

/// <summary>How sessions fare, as distributions: from the snapshots that are taken anyway. Control thread only.</summary>
internal sealed class SessionMeasures
{
    /// <summary>Snapshots are sometimes taken out of turn.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(900);

    /// <summary>Fewer packets say nothing about loss.</summary>
    private const int Evidence = 20;

    private readonly KeyValuePair<string, object?> _node;
    private readonly Histogram<double> _handshake;
    private readonly Histogram<double> _firstMedia;
    private readonly Histogram<double> _roundTrip;
    private readonly Histogram<double> _loss;
    private readonly Histogram<double> _estimate;
    private readonly Histogram<double> _queueDelay;
    private readonly Histogram<double> _freeze;
    private readonly Counter<long> _overruns;

    public SessionMeasures(Meter meter, KeyValuePair<string, object?> node)
    {
        _node = node;
        _handshake = Create(
            meter,
            "dtls_handshake_duration",
            "s",
            "How long DTLS handshakes of clients took that ended well.",
            [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]);
        _firstMedia = Create(
            meter,
            "first_media_delay",
            "s",
            "From a session's start on the node to the first media packet that was forwarded to its client. Includes the wait for somebody to publish.",
            [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 60]);
        _roundTrip = Create(
            meter,
            "round_trip_time",
            "s",
            "Round trip between node and clients by their RTCP, one sample of each connected session a second.",
            [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2]);
        _loss = Create(
            meter,
            "packet_loss",
            "1",
            "Share of media packets lost on the way from clients (direction up) or to them (down), one sample of each connected session a second.",
            [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]);
        _estimate = Create(
            meter,
            "estimate_bits_per_second",
            "bit/s",
            "Estimated bandwidth towards clients that play something and are limited by it, one sample of each connected session a second.",
            [50e3, 100e3, 200e3, 350e3, 500e3, 750e3, 1e6, 1.5e6, 2.5e6, 5e6, 10e6, 25e6, 100e6]);
        _queueDelay = Create(
            meter,
            "queue_delay",
            "s",
            "How long packets wait in queues on the way to clients that say when packets arrived, one sample of each connected session a second.",
            [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]);
        _freeze = Create(
            meter,
            "freeze_duration",
            "s",
            "How long pictures stood still because nothing was forwarded to a client while the publisher sent: each freeze when it is over.",
            [0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30]);
        _overruns = meter.CreateCounter<long>(
            "receivers_overrun",
            "{overrun}",
            "How often a client got more than it can use for seconds: above its estimate (above_estimate), or without most of it arriving (not_received).");
    }

    /// <summary>Takes the next snapshot of a session, which is the session's already.</summary>
    public void Take(NodeSession session, SessionSnapshot? before, SessionSnapshot after)
    {
        if (before?.HandshakeTime is null && after.HandshakeTime is { } handshake)
        {
            _handshake.Record(handshake.TotalSeconds, _node);
        }

        if (before?.FirstMediaTime is null && after.FirstMediaTime is { } firstMedia)
        {
            _firstMedia.Record(firstMedia.TotalSeconds, _node);
        }

        if (after.Receiver is { } receiver)
        {
            RecordFreezes(before?.Receiver, receiver);
            if (session.Overrun.Update(receiver.Egress))
            {
                _overruns.Add(1, _node, new("reason", session.Overrun.State == Overrun.AboveEstimate ? "above_estimate" : "not_received"));
            }
        }

        if (session.State == SessionState.Connected && after.Path.At - session.Sampled.At >= Least)
        {
            Sample(session.Sampled, after.Path);
            Sample(after.Receiver);
            session.Sampled = after.Path;
        }
    }

    private static Histogram<double> Create(Meter meter, string name, string unit, string description, double[] bounds) =>
        meter.CreateHistogram(name, unit, description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    private void Sample(PathSnapshot from, PathSnapshot to)
    {
        if (to.RoundTrip is { } roundTrip)
        {
            _roundTrip.Record(roundTrip.TotalSeconds, _node);
        }

        if (from != PathSnapshot.None)
        {
            RecordLoss(from.Up, to.Up, "up");
            RecordLoss(from.Down, to.Down, "down");
        }
    }

    private void Sample(ReceiverSnapshot? receiver)
    {
        if (receiver?.Estimate is { } estimate)
        {
            _estimate.Record(estimate, _node);
        }

        if (receiver?.Egress.Acknowledged is not null)
        {
            _queueDelay.Record(receiver.QueueDelay.TotalSeconds, _node);
        }
    }

    /// <summary>Two that ended within a second count as two of the same length. A section that has gone takes its freezes with it.</summary>
    private void RecordFreezes(ReceiverSnapshot? before, ReceiverSnapshot after)
    {
        var ended = after.Freezes - (before?.Freezes ?? 0);
        var each = ended > 0 ? (after.Frozen - (before?.Frozen ?? TimeSpan.Zero)) / ended : TimeSpan.Zero;
        for (var i = 0; i < ended && each > TimeSpan.Zero; i++)
        {
            _freeze.Record(each.TotalSeconds, _node);
        }
    }

    private void RecordLoss(PathCounters from, PathCounters to, string direction)
    {
        if (to.Expected - from.Expected is var expected and >= Evidence)
        {
            _loss.Record(Math.Clamp((double)(to.Lost - from.Lost) / expected, 0, 1), _node, new("direction", direction));
        }
    }
}
