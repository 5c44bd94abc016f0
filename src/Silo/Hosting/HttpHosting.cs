using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Gateway;
using Nexus.Gateway.Health;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Hosting;

/// <summary>What the process serves over HTTP: its health and metrics whatever its roles, everything else with the gateway role.</summary>
internal static class HttpHosting
{
    public static void AddHttp(this WebApplicationBuilder builder, NexusOptions options)
    {
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k =>
        {
            k.Listen(options.Http);
            if (options.Https is { } https)
            {
                k.Listen(https, Tls);
            }

            if (options.Metrics is { } metrics && !metrics.Equals(options.Http))
            {
                k.Listen(metrics);
            }

            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = 1024 * 1024;
            k.Limits.MaxRequestLineSize = 32 * 1024; // LiveKit clients put their join request there
        });
        if (options.Tls is { } files)
        {
            builder.Services.AddSingleton(s => ActivatorUtilities.CreateInstance<TlsCertificate>(s, files));
        }

        builder.Services.AddRouting();
        builder.Services.AddNexusHealth();
    }

    /// <summary>HTTP/1.1 alone: over HTTP/2 browsers would open WebSockets in another way (RFC 8441), for nothing that is gained here.</summary>
    private static void Tls(ListenOptions listen)
    {
        var certificate = listen.ApplicationServices.GetRequiredService<TlsCertificate>();
        listen.Protocols = HttpProtocols.Http1;
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = certificate.Current() }),
        });
    }

    public static void MapHttp(this WebApplication app, NexusOptions options)
    {
        if (options.Https is { } https)
        {
            app.Use((context, next) => context.Request.IsHttps || context.Connection.LocalPort != options.Http.Port || IsHealth(context.Request.Path) || IsOperations(context.Request.Path)
                ? next(context)
                : SendTo(https.Port, context));
        }

        if (options.Metrics is { } metrics && !metrics.Equals(options.Http))
        {
            app.Use((context, next) => IsOperations(context.Request.Path) == (context.Connection.LocalPort == metrics.Port) || IsHealth(context.Request.Path)
                ? next(context)
                : NotHere(context));
        }

        if (options.Roles.HasFlag(Roles.Gateway))
        {
            app.MapGatewayRole(options);
        }
        else
        {
            app.UseRouting();
        }

        app.MapHealth();
    }

    /// <summary>Where HTTP is served, as clients are to write it.</summary>
    public static string AddressOf(WebApplication app) =>
        app.Urls.FirstOrDefault(u => u.StartsWith("https:", StringComparison.Ordinal)) ?? app.Urls.First();

    /// <summary>The link to the meeting page with the code that it needs for tokens of the development key; null where that is not in use.</summary>
    public static string? LinkOf(WebApplication app) =>
        app.Services.GetService<GatewayOptions>()?.Development is { Code: var code } ? $"{AddressOf(app)}/#dev={code}" : null;

    private static bool IsOperations(PathString path) => path.StartsWithSegments("/metrics") || path.StartsWithSegments("/openapi");

    private static bool IsHealth(PathString path) => path.StartsWithSegments("/healthz") || path.StartsWithSegments("/readyz");

    private static Task SendTo(int port, HttpContext context)
    {
        HttpRequest request = context.Request;
        var host = port == 443 ? new HostString(request.Host.Host) : new HostString(request.Host.Host, port);
        context.Response.Redirect(UriHelper.BuildAbsolute("https", host, request.PathBase, request.Path, request.QueryString), permanent: true, preserveMethod: true);
        return Task.CompletedTask;
    }

    private static Task NotHere(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
