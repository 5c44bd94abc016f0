using Microsoft.Extensions.Logging;
using Nexus.Link;

namespace Nexus.MediaNode.Link;

/// <summary>
/// Event ids 2000-2099: what becomes of sessions. Joins and leaves are the control side's to tell an operator of; here they are
/// for whoever looks into one node. What ended by a failure on the way is worth an eye.
/// </summary>
internal static partial class SessionLog
{
    [LoggerMessage(2000, LogLevel.Debug, "{Identity} is to be in room {Room} of node {Node} by session {Session}, leg {Leg}.")]
    public static partial void SessionEntered(this ILogger log, string node, string room, string identity, string session, SessionLeg leg);

    [LoggerMessage(2001, LogLevel.Debug, "Session {Session} of {Identity} in room {Room} of node {Node} is {State}.")]
    public static partial void SessionIs(this ILogger log, string node, string room, string identity, string session, SessionState state);

    [LoggerMessage(2002, LogLevel.Debug, "Session {Session} of {Identity} in room {Room} of node {Node} has ended: {Reason}.")]
    public static partial void SessionLeft(this ILogger log, string node, string room, string identity, string session, string? reason);

    [LoggerMessage(2003, LogLevel.Debug, "Node {Node} refuses what session {Session} in room {Room} is to be: {Code}: {Why}")]
    public static partial void SessionRefused(this ILogger log, string node, string room, string session, string code, string why);

    [LoggerMessage(2010, LogLevel.Information, "The connection of {Identity} in room {Room} failed, session {Session} of node {Node}: {Reason}.")]
    public static partial void SessionFailed(this ILogger log, string node, string room, string identity, string session, string? reason);

    [LoggerMessage(
        2011, LogLevel.Warning, "Node {Node} gave up session {Session} of {Identity} in room {Room}, whose handling met too many faults: {Reason}.")]
    public static partial void SessionGivenUp(this ILogger log, string node, string room, string identity, string session, string? reason);
}
