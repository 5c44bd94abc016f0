using System.Buffers.Binary;
using System.Security.Cryptography;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Srtp;

public class SrtpSessionTests
{
    public static TheoryData<SrtpProfile> Profiles =>
        [SrtpProfile.AesCm128HmacSha1, SrtpProfile.AeadAes128Gcm, SrtpProfile.AeadAes256Gcm];

    [Theory]
    [MemberData(nameof(Profiles))]
    public void What_one_side_protects_the_other_reads_across_rollovers(SrtpProfile profile)
    {
        using var pair = new Pair(profile);
        for (var index = 65_000ul; index < 200_000; index += 37)
        {
            var packet = pair.Protect(1, index, [1, 2, 3]);
            Assert.True(pair.Inbound.TryUnprotectRtp(packet, out var length, out var got, out _));
            Assert.Equal(index, got);
            Assert.Equal([1, 2, 3], packet[12..length]);
        }
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void A_prefix_is_encrypted_before_the_payload(SrtpProfile profile)
    {
        using var pair = new Pair(profile);
        for (var prefix = 0; prefix <= 64; prefix++)
        {
            for (var payload = 0; payload < 300; payload += 7)
            {
                var plain = RandomNumberGenerator.GetBytes(prefix + payload);
                var header = Header(9, (ulong)((prefix * 300) + payload));
                var packet = new byte[header.Length + plain.Length + pair.Outbound.RtpOverhead];
                var index = (ulong)((prefix * 300) + payload);
                Assert.Equal(packet.Length, pair.Outbound.ProtectRtp(header, plain.AsSpan(0, prefix), plain.AsSpan(prefix), index, packet));
                Assert.True(pair.Inbound.TryUnprotectRtp(packet, out var length, out _, out _));
                Assert.Equal(plain, packet[header.Length..length]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void A_replayed_packet_is_refused(SrtpProfile profile)
    {
        using var pair = new Pair(profile);
        var packet = pair.Protect(1, 100, [1]);
        Assert.True(pair.Inbound.TryUnprotectRtp((byte[])packet.Clone(), out _, out _, out _));
        Assert.False(pair.Inbound.TryUnprotectRtp(packet, out _, out _, out var drop));
        Assert.Equal(DropReason.SrtpReplayed, drop);
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void A_forged_packet_is_refused_and_leaves_no_state(SrtpProfile profile)
    {
        using var pair = new Pair(profile);
        var packet = pair.Protect(1, 100, [1, 2, 3, 4]);
        for (var i = 1; i < packet.Length; i++)
        {
            var forged = (byte[])packet.Clone();
            forged[i] ^= 1;
            Assert.False(pair.Inbound.TryUnprotectRtp(forged, out _, out _, out _), $"octet {i}");
        }

        Assert.Equal(0, pair.Inbound.SsrcCount);
        Assert.True(pair.Inbound.TryUnprotectRtp(packet, out _, out _, out _));
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Rtcp_survives_and_its_replay_does_not(SrtpProfile profile)
    {
        using var pair = new Pair(profile);
        var plain = RandomNumberGenerator.GetBytes(60);
        for (var i = 0; i < 3; i++)
        {
            var buffer = new byte[plain.Length + pair.Outbound.RtcpOverhead];
            plain.CopyTo(buffer, 0);
            Assert.Equal(buffer.Length, pair.Outbound.ProtectRtcp(buffer, plain.Length));
            var again = (byte[])buffer.Clone();
            Assert.True(pair.Inbound.TryUnprotectRtcp(buffer, out var length, out _));
            Assert.Equal(plain, buffer[..length]);
            Assert.False(pair.Inbound.TryUnprotectRtcp(again, out _, out var drop));
            Assert.Equal(DropReason.SrtpReplayed, drop);
        }
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Truncated_packets_are_named_too_short(SrtpProfile profile)
    {
        using var pair = new Pair(profile);
        for (var length = 0; length < 12 + profile.TagLength(); length++)
        {
            Assert.False(pair.Inbound.TryUnprotectRtp(new byte[length], out _, out _, out var rtp));
            Assert.Equal(DropReason.SrtpTooShort, rtp);
            Assert.False(pair.Inbound.TryUnprotectRtcp(new byte[length], out _, out var rtcp));
            Assert.Equal(DropReason.SrtpTooShort, rtcp);
        }
    }

    [Fact]
    public void A_header_that_overruns_is_malformed()
    {
        using var pair = new Pair(SrtpProfile.AeadAes128Gcm);
        var packet = pair.Protect(1, 100, [1]);
        packet[0] = 0x8F;
        Assert.False(pair.Inbound.TryUnprotectRtp(packet, out _, out _, out var drop));
        Assert.Equal(DropReason.RtpMalformed, drop);
    }

    [Fact]
    public void The_table_of_ssrcs_is_bounded_and_forgets_the_longest_silent()
    {
        using var pair = new Pair(SrtpProfile.AeadAes128Gcm);
        var first = pair.Protect(1, 1, [1]);
        Assert.True(pair.Inbound.TryUnprotectRtp((byte[])first.Clone(), out _, out _, out _));
        for (var ssrc = 2u; ssrc <= SrtpInbound.MaxSsrcs + 1; ssrc++)
        {
            Assert.True(pair.Inbound.TryUnprotectRtp(pair.Protect(ssrc, 1, [1]), out _, out _, out _));
        }

        Assert.Equal(SrtpInbound.MaxSsrcs, pair.Inbound.SsrcCount);
        Assert.False(pair.Inbound.TryUnprotectRtp(pair.Protect(2, 1, [1]), out _, out _, out var drop));
        Assert.Equal(DropReason.SrtpReplayed, drop); // the second is still known, the first no longer
        Assert.True(pair.Inbound.TryUnprotectRtp(first, out _, out _, out _));
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Protecting_and_reading_allocate_nothing(SrtpProfile profile)
    {
        using var pair = new Pair(profile);
        var header = Header(1, 0);
        var payload = new byte[1100];
        var packet = new byte[1200];
        var rtcp = new byte[128];
        Assert.Equal(0, Allocations.Least(round =>
        {
            for (var i = 0; i < 200; i++)
            {
                var index = (ulong)((round * 200) + i);
                BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)index);
                var length = pair.Outbound.ProtectRtp(header, payload, index, packet);
                Assert.True(pair.Inbound.TryUnprotectRtp(packet.AsSpan(0, length), out _, out _, out _));
                rtcp[0] = 0x80;
                var protectedLength = pair.Outbound.ProtectRtcp(rtcp, 64);
                Assert.True(pair.Inbound.TryUnprotectRtcp(rtcp.AsSpan(0, protectedLength), out _, out _));
            }
        }));
    }

    private static byte[] Header(uint ssrc, ulong index)
    {
        var header = new byte[12];
        header[0] = 0x80;
        header[1] = 96;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)index);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(8), ssrc);
        return header;
    }

    private sealed class Pair : IDisposable
    {
        public Pair(SrtpProfile profile)
        {
            var master = new SrtpMasterKey(
                RandomNumberGenerator.GetBytes(profile.KeyLength()), RandomNumberGenerator.GetBytes(profile.SaltLength()));
            Outbound = new SrtpOutbound(SrtpCiphers.Create(profile, master));
            Inbound = new SrtpInbound(SrtpCiphers.Create(profile, master));
        }

        public SrtpOutbound Outbound { get; }

        public SrtpInbound Inbound { get; }

        public byte[] Protect(uint ssrc, ulong index, byte[] payload)
        {
            var packet = new byte[12 + payload.Length + Outbound.RtpOverhead];
            Outbound.ProtectRtp(Header(ssrc, index), payload, index, packet);
            return packet;
        }

        public void Dispose()
        {
            Outbound.Dispose();
            Inbound.Dispose();
        }
    }
}
