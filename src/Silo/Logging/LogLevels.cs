using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Nexus.Silo.Logging;

public enum LogFormat
{
    /// <summary>One line for people.</summary>
    Text,

    /// <summary>One JSON object a line, with event id, fields and scopes.</summary>
    Json,
}

/// <summary>What is logged: from which level on, and other levels for parts.</summary>
/// <param name="Level">For all parts of Nexus that are not named.</param>
/// <param name="Parts">By the beginning of the category's name.</param>
public sealed record LogLevels(LogLevel Level, ImmutableArray<(string Name, LogLevel Level)> Parts)
{
    public static readonly LogLevels Default = new(LogLevel.Information, []);

    /// <summary>
    /// What the libraries say at Information is nothing that an operator could act on, and some of it is said per request. Levels of
    /// parts (<c>--log-level Orleans=warning</c>) bring it back.
    /// </summary>
    private static readonly ImmutableArray<(string Name, LogLevel Level)> Libraries =
    [
        ("Microsoft", LogLevel.Warning),
        ("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None), // the command says itself why it could not start
        ("System", LogLevel.Warning),
        ("Orleans", LogLevel.Error), // whose warnings come with a stack trace for each call that a dead silo did not answer
        ("Orleans.Runtime.MembershipService.MembershipTableManager", LogLevel.Warning), // says who was declared dead
        ("Nexus.Grains.Nodes.NodeNews", LogLevel.Error), // what Orleans says under our name, of a grain service's start and stop
        ("Nexus.Grains.Gateways.GatewayNews", LogLevel.Error),
        ("Polly", LogLevel.None), // every retry with its stack; what fails for good reaches the caller
    ];

    /// <exception cref="FormatException">A level is unknown.</exception>
    public static LogLevels Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new FormatException("a level is expected, such as information");
        }

        LogLevels levels = Default;
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = part.Split('=', 2);
            levels = sides.Length == 1
                ? levels with { Level = Of(sides[0]) }
                : levels with { Parts = levels.Parts.Add((sides[0], Of(sides[1]))) };
        }

        return levels;
    }

    /// <summary>The rules in the order in which later ones win.</summary>
    public void Apply(ILoggingBuilder log)
    {
        log.SetMinimumLevel(Level);
        foreach ((string name, LogLevel level) in Libraries)
        {
            log.AddFilter(name, level > Level ? level : Level);
        }

        foreach ((string name, LogLevel level) in Parts)
        {
            log.AddFilter(name, level);
        }
    }

    private static LogLevel Of(string name) => name.ToLowerInvariant() switch
    {
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "info" or "information" => LogLevel.Information,
        "warn" or "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "none" => LogLevel.None,
        _ => throw new FormatException($"'{name}' is no level: trace, debug, information, warning, error or none is expected"),
    };
}
