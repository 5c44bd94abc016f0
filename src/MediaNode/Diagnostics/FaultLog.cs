using Microsoft.Extensions.Logging;

namespace Nexus.MediaNode.Diagnostics;

/// <summary>Event ids 2200-2299: what must not happen.</summary>
internal static partial class FaultLog
{
    [LoggerMessage(
        2200,
        LogLevel.Error,
        "Media node {Node} caught {Count} faults of its own at {Place}, one of them of session {Session}. Others' media go on. Please report this with its stack trace.")]
    public static partial void FaultCaught(this ILogger log, Exception exception, string node, FaultPlace place, long count, string? session);
}
