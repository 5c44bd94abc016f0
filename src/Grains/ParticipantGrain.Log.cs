using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>Who came and who went, one line each, whatever door they used.</summary>
public sealed partial class ParticipantGrain
{
    /// <summary>For people: two tenants may have rooms of the same name.</summary>
    private string TenantAndRoom => $"{Self.Room.Tenant}/{Self.Room.Room}";

    /// <summary>That a process has joined itself is no news.</summary>
    private LogLevel NewsLevel => Self.Room.Tenant == Keys.OwnTenant ? LogLevel.Debug : LogLevel.Information;

    private JoinResult Refused(JoinRequest request, LinkError error)
    {
        LogRefused(LogLevel.Debug, Identity, TenantAndRoom, error.Code, request.Leg, request.Session, error.Message);
        return JoinResult.Refused(error.Code, error.Message);
    }

    [LoggerMessage(EventId = 1311, Message = "{Identity} joined {Room} ({Leg}, {Session}) on {Node} in {Region}")]
    private partial void LogJoined(LogLevel level, string identity, string room, SessionLeg leg, string session, string node, string region);

    [LoggerMessage(EventId = 1312, Message = "{Identity} was refused in {Room}: {Code} ({Leg}, {Session}): {Explanation}")]
    private partial void LogRefused(LogLevel level, string identity, string room, string code, SessionLeg leg, string session, string explanation);

    [LoggerMessage(EventId = 1313, Message = "{Identity} left {Room}: {Reason} ({Leg}, {Session}) on {Node}")]
    private partial void LogLeft(LogLevel level, string identity, string room, string reason, SessionLeg leg, string session, string node);
}
