using Nexus.Gateway.Adapters.LiveKit.Protobuf;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

internal sealed class CreateRoomRequest : Message
{
    [Field(1)] public string Name { get; set; } = "";

    /// <summary>Seconds that the room stays when nobody comes.</summary>
    [Field(2)] public uint EmptyTimeout { get; set; }
    [Field(3)] public uint MaxParticipants { get; set; }
    [Field(4)] public string NodeId { get; set; } = "";
    [Field(5)] public string Metadata { get; set; } = "";
    [Field(7)] public uint MinPlayoutDelay { get; set; }
    [Field(8)] public uint MaxPlayoutDelay { get; set; }
    [Field(9)] public bool SyncStreams { get; set; }

    /// <summary>Seconds that the room stays when everybody has left.</summary>
    [Field(10)] public uint DepartureTimeout { get; set; }
    [Field(12)] public string RoomPreset { get; set; } = "";
    [Field(13)] public bool ReplayEnabled { get; set; }
    [Field(15)] public Dictionary<string, string> Tags { get; set; } = [];
}

internal sealed class ListRoomsRequest : Message
{
    /// <summary>Empty: all.</summary>
    [Field(1)] public List<string> Names { get; set; } = [];
}

internal sealed class ListRoomsResponse : Message
{
    [Field(1)] public List<Room> Rooms { get; set; } = [];
}

internal sealed class DeleteRoomRequest : Message
{
    [Field(1)] public string Room { get; set; } = "";
}

internal sealed class DeleteRoomResponse : Message;

internal sealed class ListParticipantsRequest : Message
{
    [Field(1)] public string Room { get; set; } = "";
}

internal sealed class ListParticipantsResponse : Message
{
    [Field(1)] public List<ParticipantInfo> Participants { get; set; } = [];
}

internal sealed class RoomParticipantIdentity : Message
{
    [Field(1)] public string Room { get; set; } = "";
    [Field(2)] public string Identity { get; set; } = "";

    /// <summary>For a removal: tokens that were made before this time are void. Seconds since 1970; 0 leaves them good.</summary>
    [Field(3)] public long RevokeTokenTs { get; set; }
}

internal sealed class RemoveParticipantResponse : Message;

internal sealed class MuteRoomTrackRequest : Message
{
    [Field(1)] public string Room { get; set; } = "";
    [Field(2)] public string Identity { get; set; } = "";
    [Field(3)] public string TrackSid { get; set; } = "";
    [Field(4)] public bool Muted { get; set; }
}

internal sealed class MuteRoomTrackResponse : Message
{
    [Field(1)] public required TrackInfo Track { get; set; }
}

internal sealed class UpdateParticipantRequest : Message
{
    [Field(1)] public string Room { get; set; } = "";
    [Field(2)] public string Identity { get; set; } = "";

    /// <summary>Empty: stays as it is, as does the name.</summary>
    [Field(3)] public string Metadata { get; set; } = "";
    [Field(4)] public ParticipantPermission? Permission { get; set; }
    [Field(5)] public string Name { get; set; } = "";

    /// <summary>Those to change; an empty value takes one away.</summary>
    [Field(6)] public Dictionary<string, string> Attributes { get; set; } = [];
}

internal sealed class UpdateSubscriptionsRequest : Message
{
    [Field(1)] public string Room { get; set; } = "";
    [Field(2)] public string Identity { get; set; } = "";
    [Field(3)] public List<string> TrackSids { get; set; } = [];
    [Field(4)] public bool Subscribe { get; set; }
    [Field(5)] public List<ParticipantTracks> ParticipantTracks { get; set; } = [];
}

internal sealed class UpdateSubscriptionsResponse : Message;

internal sealed class SendDataRequest : Message
{
    [Field(1)] public string Room { get; set; } = "";
    [Field(2)] public byte[] Data { get; set; } = [];
    [Field(3)] public DataPacketKind Kind { get; set; }
    [Field(4)] public List<string> DestinationSids { get; set; } = [];
    [Field(5)] public string? Topic { get; set; }
    [Field(6)] public List<string> DestinationIdentities { get; set; } = [];

    /// <summary>16 bytes, by which receivers drop repeats; or empty.</summary>
    [Field(7)] public byte[] Nonce { get; set; } = [];
}

internal sealed class SendDataResponse : Message;

internal sealed class UpdateRoomMetadataRequest : Message
{
    [Field(1)] public string Room { get; set; } = "";
    [Field(2)] public string Metadata { get; set; } = "";
}

internal sealed class ForwardParticipantRequest : Message
{
    [Field(1)] public string Room { get; set; } = "";
    [Field(2)] public string Identity { get; set; } = "";
    [Field(3)] public string DestinationRoom { get; set; } = "";
}

internal sealed class ForwardParticipantResponse : Message;

internal sealed class MoveParticipantRequest : Message
{
    [Field(1)] public string Room { get; set; } = "";
    [Field(2)] public string Identity { get; set; } = "";
    [Field(3)] public string DestinationRoom { get; set; } = "";
}

internal sealed class MoveParticipantResponse : Message;

internal sealed class PerformRpcRequest : Message
{
    [Field(1)] public string Room { get; set; } = "";
    [Field(2)] public string DestinationIdentity { get; set; } = "";
    [Field(3)] public string Method { get; set; } = "";
    [Field(4)] public string Payload { get; set; } = "";
    [Field(5)] public uint ResponseTimeoutMs { get; set; }
}

internal sealed class PerformRpcResponse : Message
{
    [Field(1)] public string Payload { get; set; } = "";
}
