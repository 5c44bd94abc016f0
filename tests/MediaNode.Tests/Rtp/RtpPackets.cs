using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Tests.Rtp;

/// <summary>Packets for tests: every extension of one map, written the way the node writes.</summary>
internal static class RtpPackets
{
    public static byte[] Build(
        ushort sequence,
        uint ssrc = 1111,
        byte payloadType = 96,
        uint timestamp = 90_000,
        bool marker = false,
        int payload = 20,
        HeaderExtensionMap? map = null,
        params (HeaderExtensionKind Kind, byte[] Data)[] extensions)
    {
        var buffer = new byte[1500];
        var writer = new RtpHeaderWriter(buffer, map ?? new(), marker, payloadType, sequence, timestamp, ssrc);
        foreach (var (kind, data) in extensions)
        {
            Assert.True(writer.Add(kind, data));
        }

        var header = writer.Complete();
        for (var i = 0; i < payload; i++)
        {
            buffer[header + i] = (byte)(i + 1);
        }

        return buffer[..(header + payload)];
    }

    public static RtpHeader Parse(ReadOnlySpan<byte> packet)
    {
        Assert.Equal(DropReason.None, RtpHeader.TryParse(packet, out var header));
        return header;
    }
}
