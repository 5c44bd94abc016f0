using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Nexus.Silo.Logging;
using Nexus.Silo.Settings;
using Nexus.Silo.Storage;
using Nexus.Silo.Telemetry;

namespace Nexus.Silo.Hosting;

/// <summary>
/// The one host of a process. Its parts are hosted services: started in the order in which they are added here, stopped in reverse;
/// HTTP is served last and first no more.
/// </summary>
public static class NexusHost
{
    /// <summary>Within the 5 s that SIGTERM may take.</summary>
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(4.5);

    /// <param name="configure">What a test adds.</param>
    public static WebApplication Build(NexusOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        // empty: settings come from our reader alone, not from appsettings.json of whatever folder it is started in
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "nexus", ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddNexusLogging(options.Log, options.LogLevels);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<HostFailure>();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = StopWithin);
        builder.Services.Configure<ConsoleLifetimeOptions>(o => o.SuppressStatusMessages = true);
        builder.Services.AddNexusTelemetry(options);
        if (options.Roles.HasFlag(Roles.Control))
        {
            builder.AddControl(options);
        }

        if (options.Roles.HasFlag(Roles.Media))
        {
            builder.Services.AddMediaNodes(options);
        }

        builder.AddHttp(options);
        configure?.Invoke(builder);
        WebApplication app = builder.Build();
        app.MapHttp(options);
        return app;
    }

    /// <summary>Starts all parts; ready when it returns. When one cannot start, those before it are stopped.</summary>
    /// <exception cref="SettingsException">An address or port cannot be had, or a service that is configured does not answer.</exception>
    public static async Task StartNexusAsync(this WebApplication app, CancellationToken cancellation = default)
    {
        try
        {
            _ = app.Services.GetService<FileGrainStorage>(); // so that a folder that cannot be used is refused now, and not at the first room
            await app.StartAsync(cancellation);
        }
        catch (Exception e)
        {
            await StopStarted(app);
            if (e is IOException { InnerException: AddressInUseException or SocketException })
            {
                throw new SettingsException($"http: {e.Message.TrimEnd('.')}: choose another address or port");
            }

            throw;
        }
    }

    private static async Task StopStarted(WebApplication app)
    {
        try
        {
            await app.StopAsync();
        }
        catch (Exception e) when (e is InvalidOperationException or AggregateException)
        {
            // a silo that never ran says so when it is stopped; why it did not is the start's exception
        }
    }
}
