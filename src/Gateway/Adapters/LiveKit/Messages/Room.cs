using Nexus.Gateway.Adapters.LiveKit.Protobuf;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

internal sealed class Room : Message
{
    [Field(1)] public required string Sid { get; set; } = "";
    [Field(2)] public required string Name { get; set; } = "";

    /// <summary>Seconds that the room stays when nobody comes.</summary>
    [Field(3)] public uint EmptyTimeout { get; set; }

    /// <summary>0 is no limit.</summary>
    [Field(4)] public uint MaxParticipants { get; set; }

    /// <summary>Seconds of Unix time.</summary>
    [Field(5)] public long CreationTime { get; set; }
    [Field(6)] public string TurnPassword { get; set; } = "";
    [Field(7)] public List<Codec> EnabledCodecs { get; set; } = [];
    [Field(8)] public string Metadata { get; set; } = "";
    [Field(9)] public uint NumParticipants { get; set; }
    [Field(10)] public bool ActiveRecording { get; set; }
    [Field(11)] public uint NumPublishers { get; set; }
    [Field(13)] public TimedVersion? Version { get; set; }

    /// <summary>Seconds that the room stays when everybody has left.</summary>
    [Field(14)] public uint DepartureTimeout { get; set; }

    /// <summary>Milliseconds of Unix time.</summary>
    [Field(15)] public long CreationTimeMs { get; set; }
}

internal sealed class Codec : Message
{
    /// <summary>With the kind: <c>video/VP8</c>.</summary>
    [Field(1)] public string Mime { get; set; } = "";
    [Field(2)] public string FmtpLine { get; set; } = "";
}
