using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Nexus.MediaNode.Protocol.Dtls;

/// <summary>
/// A self-signed ECDSA P-256 certificate with its key. Peers know it by its fingerprint in SDP, so its name says nothing.
/// One per media node lifetime is enough.
/// </summary>
public sealed class DtlsCertificate
{
    private DtlsCertificate(byte[] certificate, byte[] privateKey)
    {
        Der = certificate;
        PrivateKeyDer = privateKey;
        Fingerprint = DtlsFingerprint.Sha256Of(certificate);
    }

    /// <summary>For <c>a=fingerprint</c>.</summary>
    public DtlsFingerprint Fingerprint { get; }

    /// <summary>X.509 in DER.</summary>
    internal byte[] Der { get; }

    /// <summary>RFC 5915 in DER.</summary>
    internal byte[] PrivateKeyDer { get; }

    /// <summary>Makes a new one, valid from yesterday (clocks differ) for a year.</summary>
    /// <param name="today">Wall clock: certificates are dated, machines read no clock.</param>
    public static DtlsCertificate Create(DateTimeOffset today)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=WebRTC", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(today.AddDays(-1), today.AddYears(1));
        return new DtlsCertificate(certificate.RawData, key.ExportECPrivateKey());
    }
}
