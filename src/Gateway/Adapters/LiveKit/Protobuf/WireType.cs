namespace Nexus.Gateway.Adapters.LiveKit.Protobuf;

/// <summary>How a field's value is laid out (Protocol Buffers encoding, "Message Structure"). Groups (3, 4) are not spoken.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Length = 2,
    Fixed32 = 5,
}
