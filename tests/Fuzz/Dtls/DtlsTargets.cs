using System.Buffers.Binary;
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
            var hello = buffer[..length];
            var half = (length - HeadersLength) / 2;
            yield return Fragment(hello, 0, half);
            yield return [.. Fragment(hello, half, length - HeadersLength - half), .. Fragment(hello, 0, half)];

            using var server = Engine.Create(DtlsRole.Server, Engine.Certificate.Fingerprint);
            server.Handle(Instant.Zero, buffer.AsSpan(0, length));
            Assert.True(server.TryGetOutput(buffer, out length));
            yield return buffer[..length];
        }
    }

    // Of a record (RFC 6347 section 4.1) and of a handshake fragment (section 4.2.2).
    private const int HeadersLength = 13 + 12;

    private static byte[] Fragment(byte[] hello, int offset, int length)
    {
        byte[] fragment = [.. hello.AsSpan(0, HeadersLength), .. hello.AsSpan(HeadersLength + offset, length)];
        BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(11), (ushort)(12 + length));
        fragment[19] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(20), (ushort)offset);
        fragment[22] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(23), (ushort)length);
        return fragment;
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
