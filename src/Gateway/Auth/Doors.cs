using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Gateway.Http;
using Nexus.Link;

namespace Nexus.Gateway.Auth;

/// <summary>How endpoints say who may come in, and learn who came.</summary>
internal static class Doors
{
    public static IServiceCollection AddDoors(this IServiceCollection services)
    {
        services.AddSingleton<TokenVerifier>();
        services.AddTransient<TokenAuthentication>();
        services.AddAuthenticationCore(o =>
        {
            o.DefaultScheme = TokenAuthentication.Scheme;
            o.AddScheme<TokenAuthentication>(TokenAuthentication.Scheme, null);
        });
        services.AddAuthorization();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, DoorKeeper>();
        return services;
    }

    /// <summary>Lets in who has a good token and all of <paramref name="permits"/>; refuses by name.</summary>
    public static T Requires<T>(this T endpoint, params Permit[] permits) where T : IEndpointConventionBuilder =>
        endpoint.RequireAuthorization(policy => policy.RequireAuthenticatedUser().AddRequirements(permits));

    /// <summary>The token may also stand in <c>?access_token=</c>.</summary>
    /// <param name="cookie">Or in this cookie.</param>
    public static T TakesTokenInQuery<T>(this T endpoint, string? cookie = null) where T : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new TokenPlaces(cookie));

    /// <summary>How the endpoints tell a refusal, where their protocol has a form of its own.</summary>
    public static T RefusesBy<T>(this T endpoint, Func<HttpContext, LinkError, Task> write) where T : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new RefusalForm(write));

    /// <summary>Who makes the request; only where the endpoint requires somebody.</summary>
    public static Caller Caller(this HttpContext http) =>
        (http.User.Identity as CallerIdentity)?.Caller ?? throw new InvalidOperationException($"{http.GetEndpoint()} requires no token");

    /// <summary>Answers with the refusal, in the endpoint's form.</summary>
    public static Task Refuse(this HttpContext http, LinkError error) =>
        http.GetEndpoint()?.Metadata.GetMetadata<RefusalForm>() is { } form ? form.Write(http, error) : ProblemResult.Of(error).ExecuteAsync(http);

    private sealed record RefusalForm(Func<HttpContext, LinkError, Task> Write);

    /// <summary>Tells those who are not let in what they lack.</summary>
    private sealed class DoorKeeper : IAuthorizationMiddlewareResultHandler
    {
        public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
        {
            var lack = authorizeResult.AuthorizationFailure?.FailureReasons.OfType<Permit.Lack>().FirstOrDefault();
            return authorizeResult.Succeeded ? next(context)
                : lack is not null ? context.Refuse(lack.Error)
                : authorizeResult.Challenged ? context.ChallengeAsync()
                : context.ForbidAsync();
        }
    }
}
