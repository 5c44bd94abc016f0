using System.Globalization;
using System.Text;

namespace Nexus.Gateway.Health;

internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>
/// One metric family: its series by labels. Measurements come from any thread; a series that exists is found without a lock and
/// without garbage.
/// </summary>
internal sealed class MetricFamily(string name, MetricKind kind, string help, double scale, double[] bounds)
{
    /// <summary>Series of one family. Whoever makes labels of what comes from outside must not fill the memory.</summary>
    private const int MostSeries = 2000;

    private readonly Lock _gate = new();
    private Series[] _series = [];
    private int[] _hashes = [];

    public string Name => name;

    /// <summary>Measurements that found no place among the <see cref="MostSeries"/>.</summary>
    public long Lost;

    public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => Find(tags)?.Add(value * scale);

    public void Set(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => Find(tags)?.Set(value * scale);

    public void Observe(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => Find(tags)?.Observe(value * scale);

    /// <summary>Before observable instruments are asked: what they no longer say is no more.</summary>
    public void BeginRound()
    {
        foreach (Series series in Volatile.Read(ref _series))
        {
            series.IsSaid = false;
        }
    }

    /// <summary>Nothing when there is nothing to say.</summary>
    public void WriteTo(StringBuilder text)
    {
        Series[] said = [.. Volatile.Read(ref _series).Where(s => s.IsSaid)];
        if (said.Length == 0)
        {
            return;
        }

        text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ').Append(kind.ToString().ToLowerInvariant()).Append('\n');
        foreach (Series series in said)
        {
            series.WriteTo(text, name, bounds);
        }
    }

    private Series? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        int hash = Hash(tags);
        Series[] series = Volatile.Read(ref _series);
        return Find(series, hash, tags) ?? Make(hash, tags);
    }

    private Series? Find(Series[] series, int hash, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        int[] hashes = Volatile.Read(ref _hashes);
        int count = Math.Min(series.Length, hashes.Length);
        for (int i = 0; i < count; i++)
        {
            if (hashes[i] == hash && series[i].Is(tags))
            {
                return series[i];
            }
        }

        return null;
    }

    private Series? Make(int hash, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
        {
            if (Find(_series, hash, tags) is { } made)
            {
                return made;
            }

            if (_series.Length >= MostSeries)
            {
                Lost++;
                return null;
            }

            var series = new Series(tags.ToArray(), kind == MetricKind.Histogram ? bounds : null);
            Volatile.Write(ref _hashes, [.. _hashes, hash]); // first: the shorter of both counts
            Volatile.Write(ref _series, [.. _series, series]);
            return series;
        }
    }

    private static int Hash(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        int hash = tags.Length;
        foreach (ref readonly KeyValuePair<string, object?> tag in tags)
        {
            hash = (hash * 31) + (tag.Key.GetHashCode(StringComparison.Ordinal) ^ (tag.Value?.GetHashCode() ?? 0));
        }

        return hash;
    }

    private sealed class Series
    {
        private readonly KeyValuePair<string, object?>[] _tags;
        private readonly string _labels;
        private readonly long[]? _buckets;
        private double _value;

        public Series(KeyValuePair<string, object?>[] tags, double[]? bounds)
        {
            _tags = tags;
            _labels = string.Join(',', tags.Select(t => $"{MetricNames.Label(t.Key)}=\"{Escape(Convert.ToString(t.Value, CultureInfo.InvariantCulture) ?? "")}\""));
            _buckets = bounds is null ? null : new long[bounds.Length + 1];
            Bounds = bounds;
        }

        /// <summary>False for what an observable instrument no longer says.</summary>
        public volatile bool IsSaid;

        private double[]? Bounds { get; }

        public bool Is(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.Length != _tags.Length)
            {
                return false;
            }

            for (int i = 0; i < tags.Length; i++)
            {
                if (tags[i].Key != _tags[i].Key || !Equals(tags[i].Value, _tags[i].Value))
                {
                    return false;
                }
            }

            return true;
        }

        public void Add(double value)
        {
            double before = Volatile.Read(ref _value);
            while (Interlocked.CompareExchange(ref _value, before + value, before) is var seen && !seen.Equals(before))
            {
                before = seen;
            }

            IsSaid = true;
        }

        public void Set(double value)
        {
            Volatile.Write(ref _value, value);
            IsSaid = true;
        }

        public void Observe(double value)
        {
            int bucket = 0;
            while (bucket < Bounds!.Length && value > Bounds[bucket])
            {
                bucket++;
            }

            Interlocked.Increment(ref _buckets![bucket]);
            Add(value);
        }

        public void WriteTo(StringBuilder text, string name, double[] bounds)
        {
            if (_buckets is null)
            {
                Line(text, name, _labels, Volatile.Read(ref _value));
                return;
            }

            string comma = _labels.Length > 0 ? "," : "";
            long total = 0;
            for (int i = 0; i < _buckets.Length; i++)
            {
                total += Volatile.Read(ref _buckets[i]);
                string least = i < bounds.Length ? Number(bounds[i]) : "+Inf";
                Line(text, name + "_bucket", $"{_labels}{comma}le=\"{least}\"", total);
            }

            Line(text, name + "_sum", _labels, Volatile.Read(ref _value));
            Line(text, name + "_count", _labels, total);
        }

        private static void Line(StringBuilder text, string name, string labels, double value)
        {
            text.Append(name);
            if (labels.Length > 0)
            {
                text.Append('{').Append(labels).Append('}');
            }

            text.Append(' ').Append(Number(value)).Append('\n');
        }

        private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf"
            : double.IsNegativeInfinity(value) ? "-Inf"
            : value.ToString("R", CultureInfo.InvariantCulture);

        private static string Escape(string value) => value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
    }
}
