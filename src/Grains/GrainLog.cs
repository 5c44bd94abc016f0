using Microsoft.Extensions.Logging;

namespace Nexus.Grains;

/// <summary>What the grains of sessions say; who comes and goes is the participant's to say. Event ids 1320 to 1399.</summary>
internal static partial class GrainLog
{
    [LoggerMessage(1321, LogLevel.Information, "session {Session} is lost with its node: {Reason}")]
    public static partial void SessionLost(this ILogger log, string session, string reason);

    [LoggerMessage(1322, LogLevel.Debug, "{Command} of session {Session} did not get through")]
    public static partial void CommandFailed(this ILogger log, Exception cause, string command, string session);

    [LoggerMessage(1323, LogLevel.Debug, "the grain of session {Session}'s node did not answer")]
    public static partial void NodeSilent(this ILogger log, Exception cause, string session);
}
