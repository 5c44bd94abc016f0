using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Link;
using LeaveAction = Nexus.Gateway.Adapters.LiveKit.Messages.LeaveRequest.Types.Action;

namespace Nexus.Gateway.Adapters.LiveKit.Mapping;

/// <summary>Reasons of the core as LiveKit's clients are told them, and what they are to do then. Pure.</summary>
internal static class LeaveMapping
{
    public static LeaveRequest Leave(string reason)
    {
        LeaveAction action = Action(reason);
        return new() { Reason = Reason(reason), Action = action, CanReconnect = action != LeaveAction.Disconnect };
    }

    public static DisconnectReason Reason(string reason) => reason switch
    {
        ReasonCodes.ClientLeft or ReasonCodes.SourceLeft => DisconnectReason.ClientInitiated,
        ReasonCodes.DuplicateIdentity => DisconnectReason.DuplicateIdentity,
        ReasonCodes.ServerShutdown or ReasonCodes.NodeLost => DisconnectReason.ServerShutdown,
        ReasonCodes.Removed or ReasonCodes.Permission or ReasonCodes.Banned or ReasonCodes.TokenRevoked => DisconnectReason.ParticipantRemoved,
        ReasonCodes.RoomClosed => DisconnectReason.RoomDeleted,
        ReasonCodes.Moved or ReasonCodes.NodeChanged => DisconnectReason.Migration,
        ReasonCodes.ClientLost => DisconnectReason.SignalClose,
        ReasonCodes.NoIce or ReasonCodes.NoDtls or ReasonCodes.DtlsFailed => DisconnectReason.ConnectionTimeout,
        ReasonCodes.SdpInvalid or ReasonCodes.SdpUnsupported or ReasonCodes.Codec => DisconnectReason.MediaFailure,
        ReasonCodes.RoomFull or ReasonCodes.QuotaRooms or ReasonCodes.NoNode or ReasonCodes.RegionRefused or ReasonCodes.LimitExceeded
            or ReasonCodes.RoomLocked => DisconnectReason.JoinFailure,
        _ => DisconnectReason.StateMismatch,
    };

    /// <summary>What was lost on our side is joined anew; what someone decided is final.</summary>
    private static LeaveAction Action(string reason) => reason switch
    {
        ReasonCodes.ServerShutdown => LeaveAction.Resume,
        ReasonCodes.NodeLost or ReasonCodes.NodeChanged or ReasonCodes.NodeTimeout or ReasonCodes.SessionNotFound or ReasonCodes.ClientLost or ReasonCodes.NoIce
            or ReasonCodes.NoDtls or ReasonCodes.DtlsFailed or ReasonCodes.SessionSuperseded or ReasonCodes.Moved or "UNAVAILABLE" or "INTERNAL" => LeaveAction.Reconnect,
        _ => LeaveAction.Disconnect,
    };
}
