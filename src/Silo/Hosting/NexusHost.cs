using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Gateway.Health;
using Nexus.Silo.Logging;
using Nexus.Silo.Settings;
using Nexus.Silo.Storage;
using Nexus.Silo.Telemetry;

namespace Nexus.Silo.Hosting;

/// <summary>
/// The one host of a process. Its parts are hosted services: started in the order in which they are added here, stopped in reverse;
/// HTTP is served last and first no more.
/// </summary>
public static partial class NexusHost
{
    /// <summary>Within the 5 s that an end may take, once media nodes are empty.</summary>
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(4);

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
        builder.Services.AddSingleton<IHostLifetime, SignalLifetime>();
        builder.Services.AddNexusTelemetry(options);
        if (options.Redis is not null)
        {
            builder.Services.AddSingleton<RedisConnection>();
            builder.Services.AddHostedService(s => s.GetRequiredService<RedisConnection>());
        }

        if (options.Roles != Roles.Media)
        {
            builder.Services.AddRegions(options);
        }

        if (options.Roles.HasFlag(Roles.Silo))
        {
            builder.AddSiloRole(options);
        }

        if (options.Roles.HasFlag(Roles.Media))
        {
            builder.Services.AddMediaRole(options);
        }

        if (options.Roles.HasFlag(Roles.Gateway))
        {
            builder.Services.AddGatewayRole(options);
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
            RequireAddresses(app.Services.GetRequiredService<NexusOptions>());
            _ = app.Services.GetService<FileGrainStorage>(); // so that a folder that cannot be used is refused now, and not at the first room
            _ = app.Services.GetService<ClusterClient>(); // the same for its certificate
            _ = app.Services.GetService<OtlpWatch>(); // listens from here on
            await app.StartAsync(cancellation);
            Serving.Log(app);
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

    /// <summary>The first line that an operator looks for.</summary>
    private static partial class Serving
    {
        public static void Log(WebApplication app)
        {
            var options = app.Services.GetRequiredService<NexusOptions>();
            Say(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Nexus.Silo"), HttpHosting.AddressOf(app), options.Roles, string.Join(',', options.Regions), ProductVersion.Current, ProductVersion.Orleans);
        }

        [LoggerMessage(1002, LogLevel.Information, "serving {Address} as {Roles} in {Regions}: Nexus {Version}, Orleans {Orleans}")]
        private static partial void Say(ILogger log, string address, Roles roles, string regions, string version, string orleans);
    }

    private static void RequireAddresses(NexusOptions options)
    {
        FreeAddress.Require("http", options.Http);
        if (options.Https is { } https)
        {
            FreeAddress.Require("https", https);
        }

        if (options.Metrics is { } metrics && !metrics.Equals(options.Http))
        {
            FreeAddress.Require("metrics", metrics);
        }

        for (int i = 0; options.Redis is not null && options.Roles.HasFlag(Roles.Silo) && i < options.Regions.Length; i++)
        {
            // Orleans would take the place of the process that has it, which would then be told that it is dead
            FreeAddress.Require("silo", new IPEndPoint(options.EffectiveSilo.Address, options.EffectiveSilo.Port + i));
            FreeAddress.Require("client-port", new IPEndPoint(options.EffectiveSilo.Address, options.EffectiveClientPort + i));
        }
    }

    private static async Task StopStarted(WebApplication app)
    {
        try
        {
            await app.StopAsync();
        }
        catch (Exception e) when (e is InvalidOperationException or AggregateException or OperationCanceledException)
        {
            // a silo that never ran says so when it is stopped; why it did not is the start's exception
        }
    }
}
