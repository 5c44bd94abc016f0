using Nexus.Gateway.Adapters.LiveKit.Protobuf;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

/// <summary>What a client sends: one of these.</summary>
internal sealed class SignalRequest : Message
{
    [OneOf("message", 1)] public SessionDescription? Offer { get; set; }
    [OneOf("message", 2)] public SessionDescription? Answer { get; set; }
    [OneOf("message", 3)] public TrickleRequest? Trickle { get; set; }
    [OneOf("message", 4)] public AddTrackRequest? AddTrack { get; set; }
    [OneOf("message", 5)] public MuteTrackRequest? Mute { get; set; }
    [OneOf("message", 6)] public UpdateSubscription? Subscription { get; set; }
    [OneOf("message", 7)] public UpdateTrackSettings? TrackSetting { get; set; }
    [OneOf("message", 8)] public LeaveRequest? Leave { get; set; }
    [OneOf("message", 10)] public UpdateVideoLayers? UpdateLayers { get; set; }
    [OneOf("message", 11)] public SubscriptionPermission? SubscriptionPermission { get; set; }
    [OneOf("message", 12)] public SyncState? SyncState { get; set; }
    [OneOf("message", 13)] public SimulateScenario? Simulate { get; set; }

    /// <summary>Milliseconds of Unix time; the older form of <see cref="PingReq"/>.</summary>
    [OneOf("message", 14)] public long? Ping { get; set; }
    [OneOf("message", 15)] public UpdateParticipantMetadata? UpdateMetadata { get; set; }
    [OneOf("message", 16)] public Ping? PingReq { get; set; }
    [OneOf("message", 17)] public UpdateLocalAudioTrack? UpdateAudioTrack { get; set; }
    [OneOf("message", 18)] public UpdateLocalVideoTrack? UpdateVideoTrack { get; set; }
    [OneOf("message", 19)] public PublishDataTrackRequest? PublishDataTrackRequest { get; set; }
    [OneOf("message", 20)] public UnpublishDataTrackRequest? UnpublishDataTrackRequest { get; set; }
    [OneOf("message", 21)] public UpdateDataSubscription? UpdateDataSubscription { get; set; }
    [OneOf("message", 22)] public StoreDataBlobRequest? StoreDataBlobRequest { get; set; }
    [OneOf("message", 23)] public GetDataBlobRequest? GetDataBlobRequest { get; set; }
}

/// <summary>What the server sends: one of these.</summary>
internal sealed class SignalResponse : Message
{
    [OneOf("message", 1)] public JoinResponse? Join { get; set; }
    [OneOf("message", 2)] public SessionDescription? Answer { get; set; }
    [OneOf("message", 3)] public SessionDescription? Offer { get; set; }
    [OneOf("message", 4)] public TrickleRequest? Trickle { get; set; }
    [OneOf("message", 5)] public ParticipantUpdate? Update { get; set; }
    [OneOf("message", 6)] public TrackPublishedResponse? TrackPublished { get; set; }
    [OneOf("message", 8)] public LeaveRequest? Leave { get; set; }
    [OneOf("message", 9)] public MuteTrackRequest? Mute { get; set; }
    [OneOf("message", 10)] public SpeakersChanged? SpeakersChanged { get; set; }
    [OneOf("message", 11)] public RoomUpdate? RoomUpdate { get; set; }
    [OneOf("message", 12)] public ConnectionQualityUpdate? ConnectionQuality { get; set; }
    [OneOf("message", 13)] public StreamStateUpdate? StreamStateUpdate { get; set; }
    [OneOf("message", 14)] public SubscribedQualityUpdate? SubscribedQualityUpdate { get; set; }
    [OneOf("message", 15)] public SubscriptionPermissionUpdate? SubscriptionPermissionUpdate { get; set; }

    /// <summary>A token that lasts longer than the one in use.</summary>
    [OneOf("message", 16)] public string? RefreshToken { get; set; }
    [OneOf("message", 17)] public TrackUnpublishedResponse? TrackUnpublished { get; set; }

