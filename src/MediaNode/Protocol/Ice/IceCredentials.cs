using System.Security.Cryptography;
using System.Text;

namespace Nexus.MediaNode.Protocol.Ice;

/// <summary>Our user fragment and password for one ICE generation of one session (RFC 8445 section 5.3).</summary>
public sealed class IceCredentials
{
    private const string IceChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    private const int PasswordLength = 24;

    public IceCredentials(string ufrag, string password)
    {
        if (!UfragKey.TryFrom(Encoding.ASCII.GetBytes(ufrag), out var key) || ufrag.Any(c => !IceChars.Contains(c, StringComparison.Ordinal)))
        {
            throw new ArgumentException($"a local ufrag has {UfragKey.Length} ice-chars", nameof(ufrag));
        }

        if (password.Length is < 22 or > 256)
        {
            throw new ArgumentException("an ICE password has 22 to 256 ice-chars", nameof(password));
        }

        Key = key;
        Ufrag = ufrag;
        Password = password;
        PasswordOctets = Encoding.ASCII.GetBytes(password);
    }

    /// <summary>For <c>a=ice-ufrag</c>.</summary>
    public string Ufrag { get; }

    /// <summary>For <c>a=ice-pwd</c>.</summary>
    public string Password { get; }

    /// <summary><see cref="Ufrag"/> as the demultiplexing key.</summary>
    public UfragKey Key { get; }

    internal byte[] PasswordOctets { get; }

    /// <summary>Fresh random ones. A loop makes another pair in the rare case that the key is in use.</summary>
    public static IceCredentials Create() => new(
        RandomNumberGenerator.GetString(IceChars, UfragKey.Length), RandomNumberGenerator.GetString(IceChars, PasswordLength));
}
