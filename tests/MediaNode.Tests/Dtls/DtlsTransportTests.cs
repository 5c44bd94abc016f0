using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Dtls;

public class DtlsTransportTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    [Theory]
    [InlineData(SrtpProfile.AeadAes128Gcm)]
    [InlineData(SrtpProfile.AeadAes256Gcm)]
    [InlineData(SrtpProfile.AesCm128HmacSha1)]
    public void Both_sides_get_the_same_keys_for_the_profile_the_client_offers(SrtpProfile profile)
    {
        using var pair = new DtlsPair(profiles: [profile]);
        pair.RunUntil(() => BothConnected(pair));
        Assert.Equal(profile, pair.Server.Keys!.Profile);
        AssertSameKeys(pair);
        Assert.Equal(profile.KeyLength(), pair.Client.Keys!.Local.Key.Length);
        Assert.Equal(profile.SaltLength(), pair.Client.Keys.Local.Salt.Length);
    }

    [Fact]
    public void The_server_prefers_aes_128_gcm_whatever_the_clients_order()
    {
        using var pair = new DtlsPair(profiles: [SrtpProfile.AesCm128HmacSha1, SrtpProfile.AeadAes256Gcm, SrtpProfile.AeadAes128Gcm]);
        pair.RunUntil(() => BothConnected(pair));
        Assert.Equal(SrtpProfile.AeadAes128Gcm, pair.Client.Keys!.Profile);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void It_completes_over_a_network_that_loses_repeats_and_reorders(int seed)
    {
        var bad = new LinkConditions { Delay = Millisecond, Loss = 0.2, Duplication = 0.2, Reorder = 0.2, ReorderBy = 5 * Millisecond };
        using var pair = new DtlsPair(bad, seed);
        pair.RunUntil(() => BothConnected(pair));
        AssertSameKeys(pair);
    }

    [Fact]
    public void It_completes_where_no_datagram_over_1200_octets_passes()
    {
        using var pair = new DtlsPair(new LinkConditions { MaxDatagram = DtlsLimits.MaxDatagram });
        pair.RunUntil(() => BothConnected(pair));
        Assert.InRange(pair.LongestDatagram, 100, DtlsLimits.MaxDatagram);
    }

    [Fact]
    public void A_flight_is_taken_though_a_repeat_of_the_one_before_leads_its_datagram()
    {
        // A client whose timer ran out just before the server's answer came sends its hello again in front of what comes next.
        using var pair = new DtlsPair();
        pair.Server.Start(pair.Now);
        pair.Client.Start(pair.Now);
        var hello = Output(pair.Client);
        pair.Server.Handle(pair.Now, hello);
        pair.Client.Handle(pair.Now, Output(pair.Server));
        pair.Server.Handle(pair.Now, Renumbered([.. hello, .. Output(pair.Client)], 1));
        Assert.Equal(DtlsState.Connected, pair.Server.State);
    }

    [Fact]
    public void A_peer_with_another_certificate_than_announced_is_refused()
    {
        var another = DtlsCertificate.Create(DateTimeOffset.UtcNow).Fingerprint;
        using var pair = new DtlsPair(expectedOfServer: another);
        pair.RunUntil(() => pair.Client.State == DtlsState.Failed);
        Assert.Equal(DtlsFailure.FingerprintMismatch, pair.Client.Failure);
        Assert.Null(pair.Client.Keys);
        Assert.Equal(Instant.Never, pair.Client.NextTimeout);
    }

    [Fact]
    public void Application_data_flows_both_ways_in_order()
    {
        using var pair = new DtlsPair();
        pair.RunUntil(() => BothConnected(pair));
        for (byte i = 0; i < 20; i++)
        {
            Assert.True(pair.Client.TrySend([i, 1]));
            Assert.True(pair.Server.TrySend([i, 2, 3]));
        }

        pair.Step();
        var buffer = new byte[DtlsLimits.MaxApplicationData];
        for (byte i = 0; i < 20; i++)
        {
            Assert.True(pair.Server.TryReceive(buffer, out var length));
            Assert.Equal([i, 1], buffer[..length]);
            Assert.True(pair.Client.TryReceive(buffer, out length));
            Assert.Equal([i, 2, 3], buffer[..length]);
        }

        Assert.False(pair.Server.TryReceive(buffer, out _));
    }

    [Fact]
    public void The_longest_application_record_still_fits_a_datagram_and_a_longer_one_is_refused()
    {
        using var pair = new DtlsPair(new LinkConditions { MaxDatagram = DtlsLimits.MaxDatagram });
        pair.RunUntil(() => BothConnected(pair));
        Assert.False(pair.Client.TrySend(new byte[DtlsLimits.MaxApplicationData + 1]));
        Assert.False(pair.Client.TrySend([]));
        Assert.True(pair.Client.TrySend(new byte[DtlsLimits.MaxApplicationData]));
        pair.Step();
        Assert.True(pair.Server.TryReceive(new byte[2000], out var length));
        Assert.Equal(DtlsLimits.MaxApplicationData, length);
    }

    [Fact]
    public void Closing_is_told_to_the_other_side()
    {
        using var pair = new DtlsPair();
        pair.RunUntil(() => BothConnected(pair));
        pair.Client.Close();
        pair.Step();
        Assert.Equal(DtlsState.Closed, pair.Client.State);
        Assert.Equal(DtlsState.Closed, pair.Server.State);
        Assert.False(pair.Server.TrySend([1]));
    }

    [Fact]
    public void A_server_that_hears_nothing_gives_up_after_thirty_seconds()
    {
        using var engine = new OpenSslDtlsEngine(DtlsCertificate.Create(DateTimeOffset.UtcNow));
        using var server = engine.Create(DtlsRole.Server, engine.Certificate.Fingerprint);
        var now = Instant.Zero;
        server.Start(now);
        Assert.Equal(now + DtlsLimits.HandshakeLimit, server.NextTimeout);
        server.HandleTimeout(server.NextTimeout);
        Assert.Equal(DtlsState.Failed, server.State);
        Assert.Equal(DtlsFailure.HandshakeTimeout, server.Failure);
    }

    [Fact]
    public void Hostile_datagrams_between_the_flights_do_no_harm()
    {
        using var pair = new DtlsPair();
        var random = new Random(1);
        pair.RunUntil(() =>
        {
            // wrong versions and epochs, lying lengths: what a stranger may send without knowing the handshake
            foreach (var transport in new[] { pair.Client, pair.Server })
            {
                var noise = new byte[random.Next(1, 300)];
                random.NextBytes(noise);
                noise[0] = (byte)random.Next(20, 64);
                transport.Handle(pair.Now, noise);
                noise[0] = 23; // application data of epoch 0
                transport.Handle(pair.Now, noise);
            }

            return BothConnected(pair);
        });
        AssertSameKeys(pair);
        Assert.Equal(DropReason.DtlsMalformed, pair.Server.Handle(pair.Now, new byte[12]));
        Assert.Equal(DropReason.DtlsMalformed, pair.Server.Handle(pair.Now, new byte[64]));
    }

    /// <summary>The records of epoch 0 with other numbers, from this one on.</summary>
    private static byte[] Renumbered(byte[] records, byte first)
    {
        for (var at = 0; at < records.Length; at += 13 + (records[at + 11] << 8) + records[at + 12])
        {
            records[at + 10] = records[at + 4] == 0 ? first++ : records[at + 10];
        }

        return records;
    }

    /// <summary>All that it sends now, as one datagram.</summary>
    private static byte[] Output(IDtlsTransport transport)
    {
        var all = new List<byte>();
        var buffer = new byte[2000];
        while (transport.TryGetOutput(buffer, out var length))
        {
            all.AddRange(buffer.AsSpan(0, length));
        }

        return [.. all];
    }

    private static bool BothConnected(DtlsPair pair) =>
        pair.Client.State == DtlsState.Connected && pair.Server.State == DtlsState.Connected;

    private static void AssertSameKeys(DtlsPair pair)
    {
        Assert.Equal(pair.Client.Keys!.Local.Key, pair.Server.Keys!.Remote.Key);
        Assert.Equal(pair.Client.Keys.Local.Salt, pair.Server.Keys.Remote.Salt);
        Assert.Equal(pair.Client.Keys.Remote.Key, pair.Server.Keys.Local.Key);
        Assert.Equal(pair.Client.Keys.Remote.Salt, pair.Server.Keys.Local.Salt);
        Assert.NotEqual(pair.Client.Keys.Local.Key, pair.Client.Keys.Remote.Key);
    }
}
