using Nexus.MediaNode.Protocol.Dtls;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Dtls;

/// <summary>Associations that have forgotten their handshake, against libssl on the other side.</summary>
public sealed class DtlsRecordsTests
{
    private static readonly DtlsCertificate Ours = DtlsCertificate.Create(DateTimeOffset.UtcNow);
    private static readonly DtlsCertificate Theirs = DtlsCertificate.Create(DateTimeOffset.UtcNow);

    private readonly Instant _now = new(1_000_000_000);

    public static TheoryData<string, bool> Cases => new()
    {
        { "ECDHE-ECDSA-AES128-GCM-SHA256", true },
        { "ECDHE-ECDSA-AES128-GCM-SHA256", false },
        { "ECDHE-ECDSA-AES256-GCM-SHA384", true },
        { "ECDHE-ECDSA-AES256-GCM-SHA384", false },
        { "ECDHE-ECDSA-CHACHA20-POLY1305", true }, // stays with libssl
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Data_goes_on_both_ways_and_the_end_is_heard(string cipher, bool isServer)
    {
        using var pair = new Pair(_now, cipher, isServer);
        Exchange(pair, 3);
        pair.One.ForgetHandshake();
        pair.One.ForgetHandshake();
        Exchange(pair, 300);
        pair.One.Close();
        pair.Pass(pair.One, pair.Other);
        Assert.Equal((DtlsState.Closed, DtlsState.Closed), (pair.One.State, pair.Other.State));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_peers_end_is_answered(string cipher, bool isServer)
    {
        using var pair = new Pair(_now, cipher, isServer);
        pair.One.ForgetHandshake();
        pair.Other.Close();
        pair.Pass(pair.Other, pair.One);
        Assert.Equal(DtlsState.Closed, pair.One.State);
        Assert.NotEmpty(pair.Take(pair.One));
        Assert.False(pair.One.TrySend([1]));
        Assert.Equal(DropReason.DtlsMalformed, pair.One.Handle(_now, new byte[40]));
    }

    [Fact]
    public void Both_may_forget()
    {
        using var pair = new Pair(_now, "ECDHE-ECDSA-AES128-GCM-SHA256", isServer: true);
        Exchange(pair, 2);
        pair.One.ForgetHandshake();
        pair.Other.ForgetHandshake();
        Exchange(pair, 50);
    }

    [Fact]
    public void Records_come_in_any_order_several_to_a_datagram_and_each_once()
    {
        using var pair = new Pair(_now, "ECDHE-ECDSA-AES128-GCM-SHA256", isServer: true);
        pair.One.ForgetHandshake();
        List<byte[]> sent = [];
        for (byte i = 0; i < 20; i++)
        {
            Assert.True(pair.Other.TrySend([i]));
            sent.Add(pair.Take(pair.Other).Single());
        }

        sent.Reverse();
        foreach (var datagrams in sent.Chunk(4))
        {
            pair.One.Handle(_now, datagrams.SelectMany(d => d).ToArray());
        }

        Assert.Equal(Enumerable.Range(0, 20).Reverse().Select(i => (byte)i), Received(pair.One).Select(r => r.Single()));
        sent.ForEach(d => pair.One.Handle(_now, d));
        Assert.Empty(Received(pair.One));
    }

    [Fact]
    public void What_was_received_before_it_forgot_is_not_taken_again_once_it_is_old_and_numbers_are_not_used_twice()
    {
        using var pair = new Pair(_now, "ECDHE-ECDSA-AES128-GCM-SHA256", isServer: true);
        Assert.True(pair.Other.TrySend([1]));
        var first = pair.Take(pair.Other).Single();
        pair.One.Handle(_now, first);
        List<byte[]> ours = [];
        for (var i = 0; i < 2000; i++)
        {
            pair.One.TrySend([2]);
            ours.AddRange(pair.Take(pair.One));
            pair.Other.TrySend([3]);
            pair.Pass(pair.Other, pair.One);
            if (i == 1000)
            {
                pair.One.ForgetHandshake();
            }
        }

        Received(pair.One);
        pair.One.Handle(_now, first);
        Assert.Empty(Received(pair.One));

        // Neither the records' numbers nor their nonces.
        Assert.Equal(2000, ours.Select(d => Convert.ToHexString(d.AsSpan(3, 8))).Distinct().Count());
        Assert.Equal(2000, ours.Select(d => Convert.ToHexString(d.AsSpan(13, 8))).Distinct().Count());
    }

    [Fact]
    public void Forged_cut_and_foreign_records_are_passed_over()
    {
        using var pair = new Pair(_now, "ECDHE-ECDSA-AES128-GCM-SHA256", isServer: true);
        var random = new Random(1);
        pair.One.ForgetHandshake();
        for (var i = 0; i < 2000; i++)
        {
            pair.Other.TrySend([1, 2, 3, 4]);
            var datagram = pair.Take(pair.Other).Single();
            var bent = datagram.ToArray();
            bent[random.Next(bent.Length)] ^= (byte)(1 << random.Next(8));
            if (i % 3 == 0)
            {
                bent = bent[..random.Next(bent.Length)];
            }

            pair.One.Handle(_now, bent);
            Assert.Empty(Received(pair.One));
            pair.One.Handle(_now, datagram);
            Assert.Equal([1, 2, 3, 4], Received(pair.One).Single());
        }

        Assert.Equal(DtlsState.Connected, pair.One.State);
    }

    [Fact]
    public void Nothing_is_forgotten_before_the_handshake_has_ended()
    {
        using var engine = new OpenSslDtlsEngine(Ours);
        using var transport = engine.Create(DtlsRole.Client, Theirs.Fingerprint);
        transport.ForgetHandshake();
        transport.Start(_now);
        transport.ForgetHandshake();
        Assert.Equal(DtlsState.Handshaking, transport.State);
        Assert.True(transport.TryGetOutput(new byte[2000], out _));
    }

    [Fact]
    public void Sealing_and_opening_allocate_nothing()
    {
        using var pair = new Pair(_now, "ECDHE-ECDSA-AES128-GCM-SHA256", isServer: true);
        pair.One.ForgetHandshake();
        pair.Other.ForgetHandshake();
        var buffer = new byte[2000];
        Assert.Equal(0, Allocations.Least(_ => Round()));

        void Round()
        {
            for (var i = 0; i < 100; i++)
            {
                pair.One.TrySend(buffer.AsSpan(0, 1000));
                pair.One.TryGetOutput(buffer, out var length);
                pair.Other.Handle(_now, buffer.AsSpan(0, length));
                pair.Other.TryReceive(buffer, out _);
            }
        }
    }

    private static void Exchange(Pair pair, int times)
    {
        for (var i = 0; i < times; i++)
        {
            byte[] message = [.. BitConverter.GetBytes(i), .. new byte[i * 3 % 1000]];
            Assert.True(pair.One.TrySend(message));
            pair.Pass(pair.One, pair.Other);
            Assert.Equal(message, Received(pair.Other).Single());
            Assert.True(pair.Other.TrySend(message));
            pair.Pass(pair.Other, pair.One);
            Assert.Equal(message, Received(pair.One).Single());
        }
    }

    private static List<byte[]> Received(IDtlsTransport transport)
    {
        var received = new List<byte[]>();
        var buffer = new byte[2000];
        while (transport.TryReceive(buffer, out var length))
        {
            received.Add(buffer[..length]);
        }

        return received;
    }

    private sealed class Pair : IDisposable
    {
        private readonly OpenSslDtlsEngine _ours;
        private readonly OpenSslDtlsEngine _theirs;
        private readonly Instant _now;

        public Pair(Instant now, string cipher, bool isServer)
        {
            _now = now;
            _ours = new OpenSslDtlsEngine(Ours, ciphers: cipher);
            _theirs = new OpenSslDtlsEngine(Theirs, ciphers: cipher);
            One = _ours.Create(isServer ? DtlsRole.Server : DtlsRole.Client, Theirs.Fingerprint);
            Other = _theirs.Create(isServer ? DtlsRole.Client : DtlsRole.Server, Ours.Fingerprint);
            (isServer ? Other : One).Start(now);
            for (var i = 0; i < 10; i++)
            {
                Pass(One, Other);
                Pass(Other, One);
            }

            Assert.Equal((DtlsState.Connected, DtlsState.Connected), (One.State, Other.State));
        }

        public IDtlsTransport One { get; }

        public IDtlsTransport Other { get; }

        public List<byte[]> Take(IDtlsTransport from)
        {
            var taken = new List<byte[]>();
            var buffer = new byte[2000];
            while (from.TryGetOutput(buffer, out var length))
            {
                taken.Add(buffer[..length]);
            }

            return taken;
        }

        public void Pass(IDtlsTransport from, IDtlsTransport to) => Take(from).ForEach(d => to.Handle(_now, d));

        public void Dispose()
        {
            One.Dispose();
            Other.Dispose();
            _ours.Dispose();
            _theirs.Dispose();
        }
    }
}
