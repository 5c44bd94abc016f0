namespace Nexus.Bench.Forward;

/// <summary>What <c>bench forward</c> measures.</summary>
internal sealed record ForwardOptions
{
    public const string Help = """
          forward: CPU time of the forwarding thread per forwarded packet [--json] [--subscribers 10,50,200] [--bursts 1,10]
                   [--size 1200] [--milliseconds 300]
        """;

    public int[] Subscribers { get; init; } = [10, 50, 200];

    /// <summary>Packets of the publisher per turn: what has queued up when the loop comes to it.</summary>
    public int[] Bursts { get; init; } = [1, 10];

    /// <summary>Octets of UDP payload of each packet as the publisher sends it.</summary>
    public int Size { get; init; } = 1200;

    /// <summary>CPU time per measurement; each is taken five times, the median counts.</summary>
    public int Milliseconds { get; init; } = 300;

    public bool Json { get; init; }

    /// <exception cref="FlagException">The message names the flag.</exception>
    public static ForwardOptions Parse(string[] arguments)
    {
        var options = new ForwardOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            var flag = arguments[i];
            options = flag switch
            {
                "--json" => options with { Json = true },
                "--subscribers" => options with { Subscribers = Numbers(flag, arguments, ++i) },
                "--bursts" => options with { Bursts = Numbers(flag, arguments, ++i) },
                "--size" => options with { Size = Numbers(flag, arguments, ++i)[0] },
                "--milliseconds" => options with { Milliseconds = Numbers(flag, arguments, ++i)[0] },
                _ => throw new FlagException($"unknown option {flag}"),
            };
        }

        return options.Size is < 200 or > 1400 ? throw new FlagException("--size must be 200 to 1400") : options;
    }

    private static int[] Numbers(string flag, string[] arguments, int i)
    {
        var parts = i < arguments.Length ? arguments[i].Split(',') : [];
        var numbers = new int[parts.Length];
        for (var n = 0; n < parts.Length; n++)
        {
            if (!int.TryParse(parts[n], out numbers[n]) || numbers[n] is < 1 or > 100_000)
            {
                throw new FlagException($"{flag} needs numbers from 1 to 100000, separated by commas");
            }
        }

        return numbers.Length == 0 ? throw new FlagException($"{flag} needs a value") : numbers;
    }
}
