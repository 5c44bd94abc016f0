using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Nexus.Silo.Logging;

internal static class LoggingSetup
{
    /// <summary>Lines on standard error: standard output is for what scripts read.</summary>
    public static void AddNexusLogging(this ILoggingBuilder log, LogFormat format, LogLevels levels)
    {
        levels.Apply(log);
        _ = format == LogFormat.Json
            ? log.AddJsonConsole(c => (c.IncludeScopes, c.UseUtcTimestamp, c.TimestampFormat) = (true, true, "O"))
            : log.AddSimpleConsole(c => (c.SingleLine, c.TimestampFormat, c.IncludeScopes) = (true, "HH:mm:ss.fff ", false));
        log.Services.Configure<ConsoleLoggerOptions>(c => c.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
