using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Gateway;
using Nexus.Gateway.Admin;
using Nexus.Gateway.Health;
using Nexus.Silo.Settings;
using Orleans.Dashboard;

namespace Nexus.Silo.Hosting;

/// <summary>The gateway role: clients and admins over HTTP. Its grains are those of the silo in this process, or of the cluster's silos, as their client.</summary>
internal static class GatewayRole
{
    /// <summary>Media nodes dial again within seconds, and tell what they have.</summary>
    private static readonly TimeSpan Rebuilding = TimeSpan.FromSeconds(10);

    public static void AddGatewayRole(this IServiceCollection services, NexusOptions options)
    {
        if (!options.Roles.HasFlag(Roles.Silo))
        {
            services.AddSingleton<ClusterClient>();
            services.AddSingleton<IReadiness>(s => s.GetRequiredService<ClusterClient>());
            services.AddHostedService(s => s.GetRequiredService<ClusterClient>());
        }
        else if (options.Redis is not null)
        {
            services.AddHostedService<SiloLosses>();
        }

        TenantOptions own = WarmUp.NewTenant();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<WarmUp>(s, own));
        services.AddHostedService(s => s.GetRequiredService<WarmUp>());
        services.AddSingleton<IReadiness>(s => s.GetRequiredService<WarmUp>());
        services.AddNexusGateway(new GatewayOptions
        {
            Own = own,
            Tenants = options.EffectiveTenants,
            Region = options.Regions[0],
            Development = options.IsDevelopment ? new(NexusOptions.Development.Keys[0].Key, RandomNumberGenerator.GetHexString(16, lowercase: true)) : null,
            Proxies = options.Proxies,
            IceServers = options.IceServers,
            SocketsPerAddress = options.SocketsPerAddress,
            TokenLeeway = options.TokenLeeway,
            RemoteUnmute = options.RemoteUnmute,
            Rebuilding = options.ControlListen is null && options.Redis is null ? TimeSpan.Zero : Rebuilding,
        });
    }

    public static void MapGatewayRole(this WebApplication app, NexusOptions options)
    {
        app.MapNexusGateway();
        if (options.Dashboard)
        {
            app.MapOrleansDashboard(DashboardEndpoints.Path).RequireOperator();
        }
    }
}
