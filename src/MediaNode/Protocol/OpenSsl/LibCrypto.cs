using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Nexus.MediaNode.Protocol.OpenSsl;

/// <summary>
/// The calls of libcrypto that SRTP makes. Those marked SuppressGCTransition run well under a microsecond on one packet.
/// </summary>
internal static unsafe partial class LibCrypto
{
    public const int GcmGetTag = 0x10;
    public const int GcmSetTag = 0x11;

    static LibCrypto()
    {
        OpenSslLibrary.Register();
        Aes128Gcm = Fetch("AES-128-GCM");
        Aes256Gcm = Fetch("AES-256-GCM");
        Aes128Ctr = Fetch("AES-128-CTR");
    }

    /// <summary>Cipher methods, fetched once for the process (an implicit fetch per context costs a lock).</summary>
    public static nint Aes128Gcm { get; }

    public static nint Aes256Gcm { get; }

    public static nint Aes128Ctr { get; }

    [LibraryImport(OpenSslLibrary.Crypto, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint EVP_CIPHER_fetch(nint context, string algorithm, string? properties);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nint EVP_CIPHER_CTX_new();

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial void EVP_CIPHER_CTX_free(nint context);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CIPHER_CTX_ctrl(nint context, int command, int argument, void* pointer);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CipherInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv, int encrypt);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CipherUpdate(nint context, byte* output, int* written, byte* input, int length);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CipherFinal_ex(nint context, byte* output, int* written);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nint EVP_sha1();

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nint HMAC_CTX_new();

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial void HMAC_CTX_free(nint context);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int HMAC_Init_ex(nint context, byte* key, int length, nint digest, nint engine);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int HMAC_Update(nint context, byte* data, nuint length);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    public static partial int HMAC_Final(nint context, byte* mac, uint* length);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial void ERR_clear_error();

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nuint ERR_get_error();

    [LibraryImport(OpenSslLibrary.Crypto)]
    private static partial void ERR_error_string_n(nuint error, byte* buffer, nuint length);

    /// <summary>The oldest queued error as text, and an empty queue. Allocates: for failures of handshakes, not of packets.</summary>
    public static string TakeError()
    {
        var error = ERR_get_error();
        if (error == 0)
        {
            return "no OpenSSL error queued";
        }

        var text = stackalloc byte[256];
        ERR_error_string_n(error, text, 256);
        ERR_clear_error();
        return Marshal.PtrToStringUTF8((nint)text) ?? string.Empty;
    }

    public static void Check(int result)
    {
        if (result != 1)
        {
            ThrowLastError();
        }
    }

    private static void ThrowLastError() => throw new CryptographicException("OpenSSL: " + TakeError());

    private static nint Fetch(string algorithm)
    {
        var cipher = EVP_CIPHER_fetch(0, algorithm, null);
        if (cipher == 0)
        {
            ThrowLastError();
        }

        return cipher;
    }
}
