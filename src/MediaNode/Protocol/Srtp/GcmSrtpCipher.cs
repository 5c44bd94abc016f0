using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>AES-GCM under one key: what differs between implementations. Tags have 16 octets, nonces 12.</summary>
internal abstract class GcmKey : IDisposable
{
    public abstract string Name { get; }

    /// <summary>
    /// Writes the encryption of <paramref name="prefix"/> and <paramref name="payload"/> and the tag to
    /// <paramref name="output"/>, which is exactly as long as they. In place is allowed with an empty prefix.
    /// </summary>
    public abstract void Seal(in GcmNonce nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, Span<byte> output);

    /// <summary>Decrypts <paramref name="data"/> in place when <paramref name="tag"/> fits.</summary>
    public abstract bool Open(in GcmNonce nonce, ReadOnlySpan<byte> aad, Span<byte> data, ReadOnlySpan<byte> tag);

    public abstract void Dispose();
}

/// <summary>A 96-bit nonce.</summary>
[InlineArray(12)]
internal struct GcmNonce
{
    private byte _first;

    /// <summary>RFC 7714 sections 8.1 and 9.1: 0¹⁶ ‖ SSRC ‖ 48-bit index, XOR salt.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GcmNonce Of(uint ssrc, ulong index, in GcmNonce salt)
    {
        var nonce = salt;
        Span<byte> octets = nonce;
        var high = BinaryPrimitives.ReadUInt64BigEndian(octets) ^ ((ulong)ssrc << 16) ^ (index >> 32);
        var low = BinaryPrimitives.ReadUInt32BigEndian(octets[8..]) ^ (uint)index;
        BinaryPrimitives.WriteUInt64BigEndian(octets, high);
        BinaryPrimitives.WriteUInt32BigEndian(octets[8..], low);
        return nonce;
    }

    public static GcmNonce From(ReadOnlySpan<byte> octets)
    {
        var nonce = default(GcmNonce);
        octets[..12].CopyTo(nonce);
        return nonce;
    }
}

/// <summary>AEAD_AES_128_GCM and AEAD_AES_256_GCM for SRTP and SRTCP (RFC 7714).</summary>
internal sealed class GcmSrtpCipher : ISrtpCipher
{
    public const int TagLength = 16;

    private readonly GcmKey _rtp;
    private readonly GcmKey _rtcp;
    private readonly GcmNonce _rtpSalt;
    private readonly GcmNonce _rtcpSalt;

    public GcmSrtpCipher(SrtpProfile profile, SrtpSessionKeys keys, GcmKey rtp, GcmKey rtcp)
    {
        Profile = profile;
        _rtp = rtp;
        _rtcp = rtcp;
        _rtpSalt = GcmNonce.From(keys.RtpSalt);
        _rtcpSalt = GcmNonce.From(keys.RtcpSalt);
    }

    public string Name => _rtp.Name;

    public SrtpProfile Profile { get; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void SealRtp(Span<byte> packet, int headerLength, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, ulong index)
    {
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var output = packet.Slice(headerLength, prefix.Length + payload.Length + TagLength);
        _rtp.Seal(GcmNonce.Of(ssrc, index, _rtpSalt), packet[..headerLength], prefix, payload, output);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool OpenRtp(Span<byte> packet, int headerLength, ulong index)
    {
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var end = packet.Length - TagLength;
        return _rtp.Open(GcmNonce.Of(ssrc, index, _rtpSalt), packet[..headerLength], packet[headerLength..end], packet[end..]);
    }

    public int SealRtcp(Span<byte> packet, int length, uint index)
    {
        var word = SrtcpTrailer.EncryptedBit | index;
        Span<byte> aad = stackalloc byte[SrtcpTrailer.HeaderLength + SrtcpTrailer.Length];
        packet[..SrtcpTrailer.HeaderLength].CopyTo(aad);
        BinaryPrimitives.WriteUInt32BigEndian(aad[SrtcpTrailer.HeaderLength..], word);

        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        var body = packet[SrtcpTrailer.HeaderLength..length];
        _rtcp.Seal(GcmNonce.Of(ssrc, index, _rtcpSalt), aad, default, body, packet[SrtcpTrailer.HeaderLength..(length + TagLength)]);
        BinaryPrimitives.WriteUInt32BigEndian(packet[(length + TagLength)..], word);
        return length + TagLength + SrtcpTrailer.Length;
    }

    [SkipLocalsInit]
    public bool OpenRtcp(Span<byte> packet, out int length)
    {
        length = packet.Length - TagLength - SrtcpTrailer.Length;
        var word = SrtcpTrailer.Read(Profile, packet);
        var encrypted = (word & SrtcpTrailer.EncryptedBit) != 0;
        var clear = encrypted ? SrtcpTrailer.HeaderLength : length;
        Span<byte> aad = stackalloc byte[2048];
        if (clear + SrtcpTrailer.Length > aad.Length)
        {
            return false;
        }

        aad = aad[..(clear + SrtcpTrailer.Length)];
        packet[..clear].CopyTo(aad);
        BinaryPrimitives.WriteUInt32BigEndian(aad[clear..], word);
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        var nonce = GcmNonce.Of(ssrc, word & SrtcpTrailer.MaxIndex, _rtcpSalt);
        return _rtcp.Open(nonce, aad, packet[clear..length], packet.Slice(length, TagLength));
    }

    public void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
    }
}
