using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>
/// SCTP's checksum (RFC 9260 appendix A). The runtime's own primitive: SSE4.2 or ARM instructions, a table elsewhere.
/// </summary>
internal static class Crc32c
{
    private const int ChecksumOffset = 8;

    /// <summary>CRC-32C of the packet with its checksum field taken as zero.</summary>
    public static uint OfPacket(ReadOnlySpan<byte> packet)
    {
        var crc = Update(uint.MaxValue, packet[..ChecksumOffset]);
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Update(crc, packet[SctpFormat.HeaderLength..]);
    }

    public static uint Of(ReadOnlySpan<byte> data) => ~Update(uint.MaxValue, data);

    public static uint Read(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt32LittleEndian(packet[ChecksumOffset..]);

    public static void Write(Span<byte> packet) =>
        BinaryPrimitives.WriteUInt32LittleEndian(packet[ChecksumOffset..], OfPacket(packet));

    private static uint Update(uint crc, ReadOnlySpan<byte> data)
    {
        while (data.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, MemoryMarshal.Read<ulong>(data));
            data = data[sizeof(ulong)..];
        }

        foreach (var octet in data)
        {
            crc = BitOperations.Crc32C(crc, octet);
        }

        return crc;
    }
}
