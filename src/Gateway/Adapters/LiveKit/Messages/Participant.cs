using Nexus.Gateway.Adapters.LiveKit.Protobuf;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

internal enum ParticipantState
{
    Joining,

    /// <summary>The client's offer has come.</summary>
    Joined,

    /// <summary>Media can flow.</summary>
    Active,

    /// <summary>Gone: those who see it take the participant off their list.</summary>
    Disconnected,
}

internal enum ParticipantKind
{
    Standard = 0,
    Ingress = 1,
    Egress = 2,
    Sip = 3,
    Agent = 4,
    Connector = 7,
    Bridge = 8,
}

internal enum ParticipantKindDetail
{
    CloudAgent,
    Forwarded,
    ConnectorWhatsapp,
    ConnectorTwilio,
    BridgeRtsp,
    Simulation,
}

internal enum DisconnectReason
{
    UnknownReason,
    ClientInitiated,
    DuplicateIdentity,
    ServerShutdown,
    ParticipantRemoved,
    RoomDeleted,
    StateMismatch,
    JoinFailure,
    Migration,
    SignalClose,
    RoomClosed,
    UserUnavailable,
    UserRejected,
    SipTrunkFailure,
    ConnectionTimeout,
    MediaFailure,
    AgentError,
}

[ValuePrefix("CAP_")]
internal enum ClientCapability
{
    Unused,
    PacketTrailer,
    CompressionDeflateRaw,
}

/// <summary>What a participant may do. A client that is told nothing takes it that it may not publish.</summary>
internal sealed class ParticipantPermission : Message
{
    [Field(1)] public bool CanSubscribe { get; set; }
    [Field(2)] public bool CanPublish { get; set; }
    [Field(3)] public bool CanPublishData { get; set; }
    [Field(7)] public bool Hidden { get; set; }
    [Field(8)] public bool Recorder { get; set; }

    /// <summary>Empty: all sources.</summary>
    [Field(9)] public List<TrackSource> CanPublishSources { get; set; } = [];
    [Field(10)] public bool CanUpdateMetadata { get; set; }
    [Field(11)] public bool Agent { get; set; }
    [Field(12)] public bool CanSubscribeMetrics { get; set; }
    [Field(13)] public bool CanManageAgentSession { get; set; }
}

internal sealed class ParticipantInfo : Message
{
    [Field(1)] public required string Sid { get; set; } = "";
    [Field(2)] public required string Identity { get; set; } = "";
    [Field(3)] public ParticipantState State { get; set; }
    [Field(4)] public List<TrackInfo> Tracks { get; set; } = [];
    [Field(5)] public string Metadata { get; set; } = "";

    /// <summary>Seconds of Unix time.</summary>
    [Field(6)] public long JoinedAt { get; set; }
    [Field(9)] public string Name { get; set; } = "";

    /// <summary>Rises with every change: clients pass over what is older than what they have.</summary>
    [Field(10)] public uint Version { get; set; }
    [Field(11)] public ParticipantPermission? Permission { get; set; }
    [Field(12)] public string Region { get; set; } = "";
    [Field(13)] public bool IsPublisher { get; set; }
    [Field(14)] public ParticipantKind Kind { get; set; }
    [Field(15)] public Dictionary<string, string> Attributes { get; set; } = [];
    [Field(16)] public DisconnectReason DisconnectReason { get; set; }

    /// <summary>Milliseconds of Unix time.</summary>
    [Field(17)] public long JoinedAtMs { get; set; }
    [Field(18)] public List<ParticipantKindDetail> KindDetails { get; set; } = [];

    /// <summary>What the client said of itself when it joined, for the other clients: which form of data streams and RPC it speaks.</summary>
    [Field(20)] public int ClientProtocol { get; set; }
    [Field(21)] public List<ClientCapability> Capabilities { get; set; } = [];
}

internal sealed class SpeakerInfo : Message
{
    [Field(1)] public required string Sid { get; set; } = "";

    /// <summary>0 to 1, 1 is the loudest.</summary>
    [Field(2)] public float Level { get; set; }
    [Field(3)] public bool Active { get; set; }
}
