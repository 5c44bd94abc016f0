namespace Nexus.Bench;

/// <summary>Values of a benchmark's flags.</summary>
internal static class Flags
{
    /// <param name="i">Where the flag's value is to be.</param>
    /// <exception cref="FlagException">It is not there, or is no number from 1 to <paramref name="most"/>.</exception>
    public static int Number(string flag, string[] arguments, int i, int most) =>
        i < arguments.Length && int.TryParse(arguments[i], out var number) && number >= 1 && number <= most
            ? number
            : throw new FlagException($"{flag} needs a number from 1 to {most}");
}

/// <summary>A benchmark cannot be run so; the message names the flag.</summary>
internal sealed class FlagException(string message) : Exception(message);
