using Microsoft.Extensions.Logging;

namespace Nexus.MediaNode.Link;

/// <summary>Event ids 2100-2199: the life of a node.</summary>
internal static partial class NodeLog
{
    [LoggerMessage(2100, LogLevel.Information, "Media node {Node} takes packets at {EndPoints}, and tells clients {Addresses}.")]
    public static partial void NodeStarted(this ILogger log, string node, string endPoints, string addresses);

    [LoggerMessage(2101, LogLevel.Debug, "Media node {Node} is linked.")]
    public static partial void NodeLinked(this ILogger log, string node);

    [LoggerMessage(2102, LogLevel.Information, "Media node {Node} told {Sessions} sessions that it stops.")]
    public static partial void NodeTold(this ILogger log, string node, int sessions);

    [LoggerMessage(2103, LogLevel.Warning, "Media node {Node} stops without having told all its sessions: its loops did not answer within {Limit}.")]
    public static partial void NodeNotTold(this ILogger log, string node, TimeSpan limit);

    [LoggerMessage(2104, LogLevel.Information, "Media node {Node} has stopped.")]
    public static partial void NodeStopped(this ILogger log, string node);
}
