using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Nexus.MediaNode.Protocol.Dtls;

namespace Nexus.MediaNode.Tests.Dtls;

/// <summary>A real peer: <c>openssl s_client</c> over loopback.</summary>
public sealed class OpenSslClientTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nexus-dtls").FullName;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private EndPoint _peer = new IPEndPoint(IPAddress.Loopback, 0);
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    public OpenSslClientTests() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    private Instant Now => new(_watch.Elapsed.Ticks * 100);

    [Fact]
    public async Task Handshake_keys_data_and_close_agree_with_openssl_s_client()
    {
        var fingerprint = WriteClientCertificate();
        using var engine = new OpenSslDtlsEngine(DtlsCertificate.Create(DateTimeOffset.UtcNow));
        using var server = engine.Create(DtlsRole.Server, fingerprint);
        using var client = StartClient();
        var printed = new ConcurrentQueue<string>();
        client.OutputDataReceived += (_, line) => printed.Enqueue(line.Data ?? string.Empty);
        client.BeginOutputReadLine();

        Serve(server, () => server.State == DtlsState.Connected);
        Assert.Equal(0x0007, (int)server.Keys!.Profile);

        await client.StandardInput.WriteAsync("from the client\n");
        await client.StandardInput.FlushAsync();
        var received = new byte[100];
        var length = 0;
        Serve(server, () => server.TryReceive(received, out length));
        Assert.Equal("from the client\n", Encoding.ASCII.GetString(received, 0, length));

        Assert.True(server.TrySend("from the server\n"u8));
        Serve(server, () => printed.Contains("from the server"));
        await client.StandardInput.WriteAsync("Q\n");
        await client.StandardInput.FlushAsync();
        Serve(server, () => server.State == DtlsState.Closed);

        await client.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
        var output = string.Join('\n', printed);
        Assert.Contains("SRTP_AEAD_AES_128_GCM", output, StringComparison.Ordinal);
        var keys = server.Keys;
        var exported = Convert.ToHexString([.. keys.Remote.Key, .. keys.Local.Key, .. keys.Remote.Salt, .. keys.Local.Salt]);
        Assert.Contains(exported, output, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _socket.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private DtlsFingerprint WriteClientCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=client", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(_folder, "c.pem"), certificate.ExportCertificatePem() + "\n" + key.ExportECPrivateKeyPem());
        return DtlsFingerprint.Sha256Of(certificate.RawData);
    }

    private Process StartClient()
    {
        var start = new ProcessStartInfo("openssl")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _folder,
        };
        var port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        var arguments = $"s_client -dtls1_2 -connect 127.0.0.1:{port} -cert c.pem -key c.pem -mtu 1200 " +
            "-use_srtp SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM -keymatexport EXTRACTOR-dtls_srtp -keymatexportlen 56";
        foreach (var argument in arguments.Split(' '))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private void Serve(IDtlsTransport server, Func<bool> until)
    {
        var datagram = new byte[2048];
        var give = _watch.Elapsed + TimeSpan.FromSeconds(10);
        while (!until())
        {
            Assert.True(_watch.Elapsed < give, $"{server.State} {server.FailureText}");
            if (_socket.Poll(TimeSpan.FromMilliseconds(20), SelectMode.SelectRead))
            {
                var length = _socket.ReceiveFrom(datagram, ref _peer);
                server.Handle(Now, datagram.AsSpan(0, length));
            }
            else if (Now >= server.NextTimeout)
            {
                server.HandleTimeout(Now);
            }

            while (((IPEndPoint)_peer).Port != 0 && server.TryGetOutput(datagram, out var length))
            {
                _socket.SendTo(datagram.AsSpan(0, length), SocketFlags.None, _peer);
            }
        }
    }
}
