using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Nexus.Gateway.Http;
using Nexus.Link;

namespace Nexus.Gateway.Auth;

/// <summary>
/// The authentication scheme of all doors: the access token of <c>Authorization: Bearer …</c>, or from where else the endpoint takes it
/// (<see cref="TokenPlaces"/>), checked by <see cref="TokenVerifier"/>. One for each request.
/// </summary>
internal sealed class TokenAuthentication(TokenVerifier tokens) : IAuthenticationHandler
{
    public const string Scheme = "Bearer";

    private const string Prefix = Scheme + " ";

    private HttpContext? _context;
    private TokenVerdict? _verdict;

    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        _context = context;
        return Task.CompletedTask;
    }

    public Task<AuthenticateResult> AuthenticateAsync()
    {
        _verdict ??= tokens.Verify(TokenOf(_context!), _context!.Request.IsLocal());
        return Task.FromResult(_verdict switch
        {
            { Caller: { } caller } => AuthenticateResult.Success(new(new ClaimsPrincipal(new CallerIdentity(caller)), Scheme)),
            { Fault: TokenFault.TokenMissing } => AuthenticateResult.NoResult(),
            _ => AuthenticateResult.Fail(_verdict.Message),
        });
    }

    /// <summary>Refuses by the token's fault.</summary>
    public async Task ChallengeAsync(AuthenticationProperties? properties)
    {
        await AuthenticateAsync();
        LinkError error = _verdict!.Error!;
        bool alsoInQuery = _verdict.Fault == TokenFault.TokenMissing && Places(_context!) is not null;
        await _context!.Refuse(alsoInQuery ? new(error.Code, $"{error.Message[..^1]}, or add it to the address as ?{TokenPlaces.Parameter}=<token>.") : error);
    }

    public Task ForbidAsync(AuthenticationProperties? properties) => _context!.Refuse(Permit.Denied("The token does not allow this."));

    private static string? TokenOf(HttpContext context)
    {
        string header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            ? header[Prefix.Length..].Trim()
            : Places(context)?.Find(context.Request);
    }

    private static TokenPlaces? Places(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<TokenPlaces>();
}

/// <summary>Where an endpoint takes a token from when no header has one: browsers can send none with a WebSocket or a plain visit.</summary>
/// <param name="Cookie">Name of a cookie that it may be in too; null for none.</param>
internal sealed record TokenPlaces(string? Cookie = null)
{
    public const string Parameter = "access_token";

    /// <summary>What stands in <c>?access_token=</c>; null when nothing does.</summary>
    public static string? InQuery(HttpRequest request) => request.Query[Parameter].ToString() is { Length: > 0 } token ? token : null;

    public string? Find(HttpRequest request) => InQuery(request) ?? (Cookie is null ? null : request.Cookies[Cookie]);
}

/// <summary>Who makes a request, as ASP.NET Core carries it.</summary>
internal sealed class CallerIdentity(Caller caller)
    : ClaimsIdentity([new Claim(DefaultNameClaimType, caller.Identity)], TokenAuthentication.Scheme)
{
    public Caller Caller => caller;
}
