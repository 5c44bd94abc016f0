using System.Globalization;
using System.Text.Json;

namespace Nexus.Bench.Room;

/// <summary>CPU time of the loop for whole rooms, everything on: three layers, feedback, estimates, plans. On virtual time, without the system's sockets.</summary>
internal static class RoomBench
{
    public const string Help = """
          room: CPU time of one loop for rooms with layers, feedback and plans: 50 people who see each other, 1 seen by 1,000
                [--json] [--seconds 3]
                --spread: one publisher of 250 kbit/s, its viewers over several loops, in real time on real sockets; loss is counted
                [--viewers 3000] [--loops N: one per core] [--seconds 10]
        """;

    private const int FramesPerSecond = 30;
    private const int WarmUpSeconds = 4;

    private static readonly (string Name, int Publishers, int Viewers)[] Rooms = [("50 see each other", 50, 0), ("1 seen by 1000", 1, 1000)];

    public static int Run(string[] arguments)
    {
        if (arguments.Contains("--spread"))
        {
            return SpreadBench.Run(arguments);
        }

        var json = arguments.Contains("--json");
        var at = Array.IndexOf(arguments, "--seconds");
        var seconds = 3;
        if (at >= 0 && (at + 1 >= arguments.Length || !int.TryParse(arguments[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out seconds) || seconds is < 1 or > 60))
        {
            Console.Error.WriteLine("--seconds needs a number from 1 to 60");
            return 2;
        }

        var cases = Rooms.Select(r => Measure(r.Name, r.Publishers, r.Viewers, seconds)).ToArray();
        Console.WriteLine(json
            ? JsonSerializer.Serialize(new { cases })
            : string.Join('\n', cases.Select(c => $"{c.room,-20} {c.ns_per_packet,8:F0} ns/packet {c.packets_per_second,10} packets/s {c.core_share,6:F2} cores {c.allocated_bytes,8} bytes")));
        return 0;
    }

    private static RoomResult Measure(string name, int publishers, int viewers, int seconds)
    {
        using var rig = new RoomRig(publishers, viewers);
        for (var i = 0; i < WarmUpSeconds * FramesPerSecond; i++)
        {
            rig.RunFrame();
        }

        rig.ResetAllocated();
        var (forwarded, spent) = (rig.Loop.Counters.PacketsForwarded, 0L);
        for (var i = 0; i < seconds * FramesPerSecond; i++)
        {
            spent += rig.RunFrame();
        }

        forwarded = rig.Loop.Counters.PacketsForwarded - forwarded;
        return new RoomResult(
            name, (double)spent / forwarded, forwarded / seconds, spent / 1e9 / seconds, rig.Allocated);
    }

    // Field names are those of the JSON.
#pragma warning disable IDE1006, SA1300
    private sealed record RoomResult(string room, double ns_per_packet, long packets_per_second, double core_share, long allocated_bytes);
#pragma warning restore IDE1006, SA1300
}
