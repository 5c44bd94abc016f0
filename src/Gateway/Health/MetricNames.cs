using System.Text;

namespace Nexus.Gateway.Health;

/// <summary>
/// What an instrument is called in Prometheus' format: snake case, base units in the name, <c>_total</c> on counters. Ours are named in
/// plain words (<c>packets_received</c> of <c>Nexus.MediaNode</c> is <c>nexus_packets_received_total</c>).
/// </summary>
internal static class MetricNames
{
    private const string OwnMeters = "Nexus.";

    private static readonly string[] TypeWords = ["counter", "gauge", "histogram", "summary"];

    public static (string Name, double Scale) Of(string meter, string instrument, string? unit, MetricKind kind)
    {
        var words = Snake(instrument).Split('_', StringSplitOptions.RemoveEmptyEntries).Where(w => !TypeWords.Contains(w)).ToList();
        if (meter.StartsWith(OwnMeters, StringComparison.Ordinal))
        {
            words.Insert(0, "nexus");
        }

        while (words.Count > 1 && words[^1] is "count" or "total" or "sum" or "bucket")
        {
            words.RemoveAt(words.Count - 1);
        }

        (string? suffix, double scale) = Unit(unit);
        if (suffix is not null && words[^1] != suffix)
        {
            words.Add(suffix);
        }

        if (kind == MetricKind.Counter)
        {
            words.Add("total");
        }

        return (string.Join('_', words), scale);
    }

    public static string Label(string tag) => Snake(tag) is var name && (name is "le" or "quantile" || name.StartsWith("__", StringComparison.Ordinal)) ? "tag_" + name : name;

    private static (string? Suffix, double Scale) Unit(string? unit) => unit switch
    {
        "s" => ("seconds", 1),
        "ms" => ("seconds", 1e-3),
        "us" => ("seconds", 1e-6),
        "ns" => ("seconds", 1e-9),
        "By" or "bytes" => ("bytes", 1),
        "KB" => ("bytes", 1024),
        "MB" => ("bytes", 1024 * 1024),
        "%" => ("ratio", 0.01),
        _ => (null, 1),
    };

    /// <summary>Lower case, words by underscores, nothing else.</summary>
    private static string Snake(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        for (int i = 0; i < name.Length; i++)
        {
            char c = name[i];
            if (char.IsAsciiLetterUpper(c))
            {
                if (i > 0 && !char.IsAsciiLetterUpper(name[i - 1]) && text.Length > 0 && text[^1] != '_')
                {
                    text.Append('_');
                }

                text.Append(char.ToLowerInvariant(c));
            }
            else
            {
                text.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
            }
        }

        return text.Length > 0 && char.IsAsciiDigit(text[0]) ? "_" + text : text.ToString();
    }
}
