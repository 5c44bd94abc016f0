using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Nexus.MediaNode.Protocol;

/// <summary>
/// The remote end of a packet as one loop sees it: address, port, and for ICE-TCP the connection it came over.
/// A small value without references, so that it can key dictionaries on the packet path without allocating.
/// IPv4 is held as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2).
/// </summary>
/// <param name="High">First eight octets of the IPv6 address, network order read as big endian.</param>
/// <param name="Low">Last eight octets.</param>
/// <param name="Port">Remote port.</param>
/// <param name="Connection">0 for UDP; otherwise the loop's number of the TCP connection, never reused.</param>
public readonly record struct TransportTuple(ulong High, ulong Low, ushort Port, uint Connection)
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000;

    /// <summary>
    /// Which of our own addresses it talks to, as the socket numbers them; 0 where there is one, or any will do. Two of them are two
    /// pairs (RFC 8445 section 6.1.2).
    /// </summary>
    public byte Local { get; init; }

    public bool IsTcp => Connection != 0;

    public bool IsIPv4 => High == 0 && (Low & 0xFFFF_FFFF_0000_0000) == MappedPrefix;

    /// <summary>The IPv4 address as a big-endian number; meaningful only when <see cref="IsIPv4"/>.</summary>
    public uint IPv4 => (uint)Low;

    public static TransportTuple FromIPv4(uint address, ushort port, uint connection = 0) =>
        new(0, MappedPrefix | address, port, connection);

    /// <summary>Builds a tuple from a framework endpoint. Not for the packet path: it may allocate.</summary>
    public static TransportTuple From(IPEndPoint endPoint, uint connection = 0)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (endPoint.AddressFamily == AddressFamily.InterNetwork)
        {
            endPoint.Address.TryWriteBytes(bytes, out _);
            return FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes), (ushort)endPoint.Port, connection);
        }

        endPoint.Address.TryWriteBytes(bytes, out _);
        return new(
            BinaryPrimitives.ReadUInt64BigEndian(bytes),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            (ushort)endPoint.Port,
            connection);
    }

    /// <summary>The framework's form of it. Allocates: for control paths, logs and the portable port.</summary>
    public IPEndPoint ToEndPoint()
    {
        if (IsIPv4)
        {
            Span<byte> four = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(four, IPv4);
            return new IPEndPoint(new IPAddress(four), Port);
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
        return new IPEndPoint(new IPAddress(bytes), Port);
    }

    public override int GetHashCode() =>
        (int)((((High * 0x9E37_79B9_7F4A_7C15) ^ Low ^ ((ulong)Port << 32) ^ Connection) * 0x9E37_79B9_7F4A_7C15) >> 32);

    public override string ToString() => IsTcp ? $"tcp:{ToEndPoint()}#{Connection}" : ToEndPoint().ToString();
}
