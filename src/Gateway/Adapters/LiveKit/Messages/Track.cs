using Nexus.Gateway.Adapters.LiveKit.Protobuf;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

internal enum TrackType
{
    Audio,
    Video,
    Data,
}

internal enum TrackSource
{
    Unknown,
    Camera,
    Microphone,
    ScreenShare,
    ScreenShareAudio,
}

internal enum EncryptionType
{
    None,
    Gcm,
    Custom,
}

internal enum BackupCodecPolicy
{
    PreferRegression,
    Simulcast,
    Regression,
}

[ValuePrefix("TF_")]
internal enum AudioTrackFeature
{
    Stereo,
    NoDtx,
    AutoGainControl,
    EchoCancellation,
    NoiseSuppression,
    EnhancedNoiseCancellation,
    PreconnectBuffer,
}

[ValuePrefix("PTF_")]
internal enum PacketTrailerFeature
{
    UserTimestamp,
    FrameId,
    UserData,
}

internal enum VideoQuality
{
    Low,
    Medium,
    High,
    Off,
}

/// <summary>How the layers of a video lie in its streams.</summary>
internal enum VideoLayerMode
{
    ModeUnused,

    /// <summary>Simulcast.</summary>
    OneSpatialLayerPerStream,

    /// <summary>SVC.</summary>
    MultipleSpatialLayersPerStream,
    OneSpatialLayerPerStreamIncompleteRtcpSr,
}

/// <summary>One resolution of a video. A video with a single one calls it high.</summary>
internal sealed class VideoLayer : Message
{
    [Field(1)] public VideoQuality Quality { get; set; }
    [Field(2)] public uint Width { get; set; }
    [Field(3)] public uint Height { get; set; }

    /// <summary>Target, bit/s.</summary>
    [Field(4)] public uint Bitrate { get; set; }
    [Field(5)] public uint Ssrc { get; set; }
    [Field(6)] public int SpatialLayer { get; set; }
    [Field(7)] public string Rid { get; set; } = "";
    [Field(8)] public uint RepairSsrc { get; set; }
}

/// <summary>A codec in which the client wants to publish a track.</summary>
internal sealed class SimulcastCodec : Message
{
    /// <summary>Without the kind: <c>vp8</c>.</summary>
    [Field(1)] public string Codec { get; set; } = "";
    [Field(2)] public string Cid { get; set; } = "";
    [Field(4)] public List<VideoLayer> Layers { get; set; } = [];
    [Field(5)] public VideoLayerMode VideoLayerMode { get; set; }
}

/// <summary>A codec in which a track is published.</summary>
internal sealed class SimulcastCodecInfo : Message
{
    [Field(1)] public string MimeType { get; set; } = "";
    [Field(2)] public string Mid { get; set; } = "";
    [Field(3)] public string Cid { get; set; } = "";
    [Field(4)] public List<VideoLayer> Layers { get; set; } = [];
    [Field(5)] public VideoLayerMode VideoLayerMode { get; set; }

    /// <summary>The track's id in SDP, when it is not <see cref="Cid"/>.</summary>
    [Field(6)] public string SdpCid { get; set; } = "";
}

/// <summary>A published track. Clients check that the sid begins with <c>TR</c>.</summary>
internal sealed class TrackInfo : Message
{
    [Field(1)] public required string Sid { get; set; } = "";
    [Field(2)] public TrackType Type { get; set; }
    [Field(3)] public string Name { get; set; } = "";
    [Field(4)] public bool Muted { get; set; }

    /// <summary>As it is published; a subscriber may get less.</summary>
    [Field(5)] public uint Width { get; set; }
    [Field(6)] public uint Height { get; set; }
    [Field(7)] public bool Simulcast { get; set; }
    [Field(8)] public bool DisableDtx { get; set; }
    [Field(9)] public TrackSource Source { get; set; }
    [Field(10)] public List<VideoLayer> Layers { get; set; } = [];
    [Field(11)] public string MimeType { get; set; } = "";
    [Field(12)] public string Mid { get; set; } = "";
    [Field(13)] public List<SimulcastCodecInfo> Codecs { get; set; } = [];
    [Field(14)] public bool Stereo { get; set; }
    [Field(15)] public bool DisableRed { get; set; }
    [Field(16)] public EncryptionType Encryption { get; set; }
    [Field(17)] public string Stream { get; set; } = "";
    [Field(18)] public TimedVersion? Version { get; set; }
    [Field(19)] public List<AudioTrackFeature> AudioFeatures { get; set; } = [];
    [Field(20)] public BackupCodecPolicy BackupCodecPolicy { get; set; }
    [Field(21)] public List<PacketTrailerFeature> PacketTrailerFeatures { get; set; } = [];
}

/// <summary>Orders changes: microseconds of Unix time, then a count within them.</summary>
internal sealed class TimedVersion : Message
{
    [Field(1)] public long UnixMicro { get; set; }
    [Field(2)] public int Ticks { get; set; }
}

/// <summary>Tracks of one participant.</summary>
internal sealed class ParticipantTracks : Message
{
    [Field(1)] public string ParticipantSid { get; set; } = "";
    [Field(2)] public List<string> TrackSids { get; set; } = [];
}
