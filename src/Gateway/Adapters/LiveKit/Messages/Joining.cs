using Nexus.Gateway.Adapters.LiveKit.Protobuf;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

internal enum ClientSdk
{
    Unknown,
    Js,
    Swift,
    Android,
    Flutter,
    Go,
    Unity,
    ReactNative,
    Rust,
    Python,
    Cpp,
    UnityWeb,
    Node,
    Unreal,
    Esp32,
    Dotnet,
}

[ValuePrefix("RR_")]
internal enum ReconnectReason
{
    Unknown,
    SignalDisconnected,
    PublisherFailed,
    SubscriberFailed,
    SwitchCandidate,
}

internal enum JoinCompression
{
    None,
    Gzip,
}

internal enum ServerEdition
{
    [ValueName("Standard")] Standard,
    [ValueName("Cloud")] Cloud,
}

internal enum ClientConfigSetting
{
    Unset,
    Disabled,
    Enabled,
}

internal sealed class ClientInfo : Message
{
    [Field(1)] public ClientSdk Sdk { get; set; }
    [Field(2)] public string Version { get; set; } = "";

    /// <summary>Of signalling.</summary>
    [Field(3)] public int Protocol { get; set; }
    [Field(4)] public string Os { get; set; } = "";
    [Field(5)] public string OsVersion { get; set; } = "";
    [Field(6)] public string DeviceModel { get; set; } = "";
    [Field(7)] public string Browser { get; set; } = "";
    [Field(8)] public string BrowserVersion { get; set; } = "";
    [Field(9)] public string Address { get; set; } = "";
    [Field(10)] public string Network { get; set; } = "";
    [Field(11)] public string OtherSdks { get; set; } = "";

    /// <summary>Of what clients say to each other; goes into <see cref="ParticipantInfo.ClientProtocol"/>.</summary>
    [Field(12)] public int ClientProtocol { get; set; }
    [Field(13)] public List<ClientCapability> Capabilities { get; set; } = [];
}

internal sealed class ConnectionSettings : Message
{
    [Field(1)] public bool AutoSubscribe { get; set; }
    [Field(2)] public bool AdaptiveStream { get; set; }
    [Field(3)] public bool? SubscriberAllowPause { get; set; }
    [Field(4)] public bool DisableIceLite { get; set; }
    [Field(5)] public bool? AutoSubscribeDataTrack { get; set; }
}

/// <summary>What the <c>join_request</c> parameter holds, base64url.</summary>
internal sealed class WrappedJoinRequest : Message
{
    [Field(1)] public JoinCompression Compression { get; set; }

    /// <summary>A <see cref="Messages.JoinRequest"/>, compressed or not.</summary>
    [Field(2)] public byte[] JoinRequest { get; set; } = [];
}

internal sealed class JoinRequest : Message
{
    [Field(1)] public ClientInfo? ClientInfo { get; set; }
    [Field(2)] public ConnectionSettings? ConnectionSettings { get; set; }

    /// <summary>When not empty, in place of the token's.</summary>
    [Field(3)] public string Metadata { get; set; } = "";

    /// <summary>Over those of the token.</summary>
    [Field(4)] public Dictionary<string, string> ParticipantAttributes { get; set; } = [];
    [Field(5)] public List<AddTrackRequest> AddTrackRequests { get; set; } = [];
    [Field(6)] public SessionDescription? PublisherOffer { get; set; }
    [Field(7)] public bool Reconnect { get; set; }
    [Field(8)] public ReconnectReason ReconnectReason { get; set; }
    [Field(9)] public string ParticipantSid { get; set; } = "";
    [Field(10)] public SyncState? SyncState { get; set; }
}

[MessageName("livekit.ICEServer")]
internal sealed class IceServer : Message
{
    [Field(1)] public List<string> Urls { get; set; } = [];
    [Field(2)] public string Username { get; set; } = "";
    [Field(3)] public string Credential { get; set; } = "";
}

