using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.MediaNode.Tests.Srtp;

/// <summary>Vectors of RFC 3711 appendix B, RFC 7714 sections 16 and 17, and of libsrtp's test driver for AES-CM with SHA-1.</summary>
public class SrtpVectorTests
{
    private const string QuidProQuo = "517569642070726f2071756f";
    private const string Key128 = "000102030405060708090a0b0c0d0e0f";
    private const string Key256 = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    private const string RtpHeader = "8040f17b8041f8d35501a0b2";
    private const string Gallia = "47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573";
    private const string RtcpPlain = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";

    [Fact]
    public void Session_keys_derive_as_rfc_3711_appendix_b_3_says()
    {
        var master = new SrtpMasterKey(Hex("E1F97A0D3E018BE0D64FA32C06DE4139"), Hex("0EC675AD498AFEEBB6960B3AABE6"));
        var keys = SrtpSessionKeys.Derive(SrtpProfile.AesCm128HmacSha1, master);
        Assert.Equal(Hex("C61E7A93744F39EE10734AFE3FF7A087"), keys.RtpKey);
        Assert.Equal(Hex("30CBBC08863D8C85D49DB34A9AE1"), keys.RtpSalt);
        Assert.Equal(Hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"), keys.RtpAuth);
    }

    [Fact]
    public void The_aes_counter_keystream_is_that_of_rfc_3711_appendix_b_2()
    {
        var keys = SessionKeys("2B7E151628AED2A6ABF7158809CF4F3C", "F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
        using var cipher = new CmSha1SrtpCipher(keys);
        var packet = new byte[12 + 48 + 10];
        cipher.SealRtp(packet, 12, default, new byte[48], 0);
        Assert.Equal(
            Hex("E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0"),
            packet[12..60]);
    }

    [Fact]
    public void The_reference_packet_of_aes_cm_with_sha1_is_reproduced()
    {
        var master = new SrtpMasterKey(Hex("e1f97a0d3e018be0d64fa32c06de4139"), Hex("0ec675ad498afeebb6960b3aabe6"));
        using var outbound = new SrtpOutbound(SrtpCiphers.Create(SrtpProfile.AesCm128HmacSha1, master));
        var packet = new byte[64];
        var length = outbound.ProtectRtp(Hex("800f1234decafbadcafebabe"), Hex("abababababababababababababababab"), 0x1234, packet);
        Assert.Equal("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb", Text(packet, length));
    }

    [Theory]
    [InlineData(Key128, "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce")]
    [InlineData(Key256, "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13")]
    public void Aead_rtp_is_that_of_rfc_7714_section_16(string key, string encrypted)
    {
        foreach (var cipher in GcmCiphers(key))
        {
            using var outbound = new SrtpOutbound(cipher);
            var packet = new byte[128];
            var length = outbound.ProtectRtp(Hex(RtpHeader), Hex(Gallia), 0xf17b, packet);
            Assert.Equal(RtpHeader + encrypted, Text(packet, length));

            using var inbound = new SrtpInbound(cipher);
            Assert.True(inbound.TryUnprotectRtp(packet.AsSpan(0, length), out var plain, out var index, out _));
            Assert.Equal(0xf17bul, index);
            Assert.Equal(RtpHeader + Gallia, Text(packet, plain));
        }
    }

    [Theory]
    [InlineData(Key128, "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4")]
    public void Aead_rtcp_is_that_of_rfc_7714_section_17(string key, string encrypted)
    {
        foreach (var cipher in GcmCiphers(key))
        {
            var packet = new byte[128];
            Hex(RtcpPlain).CopyTo(packet, 0);
            var length = cipher.SealRtcp(packet, RtcpPlain.Length / 2, 0x5d4);
            Assert.Equal(RtcpPlain[..16] + encrypted, Text(packet, length));

            using var inbound = new SrtpInbound(cipher);
            Assert.True(inbound.TryUnprotectRtcp(packet.AsSpan(0, length), out var plain, out _));
            Assert.Equal(RtcpPlain, Text(packet, plain));
        }
    }

    [Fact]
    public void An_rtcp_packet_that_is_authenticated_only_is_taken()
    {
        // RFC 7714 section 17.3: E bit clear, all of the packet is associated data
        using var cipher = GcmCiphers(Key128).First();
        var packet = Hex(RtcpPlain + "841dd9683dd78ec92ae58790125f62b3" + "000005d4");
        using var inbound = new SrtpInbound(cipher);
        Assert.True(inbound.TryUnprotectRtcp(packet, out var plain, out _));
        Assert.Equal(RtcpPlain, Text(packet, plain));
    }

    private static IEnumerable<ISrtpCipher> GcmCiphers(string key)
    {
        var profile = key.Length == 64 ? SrtpProfile.AeadAes256Gcm : SrtpProfile.AeadAes128Gcm;
        yield return SrtpCiphers.CreateEvpGcm(profile, SessionKeys(key, QuidProQuo));
        yield return SrtpCiphers.Create(profile, SessionKeys(key, QuidProQuo));
    }

    private static SrtpSessionKeys SessionKeys(string key, string salt) =>
        new(Hex(key), new byte[20], Hex(salt), Hex(key), new byte[20], Hex(salt));

    private static byte[] Hex(string text) => Convert.FromHexString(text);

    private static string Text(byte[] octets, int length) => Convert.ToHexStringLower(octets, 0, length);
}
