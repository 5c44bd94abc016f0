using System.Buffers.Binary;
using System.Text;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>Payload protocols of WebRTC (RFC 8831 section 8). SCTP has no empty messages, so those have identifiers of their own.</summary>
internal static class PayloadProtocol
{
    public const uint Dcep = 50;
    public const uint Text = 51;
    public const uint Binary = 53;
    public const uint EmptyText = 56;
    public const uint EmptyBinary = 57;
}

/// <summary>DATA_CHANNEL_OPEN and DATA_CHANNEL_ACK (RFC 8832 section 5).</summary>
internal static class Dcep
{
    private const byte OpenType = 3;
    private const byte AckType = 2;
    private const int OpenHeaderLength = 12;
    private const byte UnorderedBit = 0x80;

    private enum Reliability : byte
    {
        Full = 0,
        LimitedRetransmits = 1,
        LimitedLifetime = 2,
    }

    public static ReadOnlySpan<byte> Ack => [AckType];

    public static bool IsAck(ReadOnlySpan<byte> message) => message is [AckType, ..];

    public static byte[] WriteOpen(DataChannelOptions options, string label)
    {
        var labelLength = Encoding.UTF8.GetByteCount(label);
        var protocolLength = Encoding.UTF8.GetByteCount(options.Protocol);
        var message = new byte[OpenHeaderLength + labelLength + protocolLength];
        var (reliability, parameter) =
            options.MaxRetransmits is { } retransmits ? (Reliability.LimitedRetransmits, (uint)retransmits)
            : options.MaxLifetime is { } lifetime ? (Reliability.LimitedLifetime, (uint)lifetime.TotalMilliseconds)
            : (Reliability.Full, 0u);
        message[0] = OpenType;
        message[1] = (byte)((byte)reliability | (options.Ordered ? 0 : UnorderedBit));
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)options.Priority);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), parameter);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(8), (ushort)labelLength);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(10), (ushort)protocolLength);
        Encoding.UTF8.GetBytes(label, message.AsSpan(OpenHeaderLength));
        Encoding.UTF8.GetBytes(options.Protocol, message.AsSpan(OpenHeaderLength + labelLength));
        return message;
    }

    public static bool TryReadOpen(ReadOnlySpan<byte> message, out string label, out DataChannelOptions options)
    {
        label = "";
        options = DataChannelOptions.Default;
        if (message.Length < OpenHeaderLength || message[0] != OpenType)
        {
            return false;
        }

        int labelLength = BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
        int protocolLength = BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        var reliability = (Reliability)(message[1] & ~UnorderedBit);
        if (message.Length != OpenHeaderLength + labelLength + protocolLength || reliability > Reliability.LimitedLifetime)
        {
            return false;
        }

        var parameter = BinaryPrimitives.ReadUInt32BigEndian(message[4..]);
        label = Encoding.UTF8.GetString(message.Slice(OpenHeaderLength, labelLength));
        options = new DataChannelOptions
        {
            Ordered = (message[1] & UnorderedBit) == 0,
            MaxRetransmits = reliability == Reliability.LimitedRetransmits ? (int)Math.Min(parameter, int.MaxValue) : null,
            MaxLifetime = reliability == Reliability.LimitedLifetime ? TimeSpan.FromMilliseconds(parameter) : null,
            Priority = BinaryPrimitives.ReadUInt16BigEndian(message[2..]),
            Protocol = Encoding.UTF8.GetString(message.Slice(OpenHeaderLength + labelLength, protocolLength)),
        };
        return true;
    }
}
