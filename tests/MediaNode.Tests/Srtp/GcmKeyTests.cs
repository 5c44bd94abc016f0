using System.Security.Cryptography;
using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.MediaNode.Tests.Srtp;

/// <summary>Every implementation of AES-GCM is octet for octet what .NET's own class computes.</summary>
public class GcmKeyTests
{
    private static readonly Dictionary<string, Func<byte[], GcmKey>> Makers = new()
    {
        ["openssl-evp"] = key => new EvpGcmKey(key),
        ["aes-ni"] = key => new AesNiGcmKey(key),
    };

    public static TheoryData<string, int> Implementations
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var name in Makers.Keys.Where(name => name != "aes-ni" || AesNiGcmKey.IsSupported))
            {
                data.Add(name, 16);
                data.Add(name, 32);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Sealing_equals_the_framework_at_every_length(string name, int keyLength)
    {
        var random = new Random(3);
        var key = Bytes(random, keyLength);
        using var gcm = Create(name, key);
        using var reference = new AesGcm(key, 16);
        for (var length = 0; length <= 1500; length++)
        {
            var aad = Bytes(random, 12 + random.Next(89));
            var plain = Bytes(random, length);
            var nonce = Bytes(random, 12);
            var prefix = Math.Min(length, length % 3 == 0 ? random.Next(65) : 0);
            var expected = new byte[length + 16];
            reference.Encrypt(nonce, plain, expected.AsSpan(0, length), expected.AsSpan(length), aad);

            var actual = new byte[length + 16];
            gcm.Seal(GcmNonce.From(nonce), aad, plain.AsSpan(0, prefix), plain.AsSpan(prefix), actual);
            Assert.True(expected.AsSpan().SequenceEqual(actual), $"length {length}, aad {aad.Length}, prefix {prefix}");

            Assert.True(gcm.Open(GcmNonce.From(nonce), aad, actual.AsSpan(0, length), actual.AsSpan(length)), $"length {length}");
            Assert.True(plain.AsSpan().SequenceEqual(actual.AsSpan(0, length)), $"length {length}");
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Every_associated_length_is_right(string name, int keyLength)
    {
        var random = new Random(5);
        var key = Bytes(random, keyLength);
        using var gcm = Create(name, key);
        using var reference = new AesGcm(key, 16);
        for (var length = 1; length <= 300; length++)
        {
            var aad = Bytes(random, length);
            var plain = Bytes(random, random.Next(100));
            var nonce = Bytes(random, 12);
            var expected = new byte[plain.Length + 16];
            reference.Encrypt(nonce, plain, expected.AsSpan(0, plain.Length), expected.AsSpan(plain.Length), aad);
            var actual = new byte[plain.Length + 16];
            gcm.Seal(GcmNonce.From(nonce), aad, default, plain, actual);
            Assert.True(expected.AsSpan().SequenceEqual(actual), $"aad {length}");
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void A_flipped_bit_anywhere_is_refused(string name, int keyLength)
    {
        var random = new Random(4);
        using var gcm = Create(name, Bytes(random, keyLength));
        var nonce = GcmNonce.From(Bytes(random, 12));
        var aad = Bytes(random, 20);
        var output = new byte[100 + 16];
        gcm.Seal(nonce, aad, default, Bytes(random, 100), output);
        for (var bit = 0; bit < output.Length * 8; bit += 5)
        {
            var forged = (byte[])output.Clone();
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(gcm.Open(nonce, aad, forged.AsSpan(0, 100), forged.AsSpan(100)));
        }
    }

    private static GcmKey Create(string name, byte[] key) => Makers[name](key);

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