    /// <summary>What <see cref="SignalRequest.Ping"/> said.</summary>
    [OneOf("message", 18)] public long? Pong { get; set; }
    [OneOf("message", 19)] public ReconnectResponse? Reconnect { get; set; }
    [OneOf("message", 20)] public Pong? PongResp { get; set; }
    [OneOf("message", 21)] public SubscriptionResponse? SubscriptionResponse { get; set; }
    [OneOf("message", 22)] public RequestResponse? RequestResponse { get; set; }
    [OneOf("message", 23)] public TrackSubscribed? TrackSubscribed { get; set; }
    [OneOf("message", 24)] public RoomMovedResponse? RoomMoved { get; set; }
    [OneOf("message", 25)] public MediaSectionsRequirement? MediaSectionsRequirement { get; set; }
    [OneOf("message", 26)] public SubscribedAudioCodecUpdate? SubscribedAudioCodecUpdate { get; set; }
}

/// <summary>Which of a v0 client's two PeerConnections; a v1 client has the first alone.</summary>
internal enum SignalTarget
{
    Publisher,
    Subscriber,
}

internal sealed class SessionDescription : Message
{
    /// <summary><c>offer</c> or <c>answer</c>.</summary>
    [Field(1)] public required string Type { get; set; } = "";
    [Field(2)] public required string Sdp { get; set; } = "";

    /// <summary>The client's count of its offers; an answer says which it is for. JavaScript passes over answers to older ones.</summary>
    [Field(3)] public uint Id { get; set; }
    [Field(4)] public Dictionary<string, string> MidToTrackId { get; set; } = [];
}

internal sealed class TrickleRequest : Message
{
    /// <summary>An RTCIceCandidateInit as JSON.</summary>
    [Field(1, Name = "candidateInit")] public required string CandidateInit { get; set; } = "";
    [Field(2)] public SignalTarget Target { get; set; }
    [Field(3)] public bool Final { get; set; }
}

internal enum LeaveAction
{
    Disconnect,

    /// <summary>Come again with <c>reconnect=1</c>.</summary>
    Resume,

    /// <summary>Join anew.</summary>
    Reconnect,
}

internal sealed class LeaveRequest : Message
{
    /// <summary>For clients before protocol 13: join anew.</summary>
    [Field(1)] public bool CanReconnect { get; set; }
    [Field(2)] public DisconnectReason Reason { get; set; }
    [Field(3)] public LeaveAction Action { get; set; }
    [Field(4)] public RegionSettings? Regions { get; set; }
}

internal sealed class RegionSettings : Message
{
    [Field(1)] public List<RegionInfo> Regions { get; set; } = [];
}

internal sealed class RegionInfo : Message
{
    [Field(1)] public string Region { get; set; } = "";
    [Field(2)] public string Url { get; set; } = "";
    [Field(3)] public long Distance { get; set; }
}

internal sealed class ParticipantUpdate : Message
{
    [Field(1)] public List<ParticipantInfo> Participants { get; set; } = [];
}

internal sealed class RoomUpdate : Message
{
    [Field(1)] public required Room Room { get; set; }
}

internal sealed class SpeakersChanged : Message
{
    [Field(1)] public List<SpeakerInfo> Speakers { get; set; } = [];
}

internal enum ConnectionQuality
{
    Poor,
    Good,
    Excellent,
    Lost,
}

internal sealed class ConnectionQualityInfo : Message
{
    [Field(1)] public required string ParticipantSid { get; set; } = "";
    [Field(2)] public ConnectionQuality Quality { get; set; }

    /// <summary>A mean opinion score, 1 to 5.</summary>
    [Field(3)] public float Score { get; set; }
}

internal sealed class ConnectionQualityUpdate : Message
{
    [Field(1)] public List<ConnectionQualityInfo> Updates { get; set; } = [];
}

internal sealed class UpdateParticipantMetadata : Message
{
    [Field(1)] public string Metadata { get; set; } = "";
    [Field(2)] public string Name { get; set; } = "";

    /// <summary>Those to change; an empty value takes one away.</summary>
    [Field(3)] public Dictionary<string, string> Attributes { get; set; } = [];
    [Field(4)] public uint RequestId { get; set; }
}

