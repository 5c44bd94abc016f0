using Nexus.Bench;
using Nexus.Bench.Control;
using Nexus.Bench.Forward;
using Nexus.Bench.Memory;
using Nexus.Bench.Room;

// Native benchmarks, by name; those driven by browsers are scripts of their own (see build/bench.sh).
try
{
    return args switch
    {
        ["control", .. var options] => ControlBench.Run(options),
        ["forward", .. var options] => ForwardBench.Run(options),
        ["memory", .. var options] => MemoryBench.Run(options),
        ["room", .. var options] => RoomBench.Run(options),
        ["--help"] or [] => Help(0),
        _ => Help(2),
    };
}
catch (FlagException e)
{
    Console.Error.WriteLine($"bench {args[0]}: {e.Message}");
    return 2;
}

static int Help(int exitCode)
{
    (exitCode == 0 ? Console.Out : Console.Error).WriteLine(ControlBench.Help + Environment.NewLine + ForwardOptions.Help + Environment.NewLine + MemoryBench.Help + Environment.NewLine + RoomBench.Help);
    return exitCode;
}
