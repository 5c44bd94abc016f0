using Nexus.Gateway.Adapters.LiveKit.Protobuf;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

internal sealed class UpdateSubscription : Message
{
    [Field(1)] public List<string> TrackSids { get; set; } = [];
    [Field(2)] public bool Subscribe { get; set; }
    [Field(3)] public List<ParticipantTracks> ParticipantTracks { get; set; } = [];
}

/// <summary>How a subscriber wants tracks: by size, or by quality where that is not given.</summary>
internal sealed class UpdateTrackSettings : Message
{
    [Field(1)] public List<string> TrackSids { get; set; } = [];

    /// <summary>Nothing for now.</summary>
    [Field(3)] public bool Disabled { get; set; }
    [Field(4)] public VideoQuality Quality { get; set; }
    [Field(5)] public uint Width { get; set; }
    [Field(6)] public uint Height { get; set; }
    [Field(7)] public uint Fps { get; set; }

    /// <summary>1 is the highest; 0 leaves it to the server.</summary>
    [Field(8)] public uint Priority { get; set; }
}

/// <summary>Who may subscribe to which tracks of the sender. It replaces all that was said before.</summary>
internal sealed class SubscriptionPermission : Message
{
    [Field(1)] public bool AllParticipants { get; set; }
    [Field(2)] public List<TrackPermission> TrackPermissions { get; set; } = [];
}

internal sealed class TrackPermission : Message
{
    [Field(1)] public string ParticipantSid { get; set; } = "";
    [Field(2)] public bool AllTracks { get; set; }
    [Field(3)] public List<string> TrackSids { get; set; } = [];
    [Field(4)] public string ParticipantIdentity { get; set; } = "";
}

/// <summary>To a subscriber: it may, or may no longer, have a track.</summary>
internal sealed class SubscriptionPermissionUpdate : Message
{
    [Field(1)] public required string ParticipantSid { get; set; } = "";
    [Field(2)] public required string TrackSid { get; set; } = "";
    [Field(3)] public bool Allowed { get; set; }
}

[ValuePrefix("SE_")]
internal enum SubscriptionError
{
    Unknown,
    CodecUnsupported,
    [ValueName("SE_TRACK_NOTFOUND")] TrackNotFound,
}

/// <summary>A subscription that cannot be.</summary>
internal sealed class SubscriptionResponse : Message
{
    [Field(1)] public required string TrackSid { get; set; } = "";
    [Field(2)] public SubscriptionError Err { get; set; }
}

internal enum StreamState
{
    Active,

    /// <summary>For want of bandwidth.</summary>
    Paused,
}

internal sealed class StreamStateInfo : Message
{
    [Field(1)] public required string ParticipantSid { get; set; } = "";
    [Field(2)] public required string TrackSid { get; set; } = "";
    [Field(3)] public StreamState State { get; set; }
}

internal sealed class StreamStateUpdate : Message
{
    [Field(1)] public List<StreamStateInfo> StreamStates { get; set; } = [];
}

/// <summary>How many more receiving sections a v1 client is to offer; it offers anew even for none.</summary>
internal sealed class MediaSectionsRequirement : Message
{
    [Field(1)] public uint NumAudios { get; set; }
    [Field(2)] public uint NumVideos { get; set; }
}
