using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>
/// The word that ends an SRTCP packet's protected part: E bit and 31-bit index (RFC 3711 section 3.4). AEAD profiles put the
/// tag before it (RFC 7714 section 9.2), AES-CM behind it.
/// </summary>
internal static class SrtcpTrailer
{
    public const int Length = 4;
    public const int HeaderLength = 8;
    public const uint EncryptedBit = 0x8000_0000;
    public const uint MaxIndex = 0x7FFF_FFFF;

    /// <summary>Octets that an SRTCP packet has at least.</summary>
    public static int MinLength(SrtpProfile profile) => HeaderLength + Length + profile.TagLength();

    /// <summary>Offset of the word; the packet must have <see cref="MinLength"/>.</summary>
    public static int Offset(SrtpProfile profile, int packetLength) =>
        profile == SrtpProfile.AesCm128HmacSha1 ? packetLength - profile.TagLength() - Length : packetLength - Length;

    public static uint Read(SrtpProfile profile, ReadOnlySpan<byte> packet) =>
        BinaryPrimitives.ReadUInt32BigEndian(packet[Offset(profile, packet.Length)..]);
}
