using Microsoft.Extensions.Logging;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Nexus.Silo.Engine;

/// <summary>The running silos of this process.</summary>
public interface IGrainEngine : IAsyncDisposable
{
    /// <summary><c>orleans</c> or <c>embedded</c>.</summary>
    string Name { get; }

    /// <summary>For everything outside of grains.</summary>
    IClusterClient Client { get; }
}

/// <summary>Starts the engine this build was made for.</summary>
public static partial class GrainEngine
{
    /// <summary>The silo metadata entry that holds the region.</summary>
    public const string RegionKey = "region";

    /// <summary><c>orleans</c> or <c>embedded</c>: what MSBuild's <c>NexusEngine</c> was.</summary>
#if ORLEANS_ENGINE
    public const string Name = "orleans";
#else
    public const string Name = "embedded";
#endif

    /// <summary>Starts one silo per region. Disposing the result stops them in order: grains are deactivated first.</summary>
    public static Task<IGrainEngine> StartAsync(
        GrainEngineOptions options, ILoggerFactory loggerFactory, TimeProvider? timeProvider = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return StartCoreAsync(options, loggerFactory, timeProvider ?? TimeProvider.System, cancellationToken);
    }

    private static void ConfigureCommon(ISiloBuilder silo, string region, GrainEngineOptions options)
    {
        silo.UseSiloMetadata(new Dictionary<string, string> { [RegionKey] = region });
        options.ConfigureSilo(region, silo);
    }
}
