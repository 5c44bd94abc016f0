using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;

namespace Orleans.Runtime.MembershipService.SiloMetadata;

/// <summary>Gives a silo its metadata.</summary>
public static class SiloMetadataHostingExtensions
{
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder) => builder.UseSiloMetadata(builder.Configuration);

    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, IConfiguration configuration)
        => builder.UseSiloMetadata(configuration.GetSection("Orleans").GetSection("Metadata"));

    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, IConfigurationSection configurationSection)
        => builder.UseSiloMetadata(configurationSection.Get<Dictionary<string, string>>() ?? []);

    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, Dictionary<string, string> metadata)
        => builder.ConfigureServices(services => services.Configure<SiloMetadata>(m => m.AddMetadata(metadata)));
}
