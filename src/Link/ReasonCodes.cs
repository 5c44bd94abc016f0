namespace Nexus.Link;

/// <summary>
/// Every named reason that a user, an operator or a log may see. One list for refusals, for ends of sessions and for
/// <c>nexus why</c>, so that a name means the same wherever it turns up.
/// </summary>
public static class ReasonCodes
{
    // why something does not flow (design.md, rule 8)
    public const string NoIce = "NO_ICE";
    public const string NoDtls = "NO_DTLS";
    public const string Codec = "CODEC";
    public const string NotAcked = "NOT_ACKED";
    public const string Muted = "MUTED";
    public const string Wish = "WISH";
    public const string NoSection = "NO_SECTION";
    public const string NoSourcePackets = "NO_SOURCE_PACKETS";
    public const string NoKeyFrame = "NO_KEYFRAME";
    public const string Bandwidth = "BANDWIDTH";
    public const string NotSpeaking = "NOT_SPEAKING";
    public const string Permission = "PERMISSION";
    public const string LinkDown = "LINK_DOWN";
    public const string NodeLost = "NODE_LOST";
    public const string RegionRefused = "REGION_REFUSED";

    // why a join is refused
    public const string RoomFull = "ROOM_FULL";
    public const string RoomNotFound = "ROOM_NOT_FOUND";
    public const string RoomClosed = "ROOM_CLOSED";
    public const string RoomLocked = "ROOM_LOCKED";
    public const string Banned = "BANNED";

    /// <summary>It was issued before the moment that its bearer's tokens were revoked at; as with all that is wrong with tokens the name begins with <c>TOKEN_</c>.</summary>
    public const string TokenRevoked = "TOKEN_REVOKED";
    public const string QuotaRooms = "QUOTA_ROOMS";
    public const string NoNode = "NO_NODE";
    public const string RoomElsewhere = "ROOM_ELSEWHERE";
    public const string NodeTimeout = "NODE_TIMEOUT";
    public const string SdpInvalid = "SDP_INVALID";
    public const string SdpUnsupported = "SDP_UNSUPPORTED";
    public const string SessionNotFound = "SESSION_NOT_FOUND";
    public const string ParticipantNotFound = "PARTICIPANT_NOT_FOUND";
    public const string TrackNotFound = "TRACK_NOT_FOUND";

    /// <summary>It was revoked, or never was: nobody is told which.</summary>
    public const string InviteInvalid = "INVITE_INVALID";
    public const string InviteExpired = "INVITE_EXPIRED";
    public const string InviteUsedUp = "INVITE_USED_UP";

    /// <summary>Its participant is forwarded from another room, and can only be changed there.</summary>
    public const string Forwarded = "FORWARDED";

    public const string CallNotFound = "CALL_NOT_FOUND";
    public const string CallEnded = "CALL_ENDED";
    public const string BadRequest = "BAD_REQUEST";
    public const string RateLimited = "RATE_LIMITED";

    /// <summary>A name, metadata, attributes or what a track is called is longer than may be.</summary>
    public const string LimitExceeded = "LIMIT_EXCEEDED";

    /// <summary>Nobody can serve it, or say, now: try again.</summary>
    public const string Unavailable = "UNAVAILABLE";

    /// <summary>An answer over the bound of the node link.</summary>
    public const string TooLong = "TOO_LONG";

    /// <summary>One of several people was to go to another node; a room lives on one.</summary>
    public const string RoomOnOneNode = "ROOM_ON_ONE_NODE";

    // why a session ended
    public const string ClientLeft = "CLIENT_LEFT";
    public const string ClientLost = "CLIENT_LOST";
    public const string DuplicateIdentity = "DUPLICATE_IDENTITY";
    public const string Removed = "REMOVED";
    public const string Moved = "MOVED";

    /// <summary>The room went to another media node: whoever is in it comes again, to there.</summary>
    public const string NodeChanged = "NODE_CHANGED";

    /// <summary>It was forwarded from another room, and has left that.</summary>
    public const string SourceLeft = "SOURCE_LEFT";
    public const string ServerShutdown = "SERVER_SHUTDOWN";
    public const string DtlsFailed = "DTLS_FAILED";
    public const string SessionSuperseded = "SESSION_SUPERSEDED";

    /// <summary>The server failed; its log says why. Costs what it belongs to, and is counted where it was caught.</summary>
    public const string Internal = "INTERNAL";
}
