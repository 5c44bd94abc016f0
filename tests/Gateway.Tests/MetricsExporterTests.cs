using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Gateway.Health;

namespace Nexus.Gateway.Tests;

/// <summary>From instruments to Prometheus' text.</summary>
public sealed class MetricsExporterTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MetricsExporter _exporter;
    private readonly Meter _meter;

    public MetricsExporterTests()
    {
        _exporter = new(_services.GetRequiredService<IMeterFactory>());
        _meter = _services.GetRequiredService<IMeterFactory>().Create("Nexus.Test");
    }

    public void Dispose()
    {
        _exporter.Dispose();
        _services.Dispose();
    }

    [Fact]
    public void Counters_add_up_and_end_in_total()
    {
        var counter = _meter.CreateCounter<int>("things", "{thing}", "Things.");
        counter.Add(2);
        counter.Add(3);
        Assert.Equal("# HELP nexus_things_total Things.\n# TYPE nexus_things_total counter\nnexus_things_total 5\n", Lines("nexus_things"));
    }

    [Fact]
    public void Units_are_base_units_in_the_name()
    {
        _meter.CreateObservableGauge("wait", () => 250, "ms", "Wait.");
        _meter.CreateCounter<long>("read_bytes", "By", "Read.").Add(7);
        Assert.Contains("nexus_wait_seconds 0.25\n", _exporter.Export());
        Assert.Contains("nexus_read_bytes_total 7\n", _exporter.Export());
    }

    [Fact]
    public void A_label_is_escaped_and_its_name_is_snake_case()
    {
        _meter.CreateCounter<long>("x", null, "X.").Add(1, new KeyValuePair<string, object?>("someLabel.name", "a\"b\\c\nd"));
        Assert.Contains("nexus_x_total{some_label_name=\"a\\\"b\\\\c\\nd\"} 1\n", _exporter.Export());
    }

    [Fact]
    public void A_histogram_has_buckets_sum_and_count()
    {
        var histogram = _meter.CreateHistogram("took", "s", "Took.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        Array.ForEach([0.05, 0.1, 0.5, 3], histogram.Record);
        Assert.Equal(
            "# HELP nexus_took_seconds Took.\n# TYPE nexus_took_seconds histogram\n" +
            "nexus_took_seconds_bucket{le=\"0.1\"} 2\nnexus_took_seconds_bucket{le=\"1\"} 3\nnexus_took_seconds_bucket{le=\"+Inf\"} 4\n" +
            "nexus_took_seconds_sum 3.65\nnexus_took_seconds_count 4\n",
            Lines("nexus_took"));
    }

    [Fact]
    public void What_is_observed_no_more_is_told_no_more()
    {
        List<Measurement<int>> now = [new(1, new KeyValuePair<string, object?>("node", "a")), new(2, new KeyValuePair<string, object?>("node", "b"))];
        _meter.CreateObservableUpDownCounter("seen", () => now, null, "Seen.");
        Assert.Contains("nexus_seen{node=\"a\"} 1\nnexus_seen{node=\"b\"} 2\n", _exporter.Export());
        now.RemoveAt(0);
        Assert.Equal("# HELP nexus_seen Seen.\n# TYPE nexus_seen gauge\nnexus_seen{node=\"b\"} 2\n", Lines("nexus_seen"));
    }

    [Fact]
    public void Ups_and_downs_are_a_gauge_and_a_set_value_is_the_last()
    {
        var open = _meter.CreateUpDownCounter<int>("open", null, "Open.");
        open.Add(3);
        open.Add(-1);
        var level = _meter.CreateGauge<double>("level", null, "Level.");
        level.Record(7);
        level.Record(0.5);
        Assert.Contains("# TYPE nexus_open gauge\nnexus_open 2\n", _exporter.Export());
        Assert.Contains("nexus_level 0.5\n", _exporter.Export());
    }

    [Fact]
    public void Two_meters_with_one_name_are_two_families()
    {
        _meter.CreateCounter<int>("same").Add(1);
        _services.GetRequiredService<IMeterFactory>().Create("Nexus.Other").CreateCounter<int>("same").Add(5);
        Assert.Contains("nexus_same_total 1\n", _exporter.Export());
        Assert.Contains("nexus_other_same_total 5\n", _exporter.Export());
    }

    [Fact]
    public void Meters_of_another_host_in_the_process_and_of_strangers_are_not_ours()
    {
        using ServiceProvider other = new ServiceCollection().AddMetrics().BuildServiceProvider();
        other.GetRequiredService<IMeterFactory>().Create("Nexus.Test").CreateCounter<int>("foreign").Add(1);
        _services.GetRequiredService<IMeterFactory>().Create("Stranger").CreateCounter<int>("strange").Add(1);
        Assert.DoesNotContain("foreign", _exporter.Export());
        Assert.DoesNotContain("strange", _exporter.Export());
    }

    [Fact]
    public async Task Counting_from_many_threads_loses_nothing_and_labels_do_not_fill_the_memory()
    {
        var counter = _meter.CreateCounter<long>("busy", null, "Busy.");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                counter.Add(1, new KeyValuePair<string, object?>("k", i % 16));
            }
        })));
        double[] values = [.. Lines("nexus_busy").Split('\n').Where(l => l.StartsWith("nexus_busy", StringComparison.Ordinal)).Select(l => double.Parse(l.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal((16, 80_000), (values.Length, values.Sum()));

        var flood = _meter.CreateCounter<long>("flood", null, "Flood.");
        for (int i = 0; i < 5_000; i++)
        {
            flood.Add(1, new KeyValuePair<string, object?>("k", i));
        }

        Assert.Equal(2_000, Lines("nexus_flood").Split('\n').Count(l => l.StartsWith("nexus_flood", StringComparison.Ordinal)));
    }

    private string Lines(string family) => string.Concat(_exporter.Export().Split('\n').Where(l => l.Contains(family, StringComparison.Ordinal)).Select(l => l + "\n"));
}
