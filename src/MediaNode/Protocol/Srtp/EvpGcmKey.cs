using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol.OpenSsl;

namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>
/// AES-GCM by OpenSSL. The context keeps the expanded key and GHASH tables; per packet only the nonce changes. One context per
/// operation, so that neither direction pays for re-initialising the other's.
/// </summary>
internal sealed unsafe class EvpGcmKey : GcmKey
{
    private readonly byte[] _key;
    private nint _seal;
    private nint _open;

    public EvpGcmKey(ReadOnlySpan<byte> key) => _key = key.ToArray();

    ~EvpGcmKey() => Free();

    public override string Name => "openssl-evp";

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Seal(in GcmNonce nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, Span<byte> output)
    {
        var context = _seal != 0 ? _seal : _seal = NewContext(encrypt: 1);
        if (output.Length != prefix.Length + payload.Length + GcmSrtpCipher.TagLength)
        {
            throw new ArgumentException("output must have the length of input and tag", nameof(output));
        }

        int written;
        fixed (byte* n = (ReadOnlySpan<byte>)nonce, a = aad, pre = prefix, p = payload, o = output)
        {
            var ok = LibCrypto.EVP_CipherInit_ex(context, 0, 0, null, n, 1);
            ok &= LibCrypto.EVP_CipherUpdate(context, null, &written, a, aad.Length);
            var to = o;
            if (prefix.Length > 0)
            {
                ok &= LibCrypto.EVP_CipherUpdate(context, to, &written, pre, prefix.Length);
                to += prefix.Length;
            }

            if (payload.Length > 0)
            {
                ok &= LibCrypto.EVP_CipherUpdate(context, to, &written, p, payload.Length);
                to += payload.Length;
            }

            ok &= LibCrypto.EVP_CipherFinal_ex(context, to, &written);
            ok &= LibCrypto.EVP_CIPHER_CTX_ctrl(context, LibCrypto.GcmGetTag, GcmSrtpCipher.TagLength, to);
            LibCrypto.Check(ok);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override bool Open(in GcmNonce nonce, ReadOnlySpan<byte> aad, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        var context = _open != 0 ? _open : _open = NewContext(encrypt: 0);
        int written;
        fixed (byte* n = (ReadOnlySpan<byte>)nonce, a = aad, d = data, t = tag)
        {
            byte none;
            var ok = LibCrypto.EVP_CipherInit_ex(context, 0, 0, null, n, 0);
            ok &= LibCrypto.EVP_CIPHER_CTX_ctrl(context, LibCrypto.GcmSetTag, GcmSrtpCipher.TagLength, t);
            ok &= LibCrypto.EVP_CipherUpdate(context, null, &written, a, aad.Length);
            if (data.Length > 0)
            {
                ok &= LibCrypto.EVP_CipherUpdate(context, d, &written, d, data.Length);
            }

            LibCrypto.Check(ok);
            return LibCrypto.EVP_CipherFinal_ex(context, &none, &written) == 1; // a wrong tag queues no error
        }
    }

    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private nint NewContext(int encrypt)
    {
        var context = LibCrypto.EVP_CIPHER_CTX_new();
        fixed (byte* k = _key)
        {
            var cipher = _key.Length == 32 ? LibCrypto.Aes256Gcm : LibCrypto.Aes128Gcm;
            LibCrypto.Check(LibCrypto.EVP_CipherInit_ex(context, cipher, 0, k, null, encrypt));
        }

        return context;
    }

    private void Free()
    {
        if ((_seal | _open) != 0)
        {
            LibCrypto.EVP_CIPHER_CTX_free(_seal); // null is fine
            LibCrypto.EVP_CIPHER_CTX_free(_open);
            _seal = _open = 0;
        }
    }
}
