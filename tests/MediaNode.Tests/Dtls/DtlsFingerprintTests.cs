using System.Security.Cryptography;
using Nexus.MediaNode.Protocol.Dtls;

namespace Nexus.MediaNode.Tests.Dtls;

public class DtlsFingerprintTests
{
    [Theory]
    [InlineData("sha-256")]
    [InlineData("SHA-384")]
    [InlineData("sha-512")]
    public void The_hashes_browsers_use_are_understood_in_any_case(string algorithm)
    {
        byte[] certificate = [1, 2, 3];
        var hash = algorithm switch
        {
            "sha-256" => SHA256.HashData(certificate),
            "SHA-384" => SHA384.HashData(certificate),
            _ => SHA512.HashData(certificate),
        };
        var text = $"{algorithm} {string.Join(':', hash.Select(b => b.ToString("x2")))}";
        Assert.True(DtlsFingerprint.TryParse(text, out var fingerprint));
        Assert.True(fingerprint!.Matches(certificate));
        Assert.False(fingerprint.Matches([1, 2, 4]));
        Assert.Equal(text.ToUpperInvariant(), fingerprint.ToString().ToUpperInvariant());
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha-256")]
    [InlineData("sha-256 AA:BB")]
    [InlineData("sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13")]
    [InlineData("md5 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F")]
    [InlineData("sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:+F")]
    public void Anything_else_is_refused(string text) => Assert.False(DtlsFingerprint.TryParse(text, out _));
}
