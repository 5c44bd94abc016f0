using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.Gateway.Telemetry;

/// <summary>One stream of a report. Ratios 0 to 1, times in ms, rates in bit/s.</summary>
public sealed record StreamQuality(string TrackSid, string Kind, double Bps, double Loss, double JitterMs)
{
    public string? Rid { get; init; }

    public string? Codec { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    public double? Fps { get; init; }

    public double? AudioLevel { get; init; }

    public string? LimitedBy { get; init; }

    public int? Freezes { get; init; }

    public double? FreezeMs { get; init; }

    public double? ConcealedMs { get; init; }

    public int? FramesDropped { get; init; }
}

/// <summary>What one client said of the last second, checked.</summary>
public sealed record QualitySample
{
    public required DateTimeOffset At { get; init; }

    public required string Tenant { get; init; }

    public required string Room { get; init; }

    public required string ParticipantSid { get; init; }

    public required string Session { get; init; }

    public required QualityLabel Label { get; init; }

    public double IntervalMs { get; init; }

    public double? RttMs { get; init; }

    public string? Transport { get; init; }

    public double? AvailableOutBps { get; init; }

    public double? AvailableInBps { get; init; }

    public ImmutableArray<StreamQuality> Up { get; init; } = [];

    public ImmutableArray<StreamQuality> Down { get; init; } = [];

    /// <summary>The worst stream counts: one frozen picture is what the user sees.</summary>
    public static QualityLabel LabelOf(double? rttMs, IEnumerable<StreamQuality> streams)
    {
        double loss = streams.Select(s => s.Loss).DefaultIfEmpty().Max();
        return loss > 0.05 || rttMs > 300 ? QualityLabel.Poor
            : loss < 0.01 && !(rttMs >= 150) ? QualityLabel.Good
            : QualityLabel.Fair;
    }
}

/// <summary>Takes what clients report. Must not block; what it cannot take it drops and counts.</summary>
public interface ITelemetrySink
{
    void Write(QualitySample sample);
}

/// <summary>Keeps the latest samples in memory. Thread-safe.</summary>
public sealed class RecentTelemetry : ITelemetrySink
{
    public const int Capacity = 20_000;

    private readonly Lock _gate = new();
    private readonly Queue<QualitySample> _samples = new();

    public void Write(QualitySample sample)
    {
        lock (_gate)
        {
            _samples.Enqueue(sample);
            if (_samples.Count > Capacity)
            {
                _samples.Dequeue();
            }
        }
    }

    /// <summary>Oldest first.</summary>
    public ImmutableArray<QualitySample> Of(string participantSid)
    {
        lock (_gate)
        {
            return [.. _samples.Where(s => s.ParticipantSid == participantSid)];
        }
    }
}
