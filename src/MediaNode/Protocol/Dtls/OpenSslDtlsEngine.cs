using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Nexus.MediaNode.Protocol.OpenSsl;
using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.MediaNode.Protocol.Dtls;

/// <summary>
/// DTLS 1.2 by OpenSSL 3 (1.3 once the library offers it). One <c>SSL_CTX</c> with our certificate, shared by all
/// transports; libssl locks it by itself.
/// </summary>
public sealed unsafe class OpenSslDtlsEngine : IDtlsEngine
{
    private const string Ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:" +
        "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384";

    /// <summary>Our preference: the cheapest to compute first.</summary>
    private static readonly SrtpProfile[] DefaultProfiles =
        [SrtpProfile.AeadAes128Gcm, SrtpProfile.AeadAes256Gcm, SrtpProfile.AesCm128HmacSha1];

    private readonly uint _firstRetransmit;
    private nint _context;

    /// <param name="certificate">Ours.</param>
    /// <param name="profiles">SRTP profiles in order of preference; by default AES-128-GCM, AES-256-GCM, AES-CM with SHA-1.</param>
    /// <param name="firstRetransmit">Until the first repeat of a flight, doubled by each; 100 ms by default.</param>
    /// <param name="ciphers">Suites as OpenSSL lists them; by default those of WebRTC, AES-128-GCM first.</param>
    /// <exception cref="DllNotFoundException">No OpenSSL 3; the message says what to install.</exception>
    public OpenSslDtlsEngine(
        DtlsCertificate certificate, IReadOnlyList<SrtpProfile>? profiles = null, TimeSpan? firstRetransmit = null, string ciphers = Ciphers)
    {
        Certificate = certificate;
        _firstRetransmit = (uint)(firstRetransmit ?? TimeSpan.FromMilliseconds(100)).TotalMicroseconds;
        _context = LibSsl.SSL_CTX_new(LibSsl.DTLS_method());
        LibCrypto.Check(_context != 0 ? 1 : 0);
        try
        {
            Configure(profiles ?? DefaultProfiles, ciphers);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    ~OpenSslDtlsEngine() => Free();

    public DtlsCertificate Certificate { get; }

    public IDtlsTransport Create(DtlsRole role, params IReadOnlyList<DtlsFingerprint> remote)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        return new OpenSslDtlsTransport(_context, role, remote, _firstRetransmit);
    }

    /// <summary>Transports that still live keep what they need of it.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Configure(IReadOnlyList<SrtpProfile> profiles, string ciphers)
    {
        LibCrypto.ERR_clear_error();
        LibCrypto.Check((int)LibSsl.SSL_CTX_ctrl(_context, LibSsl.ControlSetMinProtocol, new CLong(LibSsl.Dtls12), null).Value);
        LibSsl.SSL_CTX_ctrl(_context, LibSsl.ControlSetSessionCacheMode, new CLong(0), null);
        LibSsl.SSL_CTX_set_options(
            _context, LibSsl.OptionNoQueryMtu | LibSsl.OptionNoTicket | LibSsl.OptionServerPreference | LibSsl.OptionNoRenegotiation);
        LibCrypto.Check(LibSsl.SSL_CTX_set_cipher_list(_context, ciphers));
        fixed (byte* groups = "X25519:P-256:P-384\0"u8)
        {
            LibCrypto.Check((int)LibSsl.SSL_CTX_ctrl(_context, LibSsl.ControlSetGroupsList, new CLong(0), groups).Value);
        }

        fixed (byte* certificate = Certificate.Der, key = Certificate.PrivateKeyDer)
        {
            LibCrypto.Check(LibSsl.SSL_CTX_use_certificate_ASN1(_context, Certificate.Der.Length, certificate));
            LibCrypto.Check(LibSsl.SSL_CTX_use_PrivateKey_ASN1(LibSsl.EcKey, _context, key, new CLong(Certificate.PrivateKeyDer.Length)));
        }

        LibSsl.SSL_CTX_set_verify(_context, LibSsl.VerifyPeer | LibSsl.VerifyFailIfNoPeerCertificate, &AcceptAnyChain);
        if (LibSsl.SSL_CTX_set_tlsext_use_srtp(_context, string.Join(':', profiles.Select(OpenSslName))) != 0)
        {
            throw new CryptographicException("OpenSSL refused the SRTP profiles: " + LibCrypto.TakeError());
        }
    }

    /// <summary>Self-signed as it is, a certificate is judged by its fingerprint when the handshake ends, not by its chain.</summary>
    [UnmanagedCallersOnly]
    private static int AcceptAnyChain(int preverified, nint store) => 1;

    private static string OpenSslName(SrtpProfile profile) => profile switch
    {
        SrtpProfile.AesCm128HmacSha1 => "SRTP_AES128_CM_SHA1_80",
        SrtpProfile.AeadAes128Gcm => "SRTP_AEAD_AES_128_GCM",
        SrtpProfile.AeadAes256Gcm => "SRTP_AEAD_AES_256_GCM",
        _ => throw new ArgumentOutOfRangeException(nameof(profile), profile, "not an SRTP profile that is implemented"),
    };

    private void Free()
    {
        if (_context != 0)
        {
            LibSsl.SSL_CTX_free(_context);
            _context = 0;
        }
    }
}
