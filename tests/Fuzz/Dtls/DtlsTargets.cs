using System.Text;
using Nexus.MediaNode;
using Nexus.MediaNode.Protocol.Dtls;

namespace Nexus.Fuzz.Dtls;

public sealed class DtlsServerTarget : IFuzzTarget
{
    private static readonly OpenSslDtlsEngine Engine = new(DtlsCertificate.Create(DateTimeOffset.UtcNow));

    public static IEnumerable<byte[]> Seeds
    {
        get
        {
            var buffer = new byte[2000];
            using var client = Engine.Create(DtlsRole.Client, Engine.Certificate.Fingerprint);
            client.Start(Instant.Zero);
            Assert.True(client.TryGetOutput(buffer, out var length));
            yield return buffer[..length];

            using var server = Engine.Create(DtlsRole.Server, Engine.Certificate.Fingerprint);
            server.Handle(Instant.Zero, buffer.AsSpan(0, length));
            Assert.True(server.TryGetOutput(buffer, out length));
            yield return buffer[..length];
        }
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        Span<byte> output = stackalloc byte[DtlsLimits.MaxDatagram];
        using var server = Engine.Create(DtlsRole.Server, Engine.Certificate.Fingerprint);
        server.Handle(Instant.Zero, input);
        server.Handle(Instant.Zero, input);
        while (server.TryGetOutput(output, out var length))
        {
            Assert.InRange(length, 13, DtlsLimits.MaxDatagram);
        }

        Assert.NotEqual(DtlsState.Connected, server.State);
    }
}

public sealed class DtlsFingerprintTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds =>
        [Encoding.ASCII.GetBytes("sha-256 " + string.Join(':', Enumerable.Repeat("4A", 32))), "sha-512 00:01"u8.ToArray()];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (DtlsFingerprint.TryParse(Encoding.Latin1.GetString(input), out var fingerprint))
        {
            Assert.True(DtlsFingerprint.TryParse(fingerprint!.ToString(), out var again));
            Assert.Equal(fingerprint, again);
        }
    }
}
