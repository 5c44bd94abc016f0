namespace Nexus.Bench.Control;

/// <summary>What <c>bench control</c> measures.</summary>
internal sealed record ControlOptions
{
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

    /// <exception cref="FormatException">The message names the flag.</exception>
    public static ControlOptions Parse(string[] arguments)
    {
        var options = new ControlOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            var flag = arguments[i];
            options = flag switch
            {
                "--json" => options with { Json = true },
                "--people" => options with { People = Number(flag, arguments, ++i) },
                "--room" => options with { Room = Number(flag, arguments, ++i) },
                "--big" => options with { Big = Number(flag, arguments, ++i) },
                "--rooms" => options with { Rooms = Number(flag, arguments, ++i) },
                "--idle" => options with { IdleSeconds = Number(flag, arguments, ++i) },
                "--clients" => options with { Clients = Number(flag, arguments, ++i) },
                _ => throw new FormatException($"unknown option {flag}"),
            };
        }

        return options;
    }

    private static int Number(string flag, string[] arguments, int i) =>
        i < arguments.Length && int.TryParse(arguments[i], out var number) && number is >= 1 and <= 100_000
            ? number
            : throw new FormatException($"{flag} needs a number from 1 to 100000");
}
