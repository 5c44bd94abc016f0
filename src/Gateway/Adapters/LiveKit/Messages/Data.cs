using Nexus.Gateway.Adapters.LiveKit.Protobuf;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

internal enum DataPacketKind
{
    Reliable,
    Lossy,
}

/// <summary>
/// What data channels carry. The server reads the envelope alone: chat, RPC, streams and transcription are unknown fields to it,
/// and pass as they are.
/// </summary>
internal sealed class DataPacket : Message
{
    [Field(1)] public DataPacketKind Kind { get; set; }
    [OneOf("value", 2)] public UserPacket? User { get; set; }

    /// <summary>The sender's; the server writes it.</summary>
    [Field(4)] public string ParticipantIdentity { get; set; } = "";

    /// <summary>Empty: everybody.</summary>
    [Field(5)] public List<string> DestinationIdentities { get; set; } = [];

    /// <summary>The sender's count of its reliable packets.</summary>
    [Field(16)] public uint Sequence { get; set; }
    [Field(17)] public string ParticipantSid { get; set; } = "";
}

internal sealed class UserPacket : Message
{
    [Field(1)] public string ParticipantSid { get; set; } = "";
    [Field(2)] public byte[] Payload { get; set; } = [];
    [Field(3)] public List<string> DestinationSids { get; set; } = [];
    [Field(4)] public string? Topic { get; set; }
    [Field(5)] public string ParticipantIdentity { get; set; } = "";
    [Field(6)] public List<string> DestinationIdentities { get; set; } = [];
    [Field(8)] public string? Id { get; set; }
    [Field(9)] public ulong? StartTime { get; set; }
    [Field(10)] public ulong? EndTime { get; set; }
    [Field(11)] public byte[] Nonce { get; set; } = [];
}

// Data tracks and blobs are not served: of these, only what an answer needs is read.

internal sealed class PublishDataTrackRequest : Message
{
    [Field(1)] public uint PubHandle { get; set; }
    [Field(2)] public string Name { get; set; } = "";
    [Field(3)] public EncryptionType Encryption { get; set; }
}

internal sealed class UnpublishDataTrackRequest : Message
{
    [Field(1)] public uint PubHandle { get; set; }
}

internal sealed class UpdateDataSubscription : Message;

internal sealed class StoreDataBlobRequest : Message
{
    [Field(1)] public uint RequestId { get; set; }
}

internal sealed class GetDataBlobRequest : Message
{
    [Field(1)] public uint RequestId { get; set; }
}
