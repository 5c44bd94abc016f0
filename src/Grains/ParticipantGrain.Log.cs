using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>Who came and who went, one line each, whatever door they used.</summary>
public sealed partial class ParticipantGrain
{
    /// <summary>For people: two tenants may have rooms of the same name.</summary>
    private string TenantAndRoom => $"{Keys.Segment(Key, 1)}/{Keys.Segment(Key, 2)}";

    private JoinResult Refused(JoinRequest request, LinkError error)
    {
        LogRefused(Identity, TenantAndRoom, error.Code, request.Leg, request.Session, error.Message);
        return JoinResult.Refused(error.Code, error.Message);
    }

    [LoggerMessage(1311, LogLevel.Information, "{Identity} joined {Room} ({Leg}, {Session}) on {Node} in {Region}")]
    private partial void LogJoined(string identity, string room, SessionLeg leg, string session, string node, string region);

    [LoggerMessage(1312, LogLevel.Information, "{Identity} was refused in {Room}: {Code} ({Leg}, {Session}): {Explanation}")]
    private partial void LogRefused(string identity, string room, string code, SessionLeg leg, string session, string explanation);

    [LoggerMessage(1313, LogLevel.Information, "{Identity} left {Room}: {Reason} ({Leg}, {Session}) on {Node}")]
    private partial void LogLeft(string identity, string room, string reason, SessionLeg leg, string session, string node);
}
