using System.Security.Cryptography;

namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>Master key and salt of one direction.</summary>
public sealed record SrtpMasterKey(byte[] Key, byte[] Salt);

/// <summary>
/// What a DTLS-SRTP handshake yields (RFC 5764 section 4.2): the profile and one master key per direction, already sorted by
/// who sends with it.
/// </summary>
public sealed record SrtpKeyingMaterial(SrtpProfile Profile, SrtpMasterKey Local, SrtpMasterKey Remote)
{
    /// <summary>Octets to export for a profile: two keys and two salts.</summary>
    public static int ExportLength(SrtpProfile profile) => 2 * (profile.KeyLength() + profile.SaltLength());

    /// <summary>Cuts exporter output into keys: client key, server key, client salt, server salt.</summary>
    public static SrtpKeyingMaterial FromExport(SrtpProfile profile, ReadOnlySpan<byte> exported, bool isClient)
    {
        var key = profile.KeyLength();
        var salt = profile.SaltLength();
        var client = new SrtpMasterKey(exported[..key].ToArray(), exported.Slice(2 * key, salt).ToArray());
        var server = new SrtpMasterKey(exported.Slice(key, key).ToArray(), exported.Slice((2 * key) + salt, salt).ToArray());
        return isClient ? new(profile, client, server) : new(profile, server, client);
    }
}

/// <summary>
/// Session keys of one direction (RFC 3711 section 4.3.1, with key derivation rate 0, the only one DTLS-SRTP uses).
/// </summary>
internal sealed record SrtpSessionKeys(byte[] RtpKey, byte[] RtpAuth, byte[] RtpSalt, byte[] RtcpKey, byte[] RtcpAuth, byte[] RtcpSalt)
{
    private const int AuthKeyLength = 20;

    public static SrtpSessionKeys Derive(SrtpProfile profile, SrtpMasterKey master)
    {
        using var aes = Aes.Create();
        aes.Key = master.Key;
        var auth = profile == SrtpProfile.AesCm128HmacSha1 ? AuthKeyLength : 0;
        byte[] Of(byte label, int length) => Generate(aes, master.Salt, label, length);
        return new(
            Of(0, profile.KeyLength()), Of(1, auth), Of(2, profile.SaltLength()),
            Of(3, profile.KeyLength()), Of(4, auth), Of(5, profile.SaltLength()));
    }

    /// <summary>
    /// AES-CM as pseudo-random function: the counter starts at (label ‖ 0⁴⁸ XOR salt) · 2¹⁶. GCM's 96-bit salts count as
    /// padded with zeros to 112 (RFC 7714 section 11).
    /// </summary>
    private static byte[] Generate(Aes aes, byte[] salt, byte label, int length)
    {
        var counter = new byte[16];
        salt.CopyTo(counter, 0);
        counter[7] ^= label;
        var blocks = new byte[(length + 15) / 16 * 16];
        for (var i = 0; i < blocks.Length / 16; i++)
        {
            counter[15] = (byte)i;
            aes.EncryptEcb(counter, blocks.AsSpan(i * 16, 16), PaddingMode.None);
        }

        return blocks[..length];
    }
}
