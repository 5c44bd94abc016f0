using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Nexus.MediaNode.Link.Metering;

namespace Nexus.TestKit.Diagnostics;

/// <summary>One measurement of an instrument.</summary>
public sealed record Metered(Instrument Instrument, double Value, IReadOnlyDictionary<string, object?> Tags)
{
    public string? Tag(string name) => Tags.GetValueOrDefault(name)?.ToString();
}

/// <summary>Listens to one node's meter, as an exporter does. Thread-safe.</summary>
public sealed class MeterReader : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<Metered> _measured = new();
    private readonly string _node;

    public MeterReader(string node)
    {
        _node = node;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == NodeMeter.Name)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Take(i, value, tags));
        _listener.SetMeasurementEventCallback<int>((i, value, tags, _) => Take(i, value, tags));
        _listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Take(i, value, tags));
        _listener.Start();
    }

    /// <summary>Collects counters and gauges; what histograms recorded since the last call comes along.</summary>
    public IReadOnlyList<Metered> Read()
    {
        _listener.RecordObservableInstruments();
        var measured = _measured.ToArray();
        _measured.Clear();
        return measured;
    }

    public void Dispose() => _listener.Dispose();

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var measured = new Metered(instrument, value, tags.ToArray().ToDictionary(t => t.Key, t => t.Value));
        if (measured.Tag("node") == _node)
        {
            _measured.Enqueue(measured);
        }
    }
}
