namespace Nexus.Bench.Memory;

/// <summary>What <c>bench memory</c> measures.</summary>
internal sealed record MemoryOptions
{
    public int Viewers { get; init; } = 500;

    /// <summary>Packets a second of the publisher, 1100 octets each.</summary>
    public int Rate { get; init; } = 300;

    /// <summary>How long it sends, in virtual time.</summary>
    public int Seconds { get; init; } = 4;

    public bool Json { get; init; }

    /// <exception cref="FormatException">The message names the flag.</exception>
    public static MemoryOptions Parse(string[] arguments)
    {
        var options = new MemoryOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            var flag = arguments[i];
            options = flag switch
            {
                "--json" => options with { Json = true },
                "--viewers" => options with { Viewers = Number(flag, arguments, ++i) },
                "--rate" => options with { Rate = Number(flag, arguments, ++i) },
                "--seconds" => options with { Seconds = Number(flag, arguments, ++i) },
                _ => throw new FormatException($"unknown option {flag}"),
            };
        }

        return options;
    }

    private static int Number(string flag, string[] arguments, int i) =>
        i < arguments.Length && int.TryParse(arguments[i], out var number) && number is >= 1 and <= 20_000
            ? number
            : throw new FormatException($"{flag} needs a number from 1 to 20000");
}
