using Nexus.Bench.Forward;

// Native benchmarks, by name; those driven by browsers are scripts of their own (see build/bench.sh).
return args switch
{
    ["forward", .. var options] => ForwardBench.Run(options),
    ["--help"] or [] => Help(0),
    _ => Help(2),
};

static int Help(int exitCode)
{
    (exitCode == 0 ? Console.Out : Console.Error).WriteLine(ForwardOptions.Help);
    return exitCode;
}
