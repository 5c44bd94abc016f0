using System.Text;
using Microsoft.AspNetCore.Http;
using Nexus.Gateway.Auth;

namespace Nexus.Gateway.Http;

/// <summary>From a request to its caller, or to the refusal.</summary>
public static class RequestAuth
{
    private const string Scheme = "Bearer ";

    /// <summary>401 with a code that names the token's fault; the caller otherwise.</summary>
    public static (Caller? Caller, ProblemResult? Refusal) Authenticate(this TokenVerifier verifier, HttpRequest request)
    {
        var verdict = verifier.Verify(Bearer(request));
        if (verdict.Caller is { } caller)
        {
            request.HttpContext.Items[typeof(Caller)] = caller;
            return (caller, null);
        }

        return (null, Unauthorized(verdict));
    }

    /// <summary>401 by the token's fault.</summary>
    internal static ProblemResult Unauthorized(TokenVerdict verdict)
    {
        string challenge = verdict.Fault == TokenFault.TokenMissing ? "Bearer" : "Bearer error=\"invalid_token\"";
        return new ProblemResult(StatusCodes.Status401Unauthorized, CodeOf(verdict.Fault), verdict.Message).With("WWW-Authenticate", challenge);
    }

    /// <summary>The token of <c>Authorization: Bearer …</c>; null without one.</summary>
    public static string? Bearer(HttpRequest request)
    {
        string header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
    }

    /// <summary>Who makes the request, once <see cref="Authenticate"/> has found out.</summary>
    internal static string? IdentityOf(HttpContext context) => (context.Items[typeof(Caller)] as Caller)?.Identity;

    public static ProblemResult Forbidden(string message) =>
        new(StatusCodes.Status403Forbidden, Link.ReasonCodes.Permission, message);

    /// <summary><c>TokenNotYetValid</c> → <c>TOKEN_NOT_YET_VALID</c>.</summary>
    internal static string CodeOf(Enum name)
    {
        var code = new StringBuilder();
        foreach (char c in name.ToString())
        {
            code.Append(char.IsUpper(c) && code.Length > 0 ? "_" : "").Append(char.ToUpperInvariant(c));
        }

        return code.ToString();
    }
}