internal sealed class ServerInfo : Message
{
    [Field(1)] public ServerEdition Edition { get; set; }

    /// <summary>JavaScript clients refuse a server without one.</summary>
    [Field(2)] public required string Version { get; set; } = "";

    /// <summary>Of signalling.</summary>
    [Field(3)] public int Protocol { get; set; }
    [Field(4)] public string Region { get; set; } = "";
    [Field(5)] public string NodeId { get; set; } = "";
    [Field(6)] public string DebugInfo { get; set; } = "";
    [Field(7)] public int AgentProtocol { get; set; }
}

internal sealed class VideoConfiguration : Message
{
    [Field(1)] public ClientConfigSetting HardwareEncoder { get; set; }
}

internal sealed class DisabledCodecs : Message
{
    [Field(1)] public List<Codec> Codecs { get; set; } = [];

    /// <summary>For publishing alone.</summary>
    [Field(2)] public List<Codec> Publish { get; set; } = [];
}

internal sealed class ClientConfiguration : Message
{
    [Field(1)] public VideoConfiguration? Video { get; set; }
    [Field(2)] public VideoConfiguration? Screen { get; set; }
    [Field(3)] public ClientConfigSetting ResumeConnection { get; set; }
    [Field(4)] public DisabledCodecs? DisabledCodecs { get; set; }
    [Field(5)] public ClientConfigSetting ForceRelay { get; set; }
}

/// <summary>
/// The first message of a connection. Of what is required, a client crashes or refuses without it: rtc-node's process without a
/// room or with a ping of zero, both without the participant.
/// </summary>
internal sealed class JoinResponse : Message
{
    [Field(1)] public required Room Room { get; set; }
    [Field(2)] public required ParticipantInfo Participant { get; set; }
    [Field(3)] public List<ParticipantInfo> OtherParticipants { get; set; } = [];
    [Field(4)] public string ServerVersion { get; set; } = "";
    [Field(5)] public List<IceServer> IceServers { get; set; } = [];

    /// <summary>The server offers, on a second PeerConnection (v0).</summary>
    [Field(6)] public bool SubscriberPrimary { get; set; }
    [Field(7)] public string AlternativeUrl { get; set; } = "";
    [Field(8)] public ClientConfiguration? ClientConfiguration { get; set; }
    [Field(9)] public string ServerRegion { get; set; } = "";

    /// <summary>Seconds without an answer after which a client gives up.</summary>
    [Field(10)] public required int PingTimeout { get; set; }

    /// <summary>Seconds between pings.</summary>
    [Field(11)] public required int PingInterval { get; set; }
    [Field(12)] public required ServerInfo ServerInfo { get; set; }

    /// <summary>Ends frames that the server itself makes, which are not encrypted in calls that are.</summary>
    [Field(13)] public byte[] SifTrailer { get; set; } = [];
    [Field(14)] public List<Codec> EnabledPublishCodecs { get; set; } = [];

    /// <summary>Has a v0 client offer at once.</summary>
    [Field(15)] public bool FastPublish { get; set; }
}

/// <summary>The first message of a resumed connection.</summary>
internal sealed class ReconnectResponse : Message
{
    [Field(1)] public List<IceServer> IceServers { get; set; } = [];
    [Field(2)] public ClientConfiguration? ClientConfiguration { get; set; }
    [Field(3)] public required ServerInfo ServerInfo { get; set; }

    /// <summary>Of the reliable data that has arrived; the client sends what came after it again.</summary>
    [Field(4)] public uint LastMessageSeq { get; set; }
}

/// <summary>The participant is in another room now; its PeerConnection goes on.</summary>
internal sealed class RoomMovedResponse : Message
{
    [Field(1)] public required Room Room { get; set; }

    /// <summary>For reconnecting to the new room.</summary>
    [Field(2)] public required string Token { get; set; } = "";
    [Field(3)] public required ParticipantInfo Participant { get; set; }
    [Field(4)] public List<ParticipantInfo> OtherParticipants { get; set; } = [];
}
