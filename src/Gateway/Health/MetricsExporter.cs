using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace Nexus.Gateway.Health;

/// <summary>
/// Everything that this process measures, as Prometheus' text format 0.0.4: our meters, and those of Kestrel, Orleans and the runtime.
/// Listens from its construction on. Thread-safe.
/// </summary>
public sealed class MetricsExporter : IDisposable
{
    private static readonly string[] Meters =
        ["Nexus.", "Microsoft.AspNetCore.", "Microsoft.Orleans", "System.Runtime"];

    private static readonly double[] Seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    private static readonly double[] Anything = [0.01, 0.1, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

    private readonly IMeterFactory _factory;
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _owners = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, MetricFamily> _observed = new(StringComparer.Ordinal);
    private readonly Lock _collecting = new();

    /// <param name="factory">Whose meters are this host's: another host in the process has its own.</param>
    public MetricsExporter(IMeterFactory factory)
    {
        _factory = factory;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (IsWanted(instrument.Meter))
            {
                listener.EnableMeasurementEvents(instrument, FamilyOf(instrument));
            }
        };
        _listener.SetMeasurementEventCallback<byte>((i, value, tags, state) => Take(i, value, tags, state));
        _listener.SetMeasurementEventCallback<short>((i, value, tags, state) => Take(i, value, tags, state));
        _listener.SetMeasurementEventCallback<int>((i, value, tags, state) => Take(i, value, tags, state));
        _listener.SetMeasurementEventCallback<long>((i, value, tags, state) => Take(i, value, tags, state));
        _listener.SetMeasurementEventCallback<float>((i, value, tags, state) => Take(i, value, tags, state));
        _listener.SetMeasurementEventCallback<double>((i, value, tags, state) => Take(i, value, tags, state));
        _listener.SetMeasurementEventCallback<decimal>((i, value, tags, state) => Take(i, (double)value, tags, state));
        _listener.Start();
    }

    /// <summary>All families by name, as they are now.</summary>
    public string Export()
    {
        lock (_collecting)
        {
            foreach (MetricFamily family in _observed.Values)
            {
                family.BeginRound();
            }

            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (MetricFamily family in _families.Values.OrderBy(f => f.Name, StringComparer.Ordinal))
            {
                family.WriteTo(text);
            }

            return text.ToString();
        }
    }

    public void Dispose() => _listener.Dispose();

    private bool IsWanted(Meter meter) =>
        (meter.Scope is null || ReferenceEquals(meter.Scope, _factory)) && Meters.Any(m => meter.Name.StartsWith(m, StringComparison.Ordinal));

    private MetricFamily FamilyOf(Instrument instrument)
    {
        MetricKind kind = KindOf(instrument);
        (string name, double scale) = MetricNames.Of(instrument.Meter.Name, instrument.Name, instrument.Unit, kind);
        string help = string.IsNullOrWhiteSpace(instrument.Description) ? $"{instrument.Name} of {instrument.Meter.Name}." : instrument.Description;
        if (_owners.GetOrAdd(name, instrument.Meter.Name) != instrument.Meter.Name)
        {
            // two meters with one name for two things: the later one says whose it is, so that neither is lost in the other
            (name, scale) = MetricNames.Of(instrument.Meter.Name, $"{instrument.Meter.Name.Split('.')[^1]}_{instrument.Name}", instrument.Unit, kind);
        }

        MetricFamily family = _families.GetOrAdd(name, _ => new MetricFamily(name, kind, help, scale, kind == MetricKind.Histogram ? Bounds(instrument, scale, name) : []));
        if (instrument.IsObservable)
        {
            _observed.TryAdd(name, family);
        }

        return family;
    }

    private static MetricKind KindOf(Instrument instrument)
    {
        string type = instrument.GetType().Name;
        return type.StartsWith("Histogram", StringComparison.Ordinal) ? MetricKind.Histogram
            : type.StartsWith("Counter", StringComparison.Ordinal) || type.StartsWith("ObservableCounter", StringComparison.Ordinal) ? MetricKind.Counter
            : MetricKind.Gauge;
    }

    private static double[] Bounds(Instrument instrument, double scale, string name)
    {
        IEnumerable<double>? advised = instrument switch
        {
            Histogram<double> h => h.Advice?.HistogramBucketBoundaries,
            Histogram<long> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b),
            Histogram<int> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b),
            _ => null,
        };
        return advised?.Select(b => b * scale).ToArray() ?? (name.EndsWith("_seconds", StringComparison.Ordinal) ? Seconds : Anything);
    }

    private static void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        var family = (MetricFamily)state!;
        if (instrument.IsObservable || instrument.GetType().Name.StartsWith("Gauge", StringComparison.Ordinal))
        {
            family.Set(value, tags);
        }
        else if (instrument.GetType().Name.StartsWith("Histogram", StringComparison.Ordinal))
        {
            family.Observe(value, tags);
        }
        else
        {
            family.Add(value, tags);
        }
    }
}
