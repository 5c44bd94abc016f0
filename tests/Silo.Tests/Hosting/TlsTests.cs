using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Nexus.Silo.Settings;
using Nexus.Silo.Tests.Rig;

namespace Nexus.Silo.Tests.Hosting;

/// <summary>HTTPS by files, which may be renewed while it runs; HTTP then only sends people there.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nexus-tls").FullName;
    private readonly string _https = $"127.0.0.1:{TestHost.FreePort()}";

    private string Certificate => Path.Combine(_folder, "cert.pem");

    private string Key => Path.Combine(_folder, "key.pem");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Https_is_served_with_the_certificate_and_http_sends_there()
    {
        string serial = Write(Certificate, Key);
        await using TestHost host = await Start();
        Assert.Equal(serial, await Served());

        using var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = host.Http.BaseAddress };
        foreach (string path in new[] { "/", "/api/v1/rooms?limit=5", "/whip/a%2Fb" })
        {
            using HttpResponseMessage sent = await browser.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal((HttpStatusCode.PermanentRedirect, $"https://{_https}{path}"), (sent.StatusCode, sent.Headers.Location!.OriginalString));
        }

        Assert.Equal(HttpStatusCode.OK, (await host.Get("/healthz")).Status); // probes and scrapers stay where they are
        Assert.Contains("nexus_joins_total{tenant=\"nexus.self\",leg=\"duplex\",result=\"ok\"} 1\n", (await host.Get("/metrics")).Body);
    }

    [Fact]
    public async Task A_renewed_certificate_is_served_without_a_restart_and_a_broken_one_is_not()
    {
        string first = Write(Certificate, Key);
        await using TestHost host = await Start("--log-level", "error");
        Assert.Equal(first, await Served());

        await File.WriteAllTextAsync(Certificate, "-----BEGIN CERTIFICATE-----\nhalf");
        await Until(async () => await Served() == first && host.Log.Lines.Any(l => l.Event == 1032));
        string second = Write(Certificate, Key);
        await Until(async () => await Served() == second);
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_used_is_refused_by_name_in_one_line()
    {
        Write(Certificate, Path.Combine(_folder, "other.pem"));
        Write(Path.Combine(_folder, "another.pem"), Key);
        await AssertRefused(Certificate); // the key is another's
        await File.WriteAllTextAsync(Certificate, "no certificate");
        await AssertRefused(Certificate);
        File.Delete(Certificate);
        await AssertRefused(Certificate);
    }

    [Theory]
    [InlineData("--https", "127.0.0.1:1")]
    [InlineData("--tls-certificate", "x")]
    [InlineData("--tls-key", "x")]
    public void Part_of_it_alone_is_refused(string flag, string value) =>
        Assert.Contains("tls-certificate", Assert.Throws<SettingsException>(() => TestHost.Make(flag, value)).Message);

    private Task<TestHost> Start(params string[] flags) => TestHost.StartAsync(["--https", _https, "--tls-certificate", Certificate, "--tls-key", Key, .. flags]);

    private async Task AssertRefused(string file)
    {
        string message = (await Assert.ThrowsAsync<SettingsException>(() => Start())).Message;
        Assert.Contains(file, message);
        Assert.DoesNotContain('\n', message);
    }

    /// <summary>The serial number of the certificate that a new connection is shown.</summary>
    private async Task<string> Served()
    {
        string serial = "";
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, shown, _, _) => (serial = shown!.SerialNumber).Length > 0 };
        using var client = new HttpClient(handler);
        using HttpResponseMessage response = await client.GetAsync(new Uri($"https://{_https}/healthz"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return serial;
    }

    private static string Write(string certificate, string key)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = new CertificateRequest("CN=localhost", pair, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(certificate, made.ExportCertificatePem());
        File.WriteAllText(key, pair.ExportPkcs8PrivateKeyPem());
        return made.SerialNumber;
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            await Task.Delay(50, patience.Token);
        }
    }
}
