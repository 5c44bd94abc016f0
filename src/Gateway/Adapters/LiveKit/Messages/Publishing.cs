using Nexus.Gateway.Adapters.LiveKit.Protobuf;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

internal sealed class AddTrackRequest : Message
{
    /// <summary>The client's id of the track, which its offer has too.</summary>
    [Field(1)] public string Cid { get; set; } = "";
    [Field(2)] public string Name { get; set; } = "";
    [Field(3)] public TrackType Type { get; set; }
    [Field(4)] public uint Width { get; set; }
    [Field(5)] public uint Height { get; set; }
    [Field(6)] public bool Muted { get; set; }
    [Field(7)] public bool DisableDtx { get; set; }
    [Field(8)] public TrackSource Source { get; set; }
    [Field(9)] public List<VideoLayer> Layers { get; set; } = [];
    [Field(10)] public List<SimulcastCodec> SimulcastCodecs { get; set; } = [];

    /// <summary>Of a track that is published already, to add a codec to it.</summary>
    [Field(11)] public string Sid { get; set; } = "";
    [Field(12)] public bool Stereo { get; set; }
    [Field(13)] public bool DisableRed { get; set; }
    [Field(14)] public EncryptionType Encryption { get; set; }
    [Field(15)] public string Stream { get; set; } = "";
    [Field(16)] public BackupCodecPolicy BackupCodecPolicy { get; set; }
    [Field(17)] public List<AudioTrackFeature> AudioFeatures { get; set; } = [];
    [Field(18)] public List<PacketTrailerFeature> PacketTrailerFeatures { get; set; } = [];
}

internal sealed class TrackPublishedResponse : Message
{
    [Field(1)] public required string Cid { get; set; } = "";
    [Field(2)] public required TrackInfo Track { get; set; }
}

internal sealed class TrackUnpublishedResponse : Message
{
    [Field(1)] public required string TrackSid { get; set; } = "";
}

internal sealed class MuteTrackRequest : Message
{
    [Field(1)] public required string Sid { get; set; } = "";
    [Field(2)] public bool Muted { get; set; }
}

internal sealed class UpdateVideoLayers : Message
{
    [Field(1)] public string TrackSid { get; set; } = "";
    [Field(2)] public List<VideoLayer> Layers { get; set; } = [];
}

internal sealed class UpdateLocalAudioTrack : Message
{
    [Field(1)] public string TrackSid { get; set; } = "";
    [Field(2)] public List<AudioTrackFeature> Features { get; set; } = [];
}

internal sealed class UpdateLocalVideoTrack : Message
{
    [Field(1)] public string TrackSid { get; set; } = "";
    [Field(2)] public uint Width { get; set; }
    [Field(3)] public uint Height { get; set; }
}

internal sealed class SubscribedQuality : Message
{
    [Field(1)] public VideoQuality Quality { get; set; }
    [Field(2)] public bool Enabled { get; set; }
}

internal sealed class SubscribedCodec : Message
{
    [Field(1)] public string Codec { get; set; } = "";
    [Field(2)] public List<SubscribedQuality> Qualities { get; set; } = [];
}

/// <summary>Which layers of a track anybody wants: the publisher stops encoding the others (dynacast).</summary>
internal sealed class SubscribedQualityUpdate : Message
{
    [Field(1)] public required string TrackSid { get; set; } = "";

    /// <summary>For older clients, of the first codec.</summary>
    [Field(2)] public List<SubscribedQuality> SubscribedQualities { get; set; } = [];
    [Field(3)] public List<SubscribedCodec> SubscribedCodecs { get; set; } = [];
}

internal sealed class SubscribedAudioCodec : Message
{
    [Field(1)] public string Codec { get; set; } = "";
    [Field(2)] public bool Enabled { get; set; }
}

internal sealed class SubscribedAudioCodecUpdate : Message
{
    [Field(1)] public required string TrackSid { get; set; } = "";
    [Field(2)] public List<SubscribedAudioCodec> SubscribedAudioCodecs { get; set; } = [];
}

/// <summary>To a publisher: the first subscriber of a track is there.</summary>
internal sealed class TrackSubscribed : Message
{
    [Field(1)] public required string TrackSid { get; set; } = "";
}
