using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Nexus.MediaNode.Protocol.Stun;

/// <summary>MESSAGE-INTEGRITY and FINGERPRINT (RFC 8489 sections 14.5 and 14.7), without allocation.</summary>
internal static class StunCrypto
{
    private static readonly uint[] Crc32Table = BuildCrc32Table();

    /// <summary>
    /// HMAC-SHA1 over the message up to its MESSAGE-INTEGRITY attribute at <paramref name="attributeOffset"/>, with the
    /// header's length field set as if that attribute were the last.
    /// </summary>
    [SkipLocalsInit]
    public static void ComputeIntegrity(ReadOnlySpan<byte> message, int attributeOffset, ReadOnlySpan<byte> key, Span<byte> mac)
    {
        Span<byte> covered = stackalloc byte[StunFormat.MaxMessageLength];
        covered = covered[..attributeOffset];
        message[..attributeOffset].CopyTo(covered);
        var length = attributeOffset - StunFormat.HeaderLength + StunFormat.AttributeHeaderLength + StunFormat.IntegrityLength;
        BinaryPrimitives.WriteUInt16BigEndian(covered[2..], (ushort)length);
#pragma warning disable CA5350 // the protocol's own algorithm; RFC 8445 agents know no other
        HMACSHA1.HashData(key, covered, mac);
#pragma warning restore CA5350
    }

    /// <summary>
    /// The FINGERPRINT value of the message up to that attribute. FINGERPRINT is always the last one, so the header's length
    /// already counts it and needs no rewriting.
    /// </summary>
    public static uint ComputeFingerprint(ReadOnlySpan<byte> messageUpToAttribute) =>
        Crc32(messageUpToAttribute) ^ StunFormat.FingerprintXor;

    /// <summary>CRC-32 of ITU-T V.42 (the one of Ethernet and zip).</summary>
    public static uint Crc32(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var octet in data)
        {
            crc = Crc32Table[(byte)(crc ^ octet)] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint[] BuildCrc32Table()
    {
        var table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1;
            }

            table[i] = value;
        }

        return table;
    }
}
