using Nexus.MediaNode.Protocol.Sctp;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Sctp;

public class HandshakeTests
{
    [Theory]
    [InlineData("123456789", 0xE3069283)]
    [InlineData("", 0u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x22620404)]
    public void The_checksum_is_crc32c(string text, uint expected) =>
        Assert.Equal(expected, Crc32c.Of(System.Text.Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void One_side_connects_and_the_other_waits()
    {
        var pair = new SctpPair();
        pair.Client.Association.Connect(pair.Now);

        pair.RunUntil(() => pair.Client.Association.State == SctpState.Established && pair.Server.Association.State == SctpState.Established);

        Assert.Contains(DataChannelEventKind.Connected, pair.Client.Events);
        Assert.Contains(DataChannelEventKind.Connected, pair.Server.Events);
    }

    [Fact]
    public void Both_sides_connect_at_once_and_become_one_association()
    {
        var pair = SctpPair.Connected();

        var channel = pair.Open();
        pair.SendText(channel, "hello");
        pair.RunUntil(() => pair.Server.Texts(channel.Id).Contains("hello"));

        Assert.Single(pair.Client.Events, DataChannelEventKind.Connected);
        Assert.Single(pair.Server.Events, DataChannelEventKind.Connected);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_handshake_survives_loss_duplication_and_reordering(int seed)
    {
        var conditions = new LinkConditions { Delay = TimeSpan.FromMilliseconds(20), Loss = 0.3, Duplication = 0.3, Reorder = 0.3 };
        var pair = SctpPair.Connected(conditions, seed);

        pair.Open();
    }

    [Fact]
    public void Nobody_answering_ends_in_a_named_time_out()
    {
        var pair = new SctpPair(new LinkConditions { Loss = 1 });
        pair.Client.Association.Connect(pair.Now);

        pair.RunUntil(() => pair.Client.Association.End != SctpEnd.None);

        Assert.Equal(SctpEnd.HandshakeTimeout, pair.Client.Association.End);
        Assert.Equal(Instant.Never, pair.Client.Association.NextTimeout);
        Assert.Contains(DataChannelEventKind.Disconnected, pair.Client.Events);
    }

    [Fact]
    public void A_changed_cookie_is_not_taken()
    {
        var pair = new SctpPair();
        pair.Network.Filter = (_, _, packet) =>
        {
            if (packet.Span[12] == (byte)ChunkType.CookieEcho)
            {
                var bytes = System.Runtime.InteropServices.MemoryMarshal.AsMemory(packet).Span;
                bytes[40] ^= 1;
                Crc32c.Write(bytes);
            }

            return true;
        };
        pair.Client.Association.Connect(pair.Now);

        pair.RunUntil(() => pair.Client.Association.End != SctpEnd.None);

        Assert.Equal(SctpState.Closed, pair.Server.Association.State);
        Assert.Equal(SctpEnd.HandshakeTimeout, pair.Client.Association.End);
        Assert.True(pair.Server.Drops[DropReason.SctpMalformed] > 1);
    }

    [Fact]
    public void A_cookie_that_took_too_long_is_refused_and_the_handshake_begins_again()
    {
        var options = new SctpOptions { CookieLifetime = TimeSpan.FromMilliseconds(300) };
        var pair = new SctpPair(options: options);
        var held = 0;
        pair.Network.Filter = (_, _, packet) => packet.Span[12] != (byte)ChunkType.CookieEcho || ++held > 1;
        pair.Client.Association.Connect(pair.Now);

        pair.RunUntil(() => pair.Client.Association.State == SctpState.Established);

        Assert.Equal(3, held); // lost, stale, fresh
    }

    [Fact]
    public void A_peer_that_begins_anew_replaces_the_association_and_closes_its_channels()
    {
        var pair = SctpPair.Connected();
        var old = pair.Open("old");
        pair.Client.BeginAnew();
        pair.Client.Association.Connect(pair.Now);

        pair.RunUntil(() => pair.Client.Association.State == SctpState.Established);
        Assert.Contains(pair.Server.Closed, c => c.Label == "old" && c.Id == old.Id);

        var fresh = pair.Open("fresh");
        pair.SendText(fresh, "again");
        pair.RunUntil(() => pair.Server.Texts(fresh.Id).Contains("again"));
    }

    [Fact]
    public void A_packet_with_another_tag_is_dropped()
    {
        var pair = SctpPair.Connected();
        var buffer = new byte[64];
        var writer = new SctpPacketWriter(buffer, SctpOptions.Default, 0xDEADBEEF);
        writer.Add(ChunkType.Abort, 0, 0);

        var length = writer.Complete(withChecksum: true);

        Assert.Equal(DropReason.SctpBadTag, pair.Server.Association.Handle(pair.Now, buffer.AsSpan(0, length)));
        Assert.Equal(SctpState.Established, pair.Server.Association.State);
    }

    [Fact]
    public void A_packet_with_a_wrong_checksum_is_dropped()
    {
        var pair = SctpPair.Connected();
        Assert.Equal(DropReason.SctpBadChecksum, pair.Server.Association.Handle(pair.Now, [0x13, 0x88, 0x13, 0x88, 0, 0, 0, 1, 1, 2, 3, 4, 0, 0, 0, 4]));
    }

    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    public void Checksums_are_left_out_only_towards_who_agreed(bool client, bool server, bool summed)
    {
        var pair = SctpPair.Connected(options: new SctpOptions { ZeroChecksum = client }, serverOptions: new SctpOptions { ZeroChecksum = server });
        var checksums = new List<uint>();
        var to = client ? pair.Server.Port.Address : pair.Client.Port.Address;
        pair.Network.Filter = (_, destination, packet) =>
        {
            if (destination == to)
            {
                checksums.Add(Crc32c.Read(packet.Span));
            }

            return true;
        };

        pair.SendText(pair.Open(), "hello");
        pair.RunFor(TimeSpan.FromSeconds(1));

        Assert.NotEmpty(checksums);
        Assert.Equal(summed, checksums.TrueForAll(c => c != 0));
    }

    [Fact]
    public void A_silent_association_is_kept_alive_by_heartbeats()
    {
        var pair = SctpPair.Connected();
        var heartbeats = 0;
        pair.Network.Filter = (_, _, packet) =>
        {
            heartbeats += packet.Span[12] == (byte)ChunkType.Heartbeat ? 1 : 0;
            return true;
        };

        pair.RunFor(TimeSpan.FromMinutes(10));

        Assert.InRange(heartbeats, 90, 120); // from both ends, every 10 s and a little
        Assert.Equal(SctpState.Established, pair.Client.Association.State);
    }

    [Fact]
    public void A_peer_that_is_gone_is_noticed()
    {
        var pair = SctpPair.Connected();
        var channel = pair.Open();
        pair.Network.Default = new LinkConditions { Loss = 1 };
        pair.SendText(channel, "anybody?");

        pair.RunUntil(() => pair.Client.Association.End != SctpEnd.None);

        Assert.Equal(SctpEnd.PeerUnreachable, pair.Client.Association.End);
        Assert.Contains(channel, pair.Client.Closed);
    }
}
