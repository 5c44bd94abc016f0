using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Io;

/// <summary>Linux <c>sockaddr_in</c> and <c>sockaddr_in6</c> to and from tuples, without allocation.</summary>
internal static class SocketAddressCodec
{
    public const int Size = 28;
    private const ushort FamilyIPv4 = 2;
    private const ushort FamilyIPv6 = 10;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TransportTuple Read(ReadOnlySpan<byte> address)
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        return Unsafe.ReadUnaligned<ushort>(in address[0]) == FamilyIPv4
            ? TransportTuple.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(address[4..]), port)
            : new TransportTuple(
                BinaryPrimitives.ReadUInt64BigEndian(address[8..]),
                BinaryPrimitives.ReadUInt64BigEndian(address[16..]),
                port,
                0);
    }

    /// <summary>Writes the form that a socket of the given family takes and returns its length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Write(Span<byte> address, in TransportTuple tuple, bool toIPv6)
    {
        address[..Size].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], tuple.Port);
        if (toIPv6)
        {
            Unsafe.WriteUnaligned(ref address[0], FamilyIPv6);
            BinaryPrimitives.WriteUInt64BigEndian(address[8..], tuple.High);
            BinaryPrimitives.WriteUInt64BigEndian(address[16..], tuple.Low);
            return Size;
        }

        Unsafe.WriteUnaligned(ref address[0], FamilyIPv4);
        BinaryPrimitives.WriteUInt32BigEndian(address[4..], tuple.IPv4);
        return 16;
    }
}
