using System.Buffers.Binary;
using Nexus.MediaNode;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Sctp;

namespace Nexus.Fuzz.Sctp;

/// <summary>
/// Packets to an association that is up, with the right tag and checksum, so that mutations reach the chunks. A TSN in the
/// seeds is relative to the peer's first.
/// </summary>
public sealed class SctpAssociationTarget : IFuzzTarget
{
    private static readonly SctpOptions Options = new() { InitialTsn = 1000, ZeroChecksum = false, MaxMessageSize = 20_000, ReceiveWindow = 40_000 };

    public static IEnumerable<byte[]> Seeds =>
    [
        Chunk(0, 3, "000003E8 0000 0000 00000032 0301010000000000000100006100"),
        [.. Chunk(0, 2, "000003E8 0001 0000 00000035 AABBCCDD"), .. Chunk(0, 1, "000003E9 0001 0000 00000035 EEFF")],
        [.. Chunk(0, 3, "000003E9 0001 0001 00000033 61"), .. Chunk(0, 7, "000003E8 0001 0000 00000039 00")],
        Chunk(3, 0, "000003E7 00010000 0000 0000"),
        Chunk(3, 0, "000003E7 00010000 0002 0001 00020003 00050006 000003E8"),
        [.. Chunk(192, 0, "000003EA 00010000"), .. Chunk(0, 3, "000003EB 0001 0001 00000033 61")],
        Chunk(130, 0, "000D0012 000003E8 000003E7 000003E7 0001 0000"),
        Chunk(130, 0, "000D0012 000003E8 000003E7 000003F0 0001 0000 0010000C 000003E8 00000001"),
        Chunk(4, 0, "0001 0008 01020304"),
        Chunk(5, 0, "0001 0014 0000000000000001 0000000000000002"),
        Chunk(7, 0, "000003E7"),
        Chunk(8, 0, ""),
        Chunk(6, 0, "000C 0008 62796521"),
        Chunk(9, 0, "0003 0008 00000001"),
        Chunk(1, 0, "00000007 00010000 0400 0400 000003E8 C0000004 80080006C0820000"),
        Chunk(2, 0, "00000007 00010000 0400 0400 000003E8 00070008 01020304"),
        Chunk(255, 0, "01020304"),
    ];

    public static void Run(ReadOnlySpan<byte> input)
    {
        var now = Instant.Zero.AddMilliseconds(1000);
        var (server, tag) = Established(now);
        server.Open(now, "ours");
        Drain(server, now);

        // the same twice: what was new is then a repeat
        Span<byte> packet = new byte[12 + input.Length];
        WriteHeader(packet, input.Length > 0 && input[0] == 1 ? 0 : tag);
        input.CopyTo(packet[12..]);
        Crc32c.Write(packet);
        for (var i = 0; i < 2; i++)
        {
            server.Association.Handle(now, packet);
            Drain(server, now);
        }

        for (var i = 0; i < 30 && server.Association.NextTimeout != Instant.Never; i++)
        {
            now = Instant.Min(server.Association.NextTimeout, now.AddMilliseconds(60_000));
            server.Association.HandleTimeout(now);
            Drain(server, now);
        }
    }

    internal static void WriteHeader(Span<byte> packet, uint tag)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet, 5000);
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], 5000);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], tag);
    }

    private static void Drain(DataChannels channels, Instant now)
    {
        Span<byte> output = stackalloc byte[1200];
        for (var packets = 0; ; packets++)
        {
            Assert.True(packets < 1000, "output never ends");
            while (channels.TryPoll(now, out _))
            {
            }

            if (!channels.Association.TryGetOutput(now, output, out var length))
            {
                return;
            }

            Assert.InRange(length, 16, Options.Mtu);
        }
    }

    private static (DataChannels Server, uint Tag) Established(Instant now)
    {
        var client = new SctpAssociation(Options);
        var server = new DataChannels(DtlsRole.Server, Options);
        client.Connect(now);
        var buffer = new byte[1200];
        var tag = 0u;
        for (var progress = true; progress;)
        {
            progress = false;
            while (client.TryGetOutput(now, buffer, out var length))
            {
                tag = BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(4));
                server.Association.Handle(now, buffer.AsSpan(0, length));
                progress = true;
            }

            while (server.Association.TryGetOutput(now, buffer, out var length))
            {
                client.Handle(now, buffer.AsSpan(0, length));
                progress = true;
            }
        }

        Assert.Equal(SctpState.Established, server.Association.State);
        return (server, tag);
    }

    private static byte[] Chunk(byte type, byte flags, string value)
    {
        var octets = Convert.FromHexString(value.Replace(" ", "", StringComparison.Ordinal));
        var chunk = new byte[(4 + octets.Length + 3) & ~3];
        chunk[0] = type;
        chunk[1] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(2), (ushort)(4 + octets.Length));
        octets.CopyTo(chunk.AsSpan(4));
        return chunk;
    }
}

/// <summary>Whole packets, header included, to an association that waits for its INIT ACK.</summary>
public sealed class SctpPacketTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds
    {
        get
        {
            var association = new SctpAssociation(new SctpOptions { InitialTsn = 1 });
            association.Connect(Instant.Zero);
            var buffer = new byte[1200];
            Assert.True(association.TryGetOutput(Instant.Zero, buffer, out var length));
            yield return buffer[..length];

            var peer = new SctpAssociation(new SctpOptions { InitialTsn = 2 });
            peer.Handle(Instant.Zero, buffer.AsSpan(0, length));
            Assert.True(peer.TryGetOutput(Instant.Zero, buffer, out length));
            yield return buffer[..length];

            Assert.Equal(DropReason.None, association.Handle(Instant.Zero, buffer.AsSpan(0, length)));
            Assert.True(association.TryGetOutput(Instant.Zero, buffer, out length));
            yield return buffer[..length];
        }
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        var association = new SctpAssociation();
        association.Connect(Instant.Zero);
        Span<byte> output = stackalloc byte[1200];
        association.TryGetOutput(Instant.Zero, output, out _);
        association.Handle(Instant.Zero, input);
        Span<byte> summed = input.ToArray();
        if (summed.Length >= 16)
        {
            Crc32c.Write(summed);
            association.Handle(Instant.Zero, summed);
        }

        while (association.TryGetOutput(Instant.Zero, output, out var length))
        {
            Assert.InRange(length, 16, 1200);
        }
    }
}

public sealed class DcepTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds =>
        [Dcep.WriteOpen(new DataChannelOptions { Protocol = "p", MaxRetransmits = 3 }, "label"), Dcep.Ack.ToArray()];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (Dcep.TryReadOpen(input, out var label, out var options) && !label.Contains('\uFFFD') && !options.Protocol.Contains('\uFFFD'))
        {
            Assert.True(Dcep.TryReadOpen(Dcep.WriteOpen(options, label), out var again, out var sameOptions));
            Assert.Equal((label, options), (again, sameOptions));
        }
    }
}
