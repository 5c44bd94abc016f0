namespace Nexus.Bench.Control;

/// <summary>What <c>bench control</c> measures.</summary>
internal sealed record ControlOptions
{
    private const int Most = 100_000;

    /// <summary>People who join rooms of <see cref="Room"/>.</summary>
    public int People { get; init; } = 4000;

    public int Room { get; init; } = 10;

    /// <summary>People in the one large room.</summary>
    public int Big { get; init; } = 10_000;

    /// <summary>Rooms of one person each.</summary>
    public int Rooms { get; init; } = 10_000;

    /// <summary>How long all of them do nothing.</summary>
    public int IdleSeconds { get; init; } = 20;

    /// <summary>Clients of the room whose changes are timed, at most.</summary>
    public int Clients { get; init; } = 10_000;

    public bool Json { get; init; }

    /// <exception cref="FlagException">The message names the flag.</exception>
    public static ControlOptions Parse(string[] arguments)
    {
        var options = new ControlOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            var flag = arguments[i];
            options = flag switch
            {
                "--json" => options with { Json = true },
                "--people" => options with { People = Flags.Number(flag, arguments, ++i, Most) },
                "--room" => options with { Room = Flags.Number(flag, arguments, ++i, Most) },
                "--big" => options with { Big = Flags.Number(flag, arguments, ++i, Most) },
                "--rooms" => options with { Rooms = Flags.Number(flag, arguments, ++i, Most) },
                "--idle" => options with { IdleSeconds = Flags.Number(flag, arguments, ++i, Most) },
                "--clients" => options with { Clients = Flags.Number(flag, arguments, ++i, Most) },
                _ => throw new FlagException($"unknown option {flag}"),
            };
        }

        return options;
    }
}
