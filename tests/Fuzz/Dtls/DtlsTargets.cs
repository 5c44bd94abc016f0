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

/// <summary>Records of an association that has forgotten its handshake.</summary>
public sealed class DtlsRecordsTarget : IFuzzTarget
{
    private const int KeyLength = 16;

    public static IEnumerable<byte[]> Seeds
    {
        get
        {
            using var client = Records(isClient: true);
            var buffer = new byte[200];
            yield return buffer[..client.Seal(DtlsContent.ApplicationData, "data"u8, buffer)];
            yield return [.. buffer[..client.Seal(DtlsContent.Alert, [1, 0], buffer)], .. buffer[..client.Seal(DtlsContent.Handshake, [1], buffer)]];
        }
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        using var client = Records(isClient: true);
        using var server = Records(isClient: false);
        Span<byte> plain = stackalloc byte[2048];
        for (var rest = input; !rest.IsEmpty;)
        {
            var before = rest.Length;
            server.TryOpen(ref rest, plain, out _, out _);
            Assert.True(rest.Length < before);
        }

        // Whatever came: what the peer seals opens, once. The number of the next is one that no seed had.
        var content = input[..Math.Min(input.Length, 1000)];
        Span<byte> record = stackalloc byte[1100];
        for (var i = 0; i < 3; i++)
        {
            client.Seal(DtlsContent.ApplicationData, default, record);
        }

        ReadOnlySpan<byte> cipher = record[..client.Seal(DtlsContent.ApplicationData, content, record)];
        var again = cipher;
        Assert.True(server.TryOpen(ref cipher, plain, out var type, out var length));
        Assert.True(type == DtlsContent.ApplicationData && content.SequenceEqual(plain[..length]));
        Assert.False(server.TryOpen(ref again, plain, out _, out _));
    }

    private static DtlsRecords Records(bool isClient) =>
        new([.. Enumerable.Range(0, DtlsRecords.KeyBlockLength(KeyLength)).Select(i => (byte)i)], KeyLength, isClient, default);
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
