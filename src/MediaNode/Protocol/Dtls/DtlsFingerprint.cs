using System.Security.Cryptography;

namespace Nexus.MediaNode.Protocol.Dtls;

/// <summary>
/// A certificate fingerprint as SDP writes it: <c>sha-256 4A:AD:…</c> (RFC 8122 section 5). Understood are sha-256, sha-384
/// and sha-512; weaker ones are refused.
/// </summary>
public sealed class DtlsFingerprint : IEquatable<DtlsFingerprint>
{
    private readonly byte[] _hash;

    private DtlsFingerprint(string algorithm, byte[] hash)
    {
        Algorithm = algorithm;
        _hash = hash;
    }

    /// <summary>In lower case: <c>sha-256</c>.</summary>
    public string Algorithm { get; }

    /// <summary>The hash in upper-case hexadecimal with colons.</summary>
    public string Value => string.Join(':', _hash.Select(b => b.ToString("X2")));

    public static DtlsFingerprint Sha256Of(ReadOnlySpan<byte> certificate) => new("sha-256", SHA256.HashData(certificate));

    /// <summary>Parses the value of <c>a=fingerprint</c>; letter case does not matter.</summary>
    public static bool TryParse(string text, out DtlsFingerprint? fingerprint)
    {
        fingerprint = null;
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Length != 2)
        {
            return false;
        }

        var algorithm = parts[0].ToLowerInvariant();
        var length = algorithm switch { "sha-256" => 32, "sha-384" => 48, "sha-512" => 64, _ => 0 };
        var octets = parts[1].Split(':');
        if (length == 0 || octets.Length != length)
        {
            return false;
        }

        var hash = new byte[length];
        for (var i = 0; i < length; i++)
        {
            if (octets[i].Length != 2 || !byte.TryParse(octets[i], System.Globalization.NumberStyles.AllowHexSpecifier, null, out hash[i]))
            {
                return false;
            }
        }

        fingerprint = new DtlsFingerprint(algorithm, hash);
        return true;
    }

    /// <summary>True when it is the fingerprint of this DER certificate.</summary>
    public bool Matches(ReadOnlySpan<byte> certificate)
    {
        Span<byte> hash = stackalloc byte[64];
        var written = Algorithm switch
        {
            "sha-256" => SHA256.HashData(certificate, hash),
            "sha-384" => SHA384.HashData(certificate, hash),
            _ => SHA512.HashData(certificate, hash),
        };
        return CryptographicOperations.FixedTimeEquals(hash[..written], _hash);
    }

    public bool Equals(DtlsFingerprint? other) => other is not null && Algorithm == other.Algorithm && _hash.AsSpan().SequenceEqual(other._hash);

    public override bool Equals(object? obj) => Equals(obj as DtlsFingerprint);

    public override int GetHashCode() => BitConverter.ToInt32(_hash);

    public override string ToString() => $"{Algorithm} {Value}";
}
