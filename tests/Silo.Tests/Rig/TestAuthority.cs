using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Nexus.Silo.Tests.Rig;

/// <summary>An authority of its own, and the certificates that it signs, in files of a folder.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nexus-authority").FullName;
    private readonly X509Certificate2 _authority;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddHours(1));
        File.WriteAllText(Authority, _authority.ExportCertificatePem());
    }

    private string Authority => Path.Combine(_folder, "authority.pem");

    /// <summary>A new certificate as settings.</summary>
    public string[] Flags(string name)
    {
        string certificate = Path.Combine(_folder, $"{name}.pem"), key = Path.Combine(_folder, $"{name}.key");
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", pair, HashAlgorithmName.SHA256);
        using X509Certificate2 signed = request.Create(_authority, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(30), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(certificate, signed.ExportCertificatePem());
        File.WriteAllText(key, pair.ExportPkcs8PrivateKeyPem());
        return ["--cluster-certificate", certificate, "--cluster-key", key, "--cluster-authority", Authority];
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
