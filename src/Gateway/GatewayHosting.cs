using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Gateway.Adapters;
using Nexus.Gateway.Adapters.JsonWebSocket;
using Nexus.Gateway.Adapters.LiveKit;
using Nexus.Gateway.Adapters.LiveKit.RoomService;
using Nexus.Gateway.Adapters.WhipWhep;
using Nexus.Gateway.Admin;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;
using Nexus.Gateway.Page;
using Nexus.Gateway.Sessions;
using Nexus.Gateway.Telemetry;

namespace Nexus.Gateway;

/// <summary>How the executable takes the gateway in.</summary>
public static class GatewayHosting
{
    /// <summary>Adds the gateway. An <see cref="IGrainFactory"/> must be registered, or an <see cref="IControlPlane"/> of one's own.</summary>
    public static IServiceCollection AddNexusGateway(this IServiceCollection services, GatewayOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddNexusHealth();
        services.TryAddSingleton<IControlPlane>(s =>
        {
            IRegions regions = s.GetService<IRegions>() ?? new LoneRegion(options.Region, s.GetRequiredService<IGrainFactory>);
            return new ControlPlane(regions, s.GetRequiredService<TimeProvider>());
        });
        services.AddSingleton(options);
        services.AddSingleton(options.JoinLimits);
        services.AddSingleton<TenantDirectory>();
        services.AddDoors();
        services.AddSingleton<JoinLimiter>();
        services.AddSingleton<GatewayState>();
        services.AddSingleton<IceServers>();
        services.AddSingleton<IceServerLinks>();
        services.AddSingleton<GatewayPort>();
        services.AddHostedService(s => s.GetRequiredService<GatewayPort>());
        services.TryAddSingleton<ITelemetrySink, RecentTelemetry>();
        services.AddSingleton<Admission>();
        services.AddSingleton<SessionServices>();
        services.AddSingleton<SocketLimiter>();
        services.AddSingleton<WhipWhepAdapter>();
        services.AddSingleton<RoomNodeReads>();
        services.AddSingleton<RoomReads>();
        services.AddSingleton<RoomWhy>();
        services.AddSingleton<RoomActs>();
        services.AddSingleton<Invitations>();
        services.AddSingleton<OperatorEndpoints>();
        services.AddSingleton<Overview>();
        services.AddSingleton<RoomMethods>();
        services.AddSingleton<ParticipantMethods>();
        services.AddSingleton<RoomServiceMethods>();
        services.AddSingleton<IReadiness, GatewayReadiness>();
        services.AddOpenApi("v1");
        services.AddRouting();
        return services;
    }

    /// <summary>Maps every path of the contract that this gateway serves.</summary>
    public static void MapNexusGateway(this WebApplication app)
    {
        app.UseNamedFailures(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Nexus.Gateway"));
        app.UseProxies(app.Services.GetRequiredService<GatewayOptions>().Proxies);
        app.UseRouting();
        app.UseCrossOrigin();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapWhipWhep();
        app.MapJsonWebSocket();
        app.MapLiveKit();
        app.MapLiveKitServerApi();
        app.MapAdmin();
        app.MapPage(app.Services.GetRequiredService<GatewayOptions>());
        app.MapOpenApi("/openapi/{documentName}.json");
    }
}
