using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.Fuzz.Srtp;

/// <summary>Inputs come from without and, so that what lies behind authentication is reached too, from the key's owner.</summary>
public sealed class SrtpInboundTarget : IFuzzTarget
{
    private static readonly SrtpProfile[] Profiles = [SrtpProfile.AeadAes128Gcm, SrtpProfile.AesCm128HmacSha1];

    private static readonly SrtpInbound[] Inbounds = [.. Profiles.Select(p => new SrtpInbound(Cipher(p)))];

    public static IEnumerable<byte[]> Seeds
    {
        get
        {
            foreach (var profile in Profiles)
            {
                using var outbound = new SrtpOutbound(Cipher(profile));
                var rtp = new byte[64];
                yield return rtp[..outbound.ProtectRtp([0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xBE, 0xDE, 0, 1, 0x10, 1, 0, 0], [1, 2, 3], 1, rtp)];
                var rtcp = new byte[64];
                new byte[] { 0x80, 200, 0, 6, 0, 0, 0, 1 }.CopyTo(rtcp, 0);
                yield return rtcp[..outbound.ProtectRtcp(rtcp, 28)];
            }
        }
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        Span<byte> packet = stackalloc byte[Mutator.MaxLength];
        packet = packet[..input.Length];
        foreach (var inbound in Inbounds)
        {
            input.CopyTo(packet);
            if (inbound.TryUnprotectRtp(packet, out var length, out _, out _))
            {
                Assert.InRange(length, 12, input.Length);
            }

            input.CopyTo(packet);
            if (inbound.TryUnprotectRtcp(packet, out length, out _))
            {
                Assert.InRange(length, 8, input.Length);
            }
        }
    }

    private static ISrtpCipher Cipher(SrtpProfile profile) =>
        SrtpCiphers.Create(profile, new SrtpMasterKey(new byte[profile.KeyLength()], new byte[profile.SaltLength()]));
}
