namespace Nexus.Bench.Memory;

/// <summary>What <c>bench memory</c> measures.</summary>
internal sealed record MemoryOptions
{
    private const int Most = 20_000;

    public int Viewers { get; init; } = 500;

    /// <summary>Packets a second of the publisher, 1100 octets each.</summary>
    public int Rate { get; init; } = 300;

    /// <summary>How long it sends, in virtual time.</summary>
    public int Seconds { get; init; } = 4;

    public bool Json { get; init; }

    /// <exception cref="FlagException">The message names the flag.</exception>
    public static MemoryOptions Parse(string[] arguments)
    {
        var options = new MemoryOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            var flag = arguments[i];
            options = flag switch
            {
                "--json" => options with { Json = true },
                "--viewers" => options with { Viewers = Flags.Number(flag, arguments, ++i, Most) },
                "--rate" => options with { Rate = Flags.Number(flag, arguments, ++i, Most) },
                "--seconds" => options with { Seconds = Flags.Number(flag, arguments, ++i, Most) },
                _ => throw new FlagException($"unknown option {flag}"),
            };
        }

        return options;
    }
}
