using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Gateway.Health;
using Nexus.Silo.Control;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Hosting;

/// <summary>The media role.</summary>
internal static class MediaRole
{
    public static void AddMediaRole(this IServiceCollection services, NexusOptions options)
    {
        for (int i = 0; i < options.Regions.Length; i++)
        {
            int index = i;
            services.AddSingleton(s => new MediaNodeService(options, index, s.GetService<NodeLinkHost>(), s.GetRequiredService<ILoggerFactory>()));
        }

        // one registration each: a factory is asked once for each of them
        for (int i = 0; i < options.Regions.Length; i++)
        {
            int index = i;
            services.AddSingleton<IHostedService>(s => s.GetServices<MediaNodeService>().ElementAt(index));
            services.AddSingleton<IReadiness>(s => s.GetServices<MediaNodeService>().ElementAt(index));
        }
    }
}
