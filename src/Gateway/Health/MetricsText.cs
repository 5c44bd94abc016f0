using System.Globalization;
using System.Text;

namespace Nexus.Gateway.Health;

/// <summary>Writes Prometheus' text format 0.0.4: each family once, its HELP and TYPE before its samples.</summary>
public sealed class MetricsText
{
    private readonly SortedDictionary<string, (string Type, string Help, List<string> Samples)> _families = new(StringComparer.Ordinal);

    /// <summary>A value that goes up and down.</summary>
    public void Gauge(string name, string help, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Add(name, "gauge", help, value, labels);

    /// <summary>A value that only goes up; its name ends in <c>_total</c>.</summary>
    public void Counter(string name, string help, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Add(name, "counter", help, value, labels);

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (name, (type, help, samples)) in _families)
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
            text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
            samples.ForEach(sample => text.Append(sample).Append('\n'));
        }

        return text.ToString();
    }

    private void Add(string name, string type, string help, double value, ReadOnlySpan<(string Name, string Value)> labels)
    {
        var sample = new StringBuilder(name);
        for (int i = 0; i < labels.Length; i++)
        {
            sample.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"").Append(Escape(labels[i].Value)).Append('"');
        }

        sample.Append(labels.Length > 0 ? "} " : " ").Append(value.ToString("R", CultureInfo.InvariantCulture));
        if (!_families.TryGetValue(name, out var family))
        {
            _families[name] = family = (type, help, []);
        }

        family.Samples.Add(sample.ToString());
    }

    private static string Escape(string value) => value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
}

/// <summary>Adds metrics to <c>/metrics</c>; all that are registered are asked at each scrape.</summary>
public interface IMetricsSource
{
    Task Write(MetricsText metrics);
}
