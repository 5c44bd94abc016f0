using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Nexus.Silo.Settings;
using Orleans.Connections.Security;

namespace Nexus.Silo.Hosting;

/// <summary>
/// Mutual TLS between the processes of a cluster, silos and gateways: each shows its certificate, and takes those that the cluster's
/// authority has signed itself, and no others. Names in certificates are not looked at: members go by addresses that change.
/// </summary>
internal sealed class ClusterTls
{
    private readonly X509Certificate2 _own;
    private readonly X509Certificate2Collection _authorities = [];

    /// <exception cref="SettingsException">The files cannot be read, or do not hold what they should.</exception>
    public ClusterTls(ClusterTlsFiles files)
    {
        try
        {
            _own = WithStoredKey(X509Certificate2.CreateFromPemFile(files.Certificate, files.Key));
            _authorities.ImportFromPemFile(files.Authority);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new SettingsException($"cluster-certificate: {files.Certificate} with {files.Key} and {files.Authority} cannot be used: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}: certificates and an unencrypted key are expected, in PEM");
        }

        if (!IsOfCluster(_own))
        {
            throw new SettingsException($"cluster-certificate: {files.Certificate} is not signed by {files.Authority}, or not good now: the others would refuse this process");
        }
    }

    /// <summary>For silos and clients alike.</summary>
    public void Apply(TlsOptions tls)
    {
        tls.LocalCertificate = _own;
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (shown, _, _) => shown is not null && IsOfCluster(shown);
        tls.OnAuthenticateAsClient = (_, options) =>
        {
            options.TargetHost = "nexus"; // any: names are not looked at
            options.ClientCertificates = [_own];
        };
    }

    private bool IsOfCluster(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    /// <summary>Keys that were read from PEM live in memory only, which not every platform's TLS takes.</summary>
    private static X509Certificate2 WithStoredKey(X509Certificate2 certificate)
    {
        using (certificate)
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
        }
    }
}
