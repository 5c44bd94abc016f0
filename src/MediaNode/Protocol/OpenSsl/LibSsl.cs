using System.Runtime.InteropServices;

namespace Nexus.MediaNode.Protocol.OpenSsl;

/// <summary>The calls of libssl (and of libcrypto's BIO and X.509) that DTLS makes. Long calls: none suppresses the GC transition.</summary>
internal static unsafe partial class LibSsl
{
    public const int ErrorNone = 0;
    public const int ErrorWantRead = 2;
    public const int ErrorWantWrite = 3;
    public const int ErrorZeroReturn = 6;

    public const int VerifyPeer = 1;
    public const int VerifyFailIfNoPeerCertificate = 2;

    public const ulong OptionNoQueryMtu = 1ul << 12;
    public const ulong OptionNoTicket = 1ul << 14;
    public const ulong OptionServerPreference = 1ul << 22;
    public const ulong OptionNoRenegotiation = 1ul << 30;

    public const int ControlSetMtu = 17;
    public const int ControlSetSessionCacheMode = 44;
    public const int ControlGetTimeout = 73;
    public const int ControlHandleTimeout = 74;
    public const int ControlSetGroupsList = 92;
    public const int ControlSetMinProtocol = 123;
    public const int Dtls12 = 0xFEFD;
    public const int EcKey = 408;

    static LibSsl() => OpenSslLibrary.Register();

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint DTLS_method();

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_CTX_new(nint method);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_CTX_free(nint context);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial CLong SSL_CTX_ctrl(nint context, int command, CLong argument, byte* pointer);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial ulong SSL_CTX_set_options(nint context, ulong options);

    [LibraryImport(OpenSslLibrary.Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_cipher_list(nint context, string ciphers);

    /// <summary>Returns 0 on success, unlike everything else here.</summary>
    [LibraryImport(OpenSslLibrary.Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_tlsext_use_srtp(nint context, string profiles);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_CTX_use_certificate_ASN1(nint context, int length, byte* der);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_CTX_use_PrivateKey_ASN1(int type, nint context, byte* der, CLong length);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_CTX_set_verify(nint context, int mode, delegate* unmanaged<int, nint, int> callback);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_new(nint context);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_free(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_set_bio(nint ssl, nint read, nint write);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void SSL_set_connect_state(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial CLong SSL_ctrl(nint ssl, int command, CLong argument, void* pointer);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial void DTLS_set_timer_cb(nint ssl, delegate* unmanaged<nint, uint, uint> callback);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_read(nint ssl, byte* buffer, int length);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_write(nint ssl, byte* buffer, int length);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_shutdown(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_get1_peer_certificate(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial SrtpProtectionProfile* SSL_get_selected_srtp_profile(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_export_keying_material(
        nint ssl, byte* output, nuint outputLength, byte* label, nuint labelLength, byte* context, nuint contextLength, int useContext);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial int SSL_version(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_get_current_cipher(nint ssl);

    /// <summary>The suite's number in the registry.</summary>
    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial ushort SSL_CIPHER_get_protocol_id(nint cipher);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nint SSL_get_session(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nuint SSL_SESSION_get_master_key(nint session, byte* output, nuint length);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nuint SSL_get_client_random(nint ssl, byte* output, nuint length);

    [LibraryImport(OpenSslLibrary.Ssl)]
    public static partial nuint SSL_get_server_random(nint ssl, byte* output, nuint length);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nint BIO_s_mem();

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nint BIO_new(nint type);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial int BIO_write(nint bio, byte* data, int length);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial int BIO_read(nint bio, byte* data, int length);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial nuint BIO_ctrl_pending(nint bio);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial int i2d_X509(nint certificate, byte** der);

    [LibraryImport(OpenSslLibrary.Crypto)]
    public static partial void X509_free(nint certificate);

    [StructLayout(LayoutKind.Sequential)]
    public struct SrtpProtectionProfile
    {
        public byte* Name;
        public CULong Id;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeValue
    {
        public CLong Seconds;
        public CLong Microseconds;
    }
}
