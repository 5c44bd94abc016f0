using Nexus.Gateway.Adapters.LiveKit.Protobuf;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

[ValuePrefix("ROOM_END_")]
internal enum RoomEndReason
{
    Unknown,
    ApiDelete,
    IdleTimeout,
    ServerShutdown,
    Superseded,
    OpenFailed,
}

/// <summary>What an app's server is told.</summary>
internal sealed class WebhookEvent : Message
{
    /// <summary>Such as <c>room_started</c>.</summary>
    [Field(1)] public required string Event { get; set; } = "";
    [Field(2)] public Room? Room { get; set; }

    /// <summary>Of events of participants and tracks.</summary>
    [Field(3)] public ParticipantInfo? Participant { get; set; }

    /// <summary>Differs for each event, and is the same when one is sent again.</summary>
    [Field(6)] public required string Id { get; set; } = "";

    /// <summary>Seconds of Unix time.</summary>
    [Field(7)] public long CreatedAt { get; set; }

    /// <summary>Of events of tracks.</summary>
    [Field(8)] public TrackInfo? Track { get; set; }
    [Field(11)] public int NumDropped { get; set; }

    /// <summary>Of <c>room_finished</c>.</summary>
    [Field(13)] public RoomEndReason RoomEndReason { get; set; }
}
