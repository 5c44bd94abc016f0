using System.Globalization;
using System.Text;

namespace Nexus.TestKit.Congestion;

/// <summary>
/// Draws a <see cref="CongestedCall"/> as SVG: rates above, the line's queue below. Coordinates are whole numbers, so that one run is one
/// text on every machine.
/// </summary>
public static class CallPicture
{
    private const int Width = 900;
    private const int Height = 420;
    private const int Left = 60;
    private const int Right = 880;
    private const int RateTop = 40;
    private const int RateBottom = 260;
    private const int QueueTop = 300;
    private const int QueueBottom = 390;
    private const int LeastQueueMilliseconds = 100;

    public static string Draw(string title, IReadOnlyList<CallSample> samples)
    {
        var seconds = samples[^1].Seconds;
        var mostRate = RoundUp(samples.Max(s => Math.Max(Math.Max(s.Capacity, s.Estimate ?? 0), s.Other)) * 11 / 10);
        var mostQueue = RoundUp(Math.Max(LeastQueueMilliseconds, (long)samples.Max(s => s.Queue.TotalMilliseconds)));
        var svg = new StringBuilder();
        Line(svg, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" font-family="sans-serif" font-size="12" fill="none">""");
        Line(svg, $"""<rect width="{Width}" height="{Height}" fill="#fff"/>""");
        Line(svg, $"""<text x="{Left}" y="20" fill="#000" font-size="14">{title}</text>""");
        DrawAxis(svg, RateTop, RateBottom, mostRate, rate => $"{rate / 1000} kbit/s");
        DrawAxis(svg, QueueTop, QueueBottom, mostQueue, queue => $"{queue} ms");
        for (var second = 0; second <= seconds; second += seconds > 60 ? 20 : seconds > 30 ? 10 : 5)
        {
            var x = X(second, seconds);
            Line(svg, $"""<path d="M{x} {RateTop}V{QueueBottom}" stroke="#eee"/><text x="{x}" y="{QueueBottom + 16}" fill="#555" text-anchor="middle">{second} s</text>""");
        }

        int Rate(long? rate) => Y(rate ?? 0, mostRate, RateTop, RateBottom);
        if (samples.Any(s => s.Other != 0))
        {
            Curve(svg, samples, "#9a9", 1, s => Rate(s.Other));
        }

        Curve(svg, samples, "#bcd", 1, s => Rate(s.Sent));
        Steps(svg, samples, s => Rate(s.Capacity));
        Curve(svg, samples, "#06c", 2, s => Rate(s.Estimate));
        Curve(svg, samples, "#c40", 1, s => Y((long)s.Queue.TotalMilliseconds, mostQueue, QueueTop, QueueBottom));
        DrawLegend(svg, samples.Any(s => s.Other != 0));
        Line(svg, $"</svg>");
        return svg.ToString();
    }

    private static void DrawAxis(StringBuilder svg, int top, int bottom, long most, Func<long, string> label)
    {
        for (var i = 0; i <= 2; i++)
        {
            var y = Y(most * i / 2, most, top, bottom);
            Line(svg, $"""<path d="M{Left} {y}H{Right}" stroke="#ddd"/><text x="{Left - 4}" y="{y + 4}" fill="#555" text-anchor="end" font-size="9">{label(most * i / 2)}</text>""");
        }
    }

    private static void DrawLegend(StringBuilder svg, bool other)
    {
        (string Name, string Colour)[] entries =
            [("capacity", "#000"), ("estimate", "#06c"), ("sent", "#bcd"), ("queue", "#c40"), .. other ? [("TCP-like flow", "#9a9")] : Array.Empty<(string, string)>()];
        for (var i = 0; i < entries.Length; i++)
        {
            var x = 420 + (i * 90);
            Line(svg, $"""<path d="M{x} 16h16" stroke="{entries[i].Colour}" stroke-width="2"/><text x="{x + 20}" y="20" fill="#000">{entries[i].Name}</text>""");
        }
    }

    private static void Curve(StringBuilder svg, IReadOnlyList<CallSample> samples, string colour, int width, Func<CallSample, int> y)
    {
        var points = string.Join(' ', samples.Select(s => $"{X(s.Seconds, samples[^1].Seconds)},{y(s)}"));
        Line(svg, $"""<polyline points="{points}" stroke="{colour}" stroke-width="{width}"/>""");
    }

    private static void Steps(StringBuilder svg, IReadOnlyList<CallSample> samples, Func<CallSample, int> y)
    {
        var path = new StringBuilder($"M{Left} {y(samples[0])}");
        for (var i = 1; i < samples.Count; i++)
        {
            if (samples[i].Capacity != samples[i - 1].Capacity)
            {
                path.Append(CultureInfo.InvariantCulture, $"H{X(samples[i].Seconds, samples[^1].Seconds)}V{y(samples[i])}");
            }
        }

        Line(svg, $"""<path d="{path}H{Right}" stroke="#000" stroke-dasharray="4 2"/>""");
    }

    private static void Line(StringBuilder svg, FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static int X(double second, double seconds) => Left + (int)(second * (Right - Left) / seconds);

    private static int Y(long value, long most, int top, int bottom) => bottom - (int)(Math.Min(value, most) * (bottom - top) / most);

    // The next 1, 2 or 5 times a power of ten.
    private static long RoundUp(long value)
    {
        for (long power = 1; ; power *= 10)
        {
            foreach (var digit in (ReadOnlySpan<int>)[1, 2, 5])
            {
                if (digit * power >= value)
                {
                    return digit * power;
                }
            }
        }
    }
}
