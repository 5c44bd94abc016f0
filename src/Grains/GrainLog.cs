using Microsoft.Extensions.Logging;

namespace Nexus.Grains;

/// <summary>What the grains of sessions say; who comes and goes is the participant's to say. Event ids 1320 to 1399.</summary>
internal static partial class GrainLog
{
    [LoggerMessage(1321, LogLevel.Information, "session {Session} is lost with its node: {Reason}")]
    public static partial void SessionLost(this ILogger log, string session, string reason);

    [LoggerMessage(1322, LogLevel.Debug, "{Command} of session {Session} did not get through")]
    public static partial void CommandFailed(this ILogger log, Exception cause, string command, string session);

    [LoggerMessage(1323, LogLevel.Debug, "the participant of session {Session} could not be told of it; the node's next digest brings it again")]
    public static partial void NotTold(this ILogger log, Exception cause, string session);

    [LoggerMessage(1324, LogLevel.Debug, "media node {Node} could not be claimed")]
    public static partial void ClaimFailed(this ILogger log, Exception cause, string node);

    [LoggerMessage(1325, LogLevel.Warning, "room {Room} stays on media node {Node}, which is being emptied: {Code}: {Reason}")]
    public static partial void RoomStays(this ILogger log, string room, string node, string code, string reason);

    [LoggerMessage(1326, LogLevel.Debug, "room {Room} could not be asked to leave media node {Node}; it is asked again")]
    public static partial void RoomNotAsked(this ILogger log, Exception cause, string room, string node);
}
