using System.Text.Json;

namespace Nexus.Bench.Forward;

/// <summary>
/// <c>bench forward</c>. Rules: one thread, one core, real sockets on loopback; CPU time of that thread by the system's clock; a
/// publisher's burst waits in the kernel before each turn; receivers are emptied between turns; every case is checked first to
/// deliver authentic packets; medians of five.
/// </summary>
internal static class ForwardBench
{
    private const int Repeats = 5;
    private const long WarmUp = 200_000_000;

    public static int Run(string[] arguments)
    {
        if (!OperatingSystem.IsLinux())
        {
            Console.Error.WriteLine("bench forward measures Linux' segmented sends: it runs on Linux only");
            return 2;
        }

        var options = ForwardOptions.Parse(arguments);

        var result = new Result();
        foreach (var subscribers in options.Subscribers)
        {
            foreach (var burst in options.Bursts)
            {
                foreach (var gro in new[] { false, true })
                {
                    var measured = Measure(options, subscribers, burst, gro, result);
                    result.Cases.Add(measured);
                    Console.Error.WriteLine(measured);
                }
            }
        }

        Console.WriteLine(options.Json ? JsonSerializer.Serialize(result, Json) : Text(result));
        return 0;
    }

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static Case Measure(ForwardOptions options, int subscribers, int burst, bool gro, Result result)
    {
        var time = options.Milliseconds * 1_000_000L;
        using var receivers = new ReceiverSockets(subscribers, gro);
        using var forward = new ForwardCase(burst, options.Size, receivers);
        using var baselines = new Baselines(burst, options.Size, receivers);
        forward.Measure(WarmUp);
        forward.Check(gro);
        var allocated = long.MaxValue;
        var ns = Median(() =>
        {
            forward.ResetCounters();
            var each = forward.Measure(time);
            allocated = Math.Min(allocated, forward.Allocated);
            result.Gc += forward.Collections;
            return each;
        });
        baselines.MeasureFloor(WarmUp / 4);
        var floor = Median(() => baselines.MeasureFloor(time / 4));
        baselines.MeasureClassic(WarmUp / 4);
        var classic = Median(() => baselines.MeasureClassic(time / 4));
        result.AllocatedBytes += allocated;
        result.Seal = forward.Seal;
        return new Case(subscribers, burst, gro, Math.Round(ns, 1), Math.Round(floor, 1), Math.Round(classic, 1), (long)(1e9 / ns));
    }

    private static double Median(Func<double> measure)
    {
        var values = new double[Repeats];
        for (var i = 0; i < Repeats; i++)
        {
            values[i] = measure();
        }

        Array.Sort(values);
        return values[Repeats / 2];
    }

    private static string Text(Result result) =>
        $"{"subscribers",11} {"burst",6} {"gro",6} {"ns",8} {"floor",8} {"classic",8} {"packets/s/core",15}\n"
        + string.Join('\n', result.Cases.Select(c => $"{c.Subscribers,11} {c.Burst,6} {c.Gro,6} {c.Ns,8:F1} {c.FloorNs,8:F1} {c.ClassicNs,8:F1} {c.PpsPerCore,15}"))
        + $"\nallocated {result.AllocatedBytes} octets, {result.Gc} collections, sealed by {result.Seal}";

    private sealed record Case(int Subscribers, int Burst, bool Gro, double Ns, double FloorNs, double ClassicNs, long PpsPerCore);

    private sealed class Result
    {
        public List<Case> Cases { get; } = [];

        /// <summary>Of the best repeat of each case: what the runtime does once, at any time, is not the path's.</summary>
        public long AllocatedBytes { get; set; }

        public int Gc { get; set; }

        public string Seal { get; set; } = "";
    }
}
