namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>SRTP protection profiles by their DTLS-SRTP numbers (RFC 5764 section 4.1.2, RFC 7714 section 14.2).</summary>
public enum SrtpProfile : ushort
{
    None = 0,
    AesCm128HmacSha1 = 0x0001,
    AeadAes128Gcm = 0x0007,
    AeadAes256Gcm = 0x0008,
}

/// <summary>Lengths that follow from a profile, in octets.</summary>
public static class SrtpProfileFacts
{
    /// <summary>Most that protection adds to an RTP packet of any profile.</summary>
    public const int MaxRtpOverhead = 16;

    /// <summary>Most that protection adds to an RTCP packet of any profile: tag and index.</summary>
    public const int MaxRtcpOverhead = 20;

    public static int KeyLength(this SrtpProfile profile) => profile == SrtpProfile.AeadAes256Gcm ? 32 : 16;

    public static int SaltLength(this SrtpProfile profile) => profile == SrtpProfile.AesCm128HmacSha1 ? 14 : 12;

    public static int TagLength(this SrtpProfile profile) => profile == SrtpProfile.AesCm128HmacSha1 ? 10 : 16;

    /// <summary>The name in IANA's registry, as getStats shows it.</summary>
    public static string RegisteredName(this SrtpProfile profile) => profile switch
    {
        SrtpProfile.AesCm128HmacSha1 => "AES_CM_128_HMAC_SHA1_80",
        SrtpProfile.AeadAes128Gcm => "AEAD_AES_128_GCM",
        SrtpProfile.AeadAes256Gcm => "AEAD_AES_256_GCM",
        _ => "none",
    };
}
