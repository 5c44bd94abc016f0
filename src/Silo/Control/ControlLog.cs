using Microsoft.Extensions.Logging;

namespace Nexus.Silo.Control;

/// <summary>What the control side says of its nodes. Event ids 1200 to 1299.</summary>
internal static partial class ControlLog
{
    [LoggerMessage(1200, LogLevel.Information, "media node {Node} ({Region}) is linked")]
    public static partial void Linked(this ILogger log, string node, string region);

    [LoggerMessage(1201, LogLevel.Information, "media node {Node} ({Region}) is no longer linked: {Reason}")]
    public static partial void Unlinked(this ILogger log, string node, string region, string reason);

    [LoggerMessage(1202, LogLevel.Warning, "the link to {Peer} ended: {Reason}")]
    public static partial void LinkEnded(this ILogger log, string peer, string reason);

    [LoggerMessage(1203, LogLevel.Error, "the link to {Peer} ended by an error of this side")]
    public static partial void LinkFailed(this ILogger log, Exception error, string peer);

    [LoggerMessage(1210, LogLevel.Warning, "a message of the link to {Peer} was refused or could not be handled; the link goes on")]
    public static partial void MessageFailed(this ILogger log, Exception error, string peer);

    [LoggerMessage(1211, LogLevel.Warning, "the grain of media node {Node} ({Region}) is slow: a digest has waited for the next one, and words on {Waiting} sessions wait too")]
    public static partial void Behind(this ILogger log, string node, string region, int waiting);

    [LoggerMessage(1212, LogLevel.Debug, "what media node {Node} ({Region}) said of '{Session}' did not get through; its next digest mends it")]
    public static partial void NotTold(this ILogger log, Exception error, string node, string region, string session);

    [LoggerMessage(1213, LogLevel.Warning, "media node {Node} ({Region}) is gone, and {Waiting} sessions were not told of its last words in time")]
    public static partial void LastWordsLost(this ILogger log, string node, string region, int waiting);
}