internal enum RequestReason
{
    Ok,
    NotFound,
    NotAllowed,
    LimitExceeded,
    Queued,
    UnsupportedType,
    UnclassifiedError,
    InvalidHandle,
    InvalidName,
    DuplicateHandle,
    DuplicateName,
    InvalidRequest,
}

/// <summary>How a request ended: by its number, or with the request itself where that has none.</summary>
internal sealed class RequestResponse : Message
{
    [Field(1)] public uint RequestId { get; set; }
    [Field(2)] public RequestReason Reason { get; set; }
    [Field(3)] public string Message { get; set; } = "";
    [OneOf("request", 4)] public TrickleRequest? Trickle { get; set; }
    [OneOf("request", 5)] public AddTrackRequest? AddTrack { get; set; }
    [OneOf("request", 6)] public MuteTrackRequest? Mute { get; set; }
    [OneOf("request", 7)] public UpdateParticipantMetadata? UpdateMetadata { get; set; }
    [OneOf("request", 8)] public UpdateLocalAudioTrack? UpdateAudioTrack { get; set; }
    [OneOf("request", 9)] public UpdateLocalVideoTrack? UpdateVideoTrack { get; set; }
    [OneOf("request", 10)] public PublishDataTrackRequest? PublishDataTrack { get; set; }
    [OneOf("request", 11)] public UnpublishDataTrackRequest? UnpublishDataTrack { get; set; }
}

/// <summary>Milliseconds.</summary>
internal sealed class Ping : Message
{
    [Field(1)] public long Timestamp { get; set; }
    [Field(2)] public long Rtt { get; set; }
}

internal sealed class Pong : Message
{
    /// <summary>The ping's.</summary>
    [Field(1)] public long LastPingTimestamp { get; set; }
    [Field(2)] public long Timestamp { get; set; }
}

/// <summary>What a client had before its connection broke.</summary>
internal sealed class SyncState : Message
{
    [Field(1)] public SessionDescription? Answer { get; set; }
    [Field(2)] public UpdateSubscription? Subscription { get; set; }
    [Field(3)] public List<TrackPublishedResponse> PublishTracks { get; set; } = [];
    [Field(4)] public List<DataChannelInfo> DataChannels { get; set; } = [];
    [Field(5)] public SessionDescription? Offer { get; set; }
    [Field(6)] public List<string> TrackSidsDisabled { get; set; } = [];
    [Field(7)] public List<DataChannelReceiveState> DatachannelReceiveStates { get; set; } = [];
}

internal sealed class DataChannelReceiveState : Message
{
    [Field(1)] public string PublisherSid { get; set; } = "";
    [Field(2)] public uint LastSeq { get; set; }
}

internal sealed class DataChannelInfo : Message
{
    [Field(1)] public string Label { get; set; } = "";
    [Field(2)] public uint Id { get; set; }
    [Field(3)] public SignalTarget Target { get; set; }
}

internal enum CandidateProtocol
{
    Udp,
    Tcp,
    Tls,
}

/// <summary>A client's wish to be treated as if something had gone wrong.</summary>
internal sealed class SimulateScenario : Message
{
    /// <summary>Seconds.</summary>
    [OneOf("scenario", 1)] public int? SpeakerUpdate { get; set; }
    [OneOf("scenario", 2)] public bool? NodeFailure { get; set; }
    [OneOf("scenario", 3)] public bool? Migration { get; set; }
    [OneOf("scenario", 4)] public bool? ServerLeave { get; set; }
    [OneOf("scenario", 5)] public CandidateProtocol? SwitchCandidateProtocol { get; set; }

    /// <summary>bit/s; 0 lifts the limit.</summary>
    [OneOf("scenario", 6)] public long? SubscriberBandwidth { get; set; }
    [OneOf("scenario", 7)] public bool? DisconnectSignalOnResume { get; set; }
    [OneOf("scenario", 8)] public bool? DisconnectSignalOnResumeNoMessages { get; set; }
    [OneOf("scenario", 9)] public bool? LeaveRequestFullReconnect { get; set; }
}
