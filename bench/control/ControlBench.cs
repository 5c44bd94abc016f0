using System.Diagnostics;
using System.Text.Json;

namespace Nexus.Bench.Control;

/// <summary>
/// <c>bench control</c>: what people and rooms cost a silo, without media: joins per second of a core, messages and octets of a join, memory, one
/// large room, many rooms, and all of them idle; and how long a change takes to reach all clients of a room. The silo, its node's end of the
/// link, the gateway and who joins share the process: figures are of all of it.
/// </summary>
internal static class ControlBench
{
    public const string Help = """
          control: what people and rooms cost a silo [--json] [--people 4000] [--room 10] [--big 10000] [--rooms 10000] [--idle 20] [--clients 10000]
        """;

    private const int AtOnce = 32;
    private const int Weighed = 200;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static int Run(string[] arguments)
    {
        var options = ControlOptions.Parse(arguments);

        var result = MeasureAsync(options).GetAwaiter().GetResult();
        Console.WriteLine(options.Json ? JsonSerializer.Serialize(result, Json) : Text(result));
        return 0;
    }

    private static async Task<Result> MeasureAsync(ControlOptions options) => await MeasureSiloAsync(options) with { Changes = await RosterChanges.MeasureAsync(options.Clients) };

    private static async Task<Result> MeasureSiloAsync(ControlOptions options)
    {
        await using var rig = await ControlRig.StartAsync();
        await JoinAsync(rig, "warm", 1000, 10);
        var (calls, octets) = await WeighAsync(rig);
        var memory = ControlRig.Settled();
        var small = await JoinAsync(rig, "small", options.People, options.Room);
        var afterSmall = ControlRig.Settled();
        var big = await JoinAsync(rig, "big", options.Big, options.Big);
        var afterBig = ControlRig.Settled();
        var alone = await JoinAsync(rig, "alone", options.Rooms, 1);
        var afterAlone = ControlRig.Settled();
        var (idleCpu, idleCalls) = await IdleAsync(rig, options.IdleSeconds);
        return new(
            small with { KibPerPerson = Kib(afterSmall - memory, options.People) },
            big with { KibPerPerson = Kib(afterBig - afterSmall, options.Big) },
            alone with { KibPerPerson = Kib(afterAlone - afterBig, options.Rooms) },
            calls,
            octets,
            new Idle(1000 + Weighed + options.People + options.Big + options.Rooms, idleCpu, idleCalls),
            []);
    }

    /// <summary>One after the other, so that nothing else is under way.</summary>
    private static async Task<(double Calls, double Octets)> WeighAsync(ControlRig rig)
    {
        var before = rig.Calls.Count;
        rig.Calls.Weighs = true;
        await JoinAsync(rig, "weighed", Weighed, 10);
        rig.Calls.Weighs = false;
        var after = rig.Calls.Count;
        return (Math.Round((after.Calls - before.Calls) / (double)Weighed, 2), Math.Round((after.Octets - before.Octets) / (double)Weighed));
    }

    private static async Task<Joins> JoinAsync(ControlRig rig, string name, int people, int room)
    {
        var (cpu, wall) = (Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.GetTimestamp());
        await Parallel.ForAsync(0, people, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) => await rig.JoinAsync($"{name}-{i / room}", $"p{i}"));
        for (var first = 0; first < people; first += room)
        {
            await rig.SettledAsync($"{name}-{first / room}", Math.Min(room, people - first));
        }

        var took = Stopwatch.GetElapsedTime(wall);
        var spent = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        return new(people, room, Math.Round(people / spent.TotalSeconds), Math.Round(people / took.TotalSeconds), 0);
    }

    private static async Task<(double CpuPercent, double CallsPerSecond)> IdleAsync(ControlRig rig, int seconds)
    {
        await Task.Delay(TimeSpan.FromSeconds(5)); // what the joins led to is over
        var (cpu, calls) = (Process.GetCurrentProcess().TotalProcessorTime, rig.Calls.Count.Calls);
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        return (
            Math.Round((Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds / seconds * 100, 1),
            Math.Round((rig.Calls.Count.Calls - calls) / (double)seconds, 1));
    }

    private static double Kib(long octets, int people) => Math.Round(octets / 1024.0 / people, 1);

    private static string Text(Result result) => $"""
        joins                                per second of a core    per second    KiB each
          rooms of {result.Small.Room,-6}                    {result.Small.PerCpuSecond,10}    {result.Small.PerSecond,10}    {result.Small.KibPerPerson,8}
          one room of {result.Big.People,-6}                 {result.Big.PerCpuSecond,10}    {result.Big.PerSecond,10}    {result.Big.KibPerPerson,8}
          {result.Alone.People,-6} rooms of one              {result.Alone.PerCpuSecond,10}    {result.Alone.PerSecond,10}    {result.Alone.KibPerPerson,8}
        a join: {result.CallsPerJoin} messages to grains, {result.OctetsPerJoin} octets with their answers
        {result.Idle.People} idle people: {result.Idle.CpuPercent} % of a core, {result.Idle.CallsPerSecond} messages a second
        a change of the roster reaches all clients of a gateway
        {string.Join(Environment.NewLine, result.Changes.Select(c => $"  {c.Clients,6} clients: in {c.MedianMs} ms, at most {c.MostMs} ms, {c.CpuMicrosecondsPerClient} µs of a core for each"))}
        """;

    /// <param name="PerCpuSecond">Joins per second of processor time.</param>
    /// <param name="KibPerPerson">Of the managed heap, with what the node without media keeps of each.</param>
    private sealed record Joins(int People, int Room, double PerCpuSecond, double PerSecond, double KibPerPerson);

    private sealed record Idle(int People, double CpuPercent, double CallsPerSecond);

    private sealed record Result(Joins Small, Joins Big, Joins Alone, double CallsPerJoin, double OctetsPerJoin, Idle Idle, IReadOnlyList<RosterChange> Changes);
}
