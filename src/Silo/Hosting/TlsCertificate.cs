using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Hosting;

/// <summary>
/// The certificate that HTTPS is served with, and those between it and its authority. Looks at its files when somebody connects, at most
/// once a second: a renewed one is served from then on, one that cannot be used leaves the one before in force. Thread-safe.
/// </summary>
internal sealed partial class TlsCertificate
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly TlsFiles _files;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private (string Certificate, string Key) _seen;
    private SslStreamCertificateContext _current;
    private long _lookedAt;

    /// <exception cref="SettingsException">The files cannot be read, or hold no certificate and its key.</exception>
    public TlsCertificate(TlsFiles files, TimeProvider time, ILogger<TlsCertificate> log)
    {
        (_files, _time, _log) = (files, time, log);
        try
        {
            _seen = Read();
            _current = Load(_seen);
        }
        catch (Exception e) when (IsUnusable(e))
        {
            throw new SettingsException($"tls-certificate: {files.Certificate} with {files.Key} cannot be used: {OneLine(e)}: a certificate and its unencrypted key are expected, in PEM");
        }

        _lookedAt = time.GetTimestamp();
    }

    public SslStreamCertificateContext Current()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_lookedAt) >= LookEvery)
            {
                _lookedAt = _time.GetTimestamp();
                Look();
            }

            return _current;
        }
    }

    private void Look()
    {
        try
        {
            (string Certificate, string Key) now = Read(); // not the time of the files: links that are changed over, as Kubernetes does, show an old one
            if (now != _seen)
            {
                _seen = now;
                _current = Load(now);
                LogRenewed(_current.TargetCertificate.Subject, _current.TargetCertificate.NotAfter.ToUniversalTime());
            }
        }
        catch (Exception e) when (IsUnusable(e))
        {
            LogUnusable(_files.Certificate, OneLine(e));
        }
    }

    private (string Certificate, string Key) Read() => (File.ReadAllText(_files.Certificate), File.ReadAllText(_files.Key));

    private SslStreamCertificateContext Load((string Certificate, string Key) pem)
    {
        X509Certificate2 leaf = X509Certificate2.CreateFromPem(pem.Certificate, pem.Key);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem.Certificate);
        if (leaf.NotAfter < _time.GetUtcNow())
        {
            LogExpired(_files.Certificate, leaf.NotAfter.ToUniversalTime());
        }

        return SslStreamCertificateContext.Create(leaf, chain, offline: true);
    }

    private static bool IsUnusable(Exception e) => e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException;

    private static string OneLine(Exception e) => e.Message.ReplaceLineEndings(" ").TrimEnd('.');

    [LoggerMessage(1031, LogLevel.Information, "the certificate of {Subject} is served from now on, good until {Until:u}")]
    private partial void LogRenewed(string subject, DateTime until);

    [LoggerMessage(1032, LogLevel.Error, "{File} has changed and cannot be used: {Reason}; the certificate of before stays in force")]
    private partial void LogUnusable(string file, string reason);

    [LoggerMessage(1033, LogLevel.Warning, "the certificate {File} was good until {Until:u}: clients refuse it")]
    private partial void LogExpired(string file, DateTime until);
}
