using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Nexus.MediaNode.Protocol.OpenSsl;

namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>AES_CM_128_HMAC_SHA1_80 for SRTP and SRTCP (RFC 3711 sections 4.1.1 and 4.2.1), by OpenSSL.</summary>
internal sealed unsafe class CmSha1SrtpCipher : ISrtpCipher
{
    private const int TagLength = 10;
    private const int Sha1Length = 20;

    private readonly Half _rtp;
    private readonly Half _rtcp;

    public CmSha1SrtpCipher(SrtpSessionKeys keys)
    {
        _rtp = new Half(keys.RtpKey, keys.RtpAuth, keys.RtpSalt);
        _rtcp = new Half(keys.RtcpKey, keys.RtcpAuth, keys.RtcpSalt);
    }

    public string Name => "openssl-evp";

    public SrtpProfile Profile => SrtpProfile.AesCm128HmacSha1;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void SealRtp(Span<byte> packet, int headerLength, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, ulong index)
    {
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var body = packet.Slice(headerLength, prefix.Length + payload.Length);
        _rtp.Start(ssrc, index);
        _rtp.Crypt(prefix, body);
        _rtp.Crypt(payload, body[prefix.Length..]);
        Span<byte> mac = stackalloc byte[Sha1Length];
        var end = headerLength + body.Length;
        _rtp.Authenticate(packet[..end], (uint)(index >> 16), mac);
        mac[..TagLength].CopyTo(packet[end..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool OpenRtp(Span<byte> packet, int headerLength, ulong index)
    {
        var end = packet.Length - TagLength;
        Span<byte> mac = stackalloc byte[Sha1Length];
        _rtp.Authenticate(packet[..end], (uint)(index >> 16), mac);
        if (!CryptographicOperations.FixedTimeEquals(mac[..TagLength], packet[end..]))
        {
            return false;
        }

        _rtp.Start(BinaryPrimitives.ReadUInt32BigEndian(packet[8..]), index);
        var body = packet[headerLength..end];
        _rtp.Crypt(body, body);
        return true;
    }

    public int SealRtcp(Span<byte> packet, int length, uint index)
    {
        var body = packet[SrtcpTrailer.HeaderLength..length];
        _rtcp.Start(BinaryPrimitives.ReadUInt32BigEndian(packet[4..]), index);
        _rtcp.Crypt(body, body);
        BinaryPrimitives.WriteUInt32BigEndian(packet[length..], SrtcpTrailer.EncryptedBit | index);
        Span<byte> mac = stackalloc byte[Sha1Length];
        var end = length + SrtcpTrailer.Length;
        _rtcp.Authenticate(packet[..end], null, mac);
        mac[..TagLength].CopyTo(packet[end..]);
        return end + TagLength;
    }

    public bool OpenRtcp(Span<byte> packet, out int length)
    {
        var end = packet.Length - TagLength;
        length = end - SrtcpTrailer.Length;
        Span<byte> mac = stackalloc byte[Sha1Length];
        _rtcp.Authenticate(packet[..end], null, mac);
        if (!CryptographicOperations.FixedTimeEquals(mac[..TagLength], packet[end..]))
        {
            return false;
        }

        var word = SrtcpTrailer.Read(Profile, packet);
        if ((word & SrtcpTrailer.EncryptedBit) != 0)
        {
            _rtcp.Start(BinaryPrimitives.ReadUInt32BigEndian(packet[4..]), word & SrtcpTrailer.MaxIndex);
            var body = packet[SrtcpTrailer.HeaderLength..length];
            _rtcp.Crypt(body, body);
        }

        return true;
    }

    public void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
    }

    /// <summary>The keys of RTP, or those of RTCP. Counter mode decrypts as it encrypts: one context does both.</summary>
    private sealed class Half : IDisposable
    {
        private readonly nint _cipher = LibCrypto.EVP_CIPHER_CTX_new();
        private readonly nint _hmac = LibCrypto.HMAC_CTX_new();
        private readonly byte[] _salt;
        private bool _disposed;

        public Half(byte[] key, byte[] auth, byte[] salt)
        {
            _salt = salt;
            fixed (byte* k = key, a = auth)
            {
                LibCrypto.Check(LibCrypto.EVP_CipherInit_ex(_cipher, LibCrypto.Aes128Ctr, 0, k, null, 1));
                LibCrypto.Check(LibCrypto.HMAC_Init_ex(_hmac, a, auth.Length, LibCrypto.EVP_sha1(), 0));
            }
        }

        ~Half() => Free();

        /// <summary>IV = salt · 2¹⁶ XOR SSRC · 2⁶⁴ XOR index · 2¹⁶.</summary>
        public void Start(uint ssrc, ulong index)
        {
            var iv = stackalloc byte[16];
            var octets = new Span<byte>(iv, 16);
            _salt.CopyTo(octets);
            octets[14] = octets[15] = 0;
            var high = BinaryPrimitives.ReadUInt64BigEndian(octets) ^ ssrc;
            var low = BinaryPrimitives.ReadUInt64BigEndian(octets[8..]) ^ (index << 16);
            BinaryPrimitives.WriteUInt64BigEndian(octets, high);
            BinaryPrimitives.WriteUInt64BigEndian(octets[8..], low);
            LibCrypto.Check(LibCrypto.EVP_CipherInit_ex(_cipher, 0, 0, null, iv, 1));
        }

        public void Crypt(ReadOnlySpan<byte> input, Span<byte> output)
        {
            if (input.IsEmpty)
            {
                return;
            }

            int written;
            fixed (byte* i = input, o = output[..input.Length])
            {
                LibCrypto.Check(LibCrypto.EVP_CipherUpdate(_cipher, o, &written, i, input.Length));
            }
        }

        /// <summary>HMAC over the octets, followed by the rollover counter when there is one.</summary>
        public void Authenticate(ReadOnlySpan<byte> octets, uint? rollover, Span<byte> mac)
        {
            uint length = Sha1Length;
            fixed (byte* d = octets, m = mac)
            {
                var ok = LibCrypto.HMAC_Init_ex(_hmac, null, 0, 0, 0);
                ok &= LibCrypto.HMAC_Update(_hmac, d, (nuint)octets.Length);
                if (rollover is { } counter)
                {
                    var word = BinaryPrimitives.ReverseEndianness(counter);
                    ok &= LibCrypto.HMAC_Update(_hmac, (byte*)&word, 4);
                }

                ok &= LibCrypto.HMAC_Final(_hmac, m, &length);
                LibCrypto.Check(ok);
            }
        }

        public void Dispose()
        {
            Free();
            GC.SuppressFinalize(this);
        }

        private void Free()
        {
            if (!_disposed)
            {
                _disposed = true;
                LibCrypto.EVP_CIPHER_CTX_free(_cipher);
                LibCrypto.HMAC_CTX_free(_hmac);
            }
        }
    }
}
