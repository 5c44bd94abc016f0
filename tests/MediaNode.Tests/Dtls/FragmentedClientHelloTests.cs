using System.Buffers.Binary;
using Nexus.MediaNode.Protocol.Dtls;

namespace Nexus.MediaNode.Tests.Dtls;

/// <summary>Browsers' post-quantum key share makes a ClientHello of two datagrams; here ours is cut as theirs is.</summary>
public class FragmentedClientHelloTests
{
    private const int RecordHeader = 13;
    private const int HandshakeHeader = 12;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_hello_in_two_datagrams_is_reassembled_in_either_order(bool swapped)
    {
        using var engine = new OpenSslDtlsEngine(DtlsCertificate.Create(DateTimeOffset.UtcNow));
        using var server = engine.Create(DtlsRole.Server, engine.Certificate.Fingerprint);
        using var client = engine.Create(DtlsRole.Client, engine.Certificate.Fingerprint);
        var now = Instant.Zero;
        client.Start(now);

        var buffer = new byte[2000];
        Assert.True(client.TryGetOutput(buffer, out var length));
        var (first, second) = Cut(buffer.AsSpan(0, length));
        server.Handle(now, swapped ? second : first);
        Assert.False(server.TryGetOutput(buffer, out _));
        server.Handle(now, swapped ? first : second);

        for (var turns = 0; turns < 4; turns++)
        {
            Pass(server, client, now);
            Pass(client, server, now);
        }

        Assert.Equal(DtlsState.Connected, server.State);
        Assert.Equal(DtlsState.Connected, client.State);
    }

    private static void Pass(IDtlsTransport from, IDtlsTransport to, Instant now)
    {
        var buffer = new byte[2000];
        while (from.TryGetOutput(buffer, out var length))
        {
            to.Handle(now, buffer.AsSpan(0, length));
        }
    }

    private static (byte[] First, byte[] Second) Cut(ReadOnlySpan<byte> hello)
    {
        var body = hello[(RecordHeader + HandshakeHeader)..];
        var half = body.Length / 2;
        return (Fragment(hello, 0, body[..half], recordSequence: 0), Fragment(hello, half, body[half..], recordSequence: 40));
    }

    private static byte[] Fragment(ReadOnlySpan<byte> hello, int offset, ReadOnlySpan<byte> part, byte recordSequence)
    {
        var datagram = new byte[RecordHeader + HandshakeHeader + part.Length];
        hello[..(RecordHeader + HandshakeHeader)].CopyTo(datagram);
        datagram[10] = recordSequence;
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(11), (ushort)(HandshakeHeader + part.Length));
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(RecordHeader + 7), (ushort)offset);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(RecordHeader + 10), (ushort)part.Length);
        part.CopyTo(datagram.AsSpan(RecordHeader + HandshakeHeader));
        return datagram;
    }
}
