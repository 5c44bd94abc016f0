using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>
/// What INIT ACK gives the peer to hand back in COOKIE ECHO, so that nothing is kept meanwhile (RFC 9260 section 5.1.3):
/// both sides' parameters, the tags of an association that exists already (tie-tags), the time, and an HMAC over it all.
/// </summary>
internal readonly record struct StateCookie(Instant Created, InitParameters Local, InitParameters Peer, uint LocalTieTag, uint PeerTieTag)
{
    private const int EndpointLength = 20;
    private const int BodyLength = 8 + (2 * EndpointLength) + 8;

    public const int Length = BodyLength + HMACSHA256.HashSizeInBytes;

    public void Write(Span<byte> destination, ReadOnlySpan<byte> key)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, Created.Nanoseconds);
        WriteEndpoint(destination[8..], Local);
        WriteEndpoint(destination[(8 + EndpointLength)..], Peer);
        BinaryPrimitives.WriteUInt32BigEndian(destination[(8 + (2 * EndpointLength))..], LocalTieTag);
        BinaryPrimitives.WriteUInt32BigEndian(destination[(12 + (2 * EndpointLength))..], PeerTieTag);
        HMACSHA256.HashData(key, destination[..BodyLength], destination.Slice(BodyLength, HMACSHA256.HashSizeInBytes));
    }

    /// <summary>False when it is not one of ours, or was changed on the way.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, ReadOnlySpan<byte> key, out StateCookie cookie)
    {
        cookie = default;
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (source.Length != Length)
        {
            return false;
        }

        HMACSHA256.HashData(key, source[..BodyLength], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, source[BodyLength..]))
        {
            return false;
        }

        cookie = new StateCookie(
            new Instant(BinaryPrimitives.ReadInt64BigEndian(source)),
            ReadEndpoint(source[8..]),
            ReadEndpoint(source[(8 + EndpointLength)..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[(8 + (2 * EndpointLength))..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[(12 + (2 * EndpointLength))..]));
        return true;
    }

    private static void WriteEndpoint(Span<byte> destination, in InitParameters init)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, init.Tag);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], init.Window);
        BinaryPrimitives.WriteUInt16BigEndian(destination[8..], init.OutgoingStreams);
        BinaryPrimitives.WriteUInt16BigEndian(destination[10..], init.IncomingStreams);
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], init.InitialTsn);
        BinaryPrimitives.WriteInt32BigEndian(destination[16..], (init.ForwardTsn ? 1 : 0) | (init.ReConfig ? 2 : 0) | (init.ZeroChecksum ? 4 : 0));
    }

    private static InitParameters ReadEndpoint(ReadOnlySpan<byte> source)
    {
        var flags = BinaryPrimitives.ReadInt32BigEndian(source[16..]);
        return new InitParameters(
            BinaryPrimitives.ReadUInt32BigEndian(source),
            BinaryPrimitives.ReadUInt32BigEndian(source[4..]),
            BinaryPrimitives.ReadUInt16BigEndian(source[8..]),
            BinaryPrimitives.ReadUInt16BigEndian(source[10..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[12..]),
            (flags & 1) != 0,
            (flags & 2) != 0,
            (flags & 4) != 0);
    }
}
