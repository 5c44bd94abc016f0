using Microsoft.Extensions.Logging;
using Nexus.Core;

namespace Nexus.Gateway;

/// <summary>What the gateway says; refusals and acts are <see cref="Health.GatewayState"/>'s. Event ids 1400 to 1499.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(1403, LogLevel.Error, "{What} failed")]
    public static partial void RequestFailed(this ILogger log, Exception cause, string what);

    [LoggerMessage(1408, LogLevel.Warning, "{What} could not be done now: {Reason}")]
    public static partial void Unavailable(this ILogger log, string what, string reason);

    [LoggerMessage(1404, LogLevel.Information, "session {Session} is lost ({Reason}): nobody knows it any more")]
    public static partial void SessionLost(this ILogger log, string session, string reason);

    [LoggerMessage(1405, LogLevel.Warning, "a renewal did not get through; it is tried again")]
    public static partial void RenewalFailed(this ILogger log, Exception cause);

    [LoggerMessage(1406, LogLevel.Debug, "webhook {Url} cannot be reached")]
    public static partial void WebhookUnreachable(this ILogger log, Exception cause, string url);

    [LoggerMessage(1407, LogLevel.Warning, "webhook {Kind} {Id} of room {Room} was not taken by {Url} and is given up")]
    public static partial void WebhookGivenUp(this ILogger log, RoomEventKind kind, string id, string room, string url);
}
