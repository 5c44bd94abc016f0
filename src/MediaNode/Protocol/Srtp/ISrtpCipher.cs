namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>
/// Encrypts and authenticates single packets of one direction of one session: the seam to a crypto library. It knows keys and
/// packet layouts, neither replay windows nor rollover counters. Owned by one thread. Nothing allocates per packet.
/// </summary>
public interface ISrtpCipher : IDisposable
{
    /// <summary>Which implementation this is, for benchmarks and logs.</summary>
    string Name { get; }

    SrtpProfile Profile { get; }

    /// <summary>
    /// Protects an RTP packet. Its header already stands in <paramref name="packet"/>; behind it comes the encryption of
    /// <paramref name="prefix"/> (an RTX original sequence number, a rewritten payload descriptor; at most 64 octets) and
    /// <paramref name="payload"/>, then the tag. Neither may overlap <paramref name="packet"/>.
    /// </summary>
    /// <param name="index">48 bits: rollover counter and sequence number.</param>
    void SealRtp(Span<byte> packet, int headerLength, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, ulong index);

    /// <summary>Authenticates and decrypts in place. False leaves the packet in an undefined state.</summary>
    bool OpenRtp(Span<byte> packet, int headerLength, ulong index);

    /// <summary>
    /// Protects the RTCP compound in the first <paramref name="length"/> octets in place and returns the new length
    /// (at most <see cref="SrtpProfileFacts.MaxRtcpOverhead"/> more).
    /// </summary>
    int SealRtcp(Span<byte> packet, int length, uint index);

    /// <summary>
    /// Authenticates and, when its E bit says so, decrypts an SRTCP packet in place; <paramref name="length"/> is what
    /// remains. The index is read from the packet by <see cref="SrtcpTrailer"/>.
    /// </summary>
    bool OpenRtcp(Span<byte> packet, out int length);
}

/// <summary>Makes the fastest cipher that this machine can run.</summary>
public static class SrtpCiphers
{
    public static ISrtpCipher Create(SrtpProfile profile, SrtpMasterKey master) =>
        Create(profile, SrtpSessionKeys.Derive(profile, master));

    internal static ISrtpCipher Create(SrtpProfile profile, SrtpSessionKeys keys) => profile switch
    {
        SrtpProfile.AesCm128HmacSha1 => new CmSha1SrtpCipher(keys),
        SrtpProfile.AeadAes128Gcm or SrtpProfile.AeadAes256Gcm when AesNiGcmKey.IsSupported => CreateAesNiGcm(profile, keys),
        SrtpProfile.AeadAes128Gcm or SrtpProfile.AeadAes256Gcm => CreateEvpGcm(profile, keys),
        _ => throw new ArgumentOutOfRangeException(nameof(profile), profile, "not an SRTP profile that is implemented"),
    };

    internal static GcmSrtpCipher CreateAesNiGcm(SrtpProfile profile, SrtpSessionKeys keys) =>
        new(profile, keys, new AesNiGcmKey(keys.RtpKey), new AesNiGcmKey(keys.RtcpKey));

    internal static GcmSrtpCipher CreateEvpGcm(SrtpProfile profile, SrtpSessionKeys keys) =>
        new(profile, keys, new EvpGcmKey(keys.RtpKey), new EvpGcmKey(keys.RtcpKey));
}
