using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Nexus.Gateway.Http;
using Nexus.Link;

namespace Nexus.Gateway.Auth;

/// <summary>Why a token was refused; the name is the problem's code.</summary>
public enum TokenFault
{
    None,
    TokenMissing,
    TokenMalformed,

    /// <summary>Any other algorithm than HS256, <c>none</c> above all.</summary>
    TokenAlgorithm,
    TokenUnknownKey,
    TokenSignature,
    TokenExpired,
    TokenNotYetValid,

    /// <summary>The development key, from elsewhere than this machine.</summary>
    TokenLocalOnly,
}

/// <summary>A verified token and whose key signed it, or the fault.</summary>
public sealed record TokenVerdict(TokenFault Fault, string Message, Caller? Caller = null)
{
    /// <summary>The fault as all doors tell it; null when there is none.</summary>
    public LinkError? Error => Fault == TokenFault.None ? null : new(UpperSnake.Of(Fault), Message);
}

/// <summary>
/// Checks HS256 tokens (RFC 7515, RFC 7519). The HMAC is the framework's own and compared in constant time; an unknown key
/// costs the same time as a known one. Whoever mints has a clock of his own: nbf and exp may be past by
/// <see cref="GatewayOptions.TokenLeeway"/>. Thread-safe.
/// </summary>
public sealed class TokenVerifier(TenantDirectory tenants, GatewayOptions options, TimeProvider clock)
{
    /// <summary>Characters; above it the token is not even decoded.</summary>
    public const int MaxLength = 16 * 1024;

    private static readonly byte[] NoSecret = new byte[32];

    /// <param name="isLocal">Whether this machine asks for itself (<see cref="LocalRequest"/>): the development key, which everybody knows, is good for nobody else.</param>
    /// <param name="mayHaveExpired">For those who prove by something else that they were let in before.</param>
    public TokenVerdict Verify(string? token, bool isLocal, bool mayHaveExpired = false)
    {
        if (string.IsNullOrEmpty(token))
        {
            return new(TokenFault.TokenMissing, "Send the access token as Authorization: Bearer <token>.");
        }

        string[] parts = token.Length <= MaxLength ? token.Split('.') : [];
        if (parts.Length != 3 || Decode(parts[0]) is not { } header || Decode(parts[1]) is not { } payload || Decode(parts[2]) is not { } signature)
        {
            return Malformed($"It must be three base64url parts with dots between, at most {MaxLength} characters.");
        }

        if (Read<JwtHeader>(header) is not { } jwt)
        {
            return Malformed("Its header is no JSON object.");
        }

        if (jwt.Algorithm != "HS256")
        {
            return new(TokenFault.TokenAlgorithm, "The token must be signed with HS256; no other algorithm is taken.");
        }

        if (Read<AccessToken>(payload) is not { } claims)
        {
            return Malformed("Its claims are no JSON object of the documented layout.");
        }

        var (tenant, key) = tenants.Find(claims.Issuer);
        byte[] expected = HMACSHA256.HashData(
            key is null ? NoSecret : Encoding.UTF8.GetBytes(key.Secret), Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"));
        bool signed = CryptographicOperations.FixedTimeEquals(expected, signature);
        if (tenant is null || key is null)
        {
            return new(TokenFault.TokenUnknownKey, "The API key in the token's iss is not known to this server.");
        }

        return !signed ? new(TokenFault.TokenSignature, "The token's signature is wrong: sign it with the secret of the key in iss.")
            : !isLocal && key.Key == options.Development?.Key ? new(TokenFault.TokenLocalOnly, "The development key serves this machine only, by a loopback name and past no proxy: configure tenants with keys of your own.")
            : CheckTime(claims, mayHaveExpired) ?? new(TokenFault.None, "", new(claims, tenant, key, Fingerprint(signature)));
    }

    private TokenVerdict? CheckTime(AccessToken claims, bool mayHaveExpired)
    {
        double now = clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        double leeway = options.TokenLeeway.TotalSeconds;
        if (claims.Expires is not { } expires)
        {
            return Malformed("It has no exp: tokens must expire.");
        }

        if (expires + leeway <= now && !mayHaveExpired)
        {
            return new(TokenFault.TokenExpired, "The token has expired: mint a new one.");
        }

        return claims.NotBefore > now + leeway
            ? new(TokenFault.TokenNotYetValid, "The token is not valid yet: compare the clocks, or wait for its nbf.")
            : null;
    }

    private static TokenVerdict Malformed(string detail) => new(TokenFault.TokenMalformed, $"The token is malformed. {detail}");

    private static ulong Fingerprint(byte[] signature) => BitConverter.ToUInt64(signature);

    private static byte[]? Decode(string part) => Base64Url.IsValid(part) ? Base64Url.DecodeFromChars(part) : null;

    private static T? Read<T>(byte[] json) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record JwtHeader([property: System.Text.Json.Serialization.JsonPropertyName("alg")] string? Algorithm);
}
