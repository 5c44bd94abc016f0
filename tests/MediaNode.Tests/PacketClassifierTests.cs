using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Tests;

public class PacketClassifierTests
{
    [Theory]
    [InlineData(0, 3, PacketKind.Stun)]
    [InlineData(4, 19, PacketKind.Unknown)]
    [InlineData(20, 63, PacketKind.Dtls)]
    [InlineData(64, 79, PacketKind.TurnChannel)]
    [InlineData(80, 127, PacketKind.Unknown)]
    [InlineData(128, 191, PacketKind.Rtp)]
    [InlineData(192, 255, PacketKind.Unknown)]
    public void The_first_octet_names_the_protocol(int from, int to, PacketKind kind)
    {
        for (var first = from; first <= to; first++)
        {
            Assert.Equal(kind, PacketClassifier.Classify([(byte)first, 96]));
        }
    }

    [Fact]
    public void Rtcp_is_told_from_rtp_by_packet_types_192_to_223()
    {
        for (var second = 0; second <= 255; second++)
        {
            var expected = second is >= 192 and <= 223 ? PacketKind.Rtcp : PacketKind.Rtp;
            Assert.Equal(expected, PacketClassifier.Classify([0x80, (byte)second]));
        }
    }

    [Fact]
    public void Fewer_than_two_octets_are_nothing()
    {
        Assert.Equal(PacketKind.Unknown, PacketClassifier.Classify([]));
        Assert.Equal(PacketKind.Unknown, PacketClassifier.Classify([0x80]));
    }
}
