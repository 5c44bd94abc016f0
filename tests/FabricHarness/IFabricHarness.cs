using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Nexus.FabricHarness;

/// <summary>
/// A cluster of silos in this process, on whichever engine the build chose. Calls from outside go through
/// <see cref="Client"/>.
/// </summary>
public interface IFabricHarness : IAsyncDisposable
{
    /// <summary><c>embedded</c> or <c>orleans</c>.</summary>
    string Engine { get; }

    IClusterClient Client { get; }

    /// <summary>The living silos, oldest first.</summary>
    IReadOnlyList<FabricSilo> Silos { get; }

    /// <summary>Whether <see cref="AdvanceAsync"/> moves a manual clock instead of waiting.</summary>
    bool HasVirtualTime { get; }

    /// <summary>The clock of the silos.</summary>
    TimeProvider Time { get; }

    /// <summary>Starts one more silo in a region; it takes grains when this completes.</summary>
    Task<FabricSilo> StartSiloAsync(string region);

    /// <summary>Kills a silo without any goodbye. Completes when the others know.</summary>
    Task KillSiloAsync(FabricSilo silo);

    /// <summary>Stops a silo in order.</summary>
    Task StopSiloAsync(FabricSilo silo);

    /// <summary>Lets time pass for timers and idle collection.</summary>
    Task AdvanceAsync(TimeSpan time);
}

/// <summary>One silo of a harness.</summary>
public sealed record FabricSilo(string Name, string Region, SiloAddress Address, IServiceProvider Services);

/// <summary>How a harness is built.</summary>
public sealed record FabricOptions
{
    /// <summary>One silo is started for each.</summary>
    public IReadOnlyList<string> Regions { get; init; } = ["local"];

    /// <summary>Storage providers, all in memory and outside of the silos: they outlive each of them.</summary>
    public IReadOnlyList<string> Storages { get; init; } = ["Default"];

    /// <summary>Applied to every silo after metadata and storage; gets the region.</summary>
    public Action<string, ISiloBuilder> ConfigureSilo { get; init; } = static (_, _) => { };

    /// <summary>How long a grain may be idle; <see langword="null"/> for the engine's default.</summary>
    public TimeSpan? CollectionAge { get; init; }

    /// <summary>How long callers wait; <see langword="null"/> for the engine's default.</summary>
    public TimeSpan? ResponseTimeout { get; init; }
}

/// <summary>Starts harnesses on the engine of this build.</summary>
public static class Fabric
{
    /// <summary>The name of the metadata entry that holds a silo's region.</summary>
    public const string RegionKey = "region";

    public static async Task<IFabricHarness> StartAsync(FabricOptions? options = null)
    {
        return await OrleansFabric.StartAsync(options ?? new());
    }

    /// <summary>
    /// Lets time pass until <paramref name="condition"/> holds.
    /// </summary>
    /// <exception cref="TimeoutException">It did not within <paramref name="limit"/> of the silos' time.</exception>
    public static async Task UntilAsync(this IFabricHarness fabric, Func<Task<bool>> condition, TimeSpan? limit = null)
    {
        var step = TimeSpan.FromMilliseconds(50);
        var deadline = fabric.Time.GetUtcNow() + (limit ?? TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            if (fabric.Time.GetUtcNow() > deadline)
            {
                throw new TimeoutException("The condition did not come true in time.");
            }

            await fabric.AdvanceAsync(step);
        }
    }

    internal static void Configure(this ISiloBuilder silo, FabricOptions options, string region)
    {
        silo.UseSiloMetadata(new Dictionary<string, string> { [RegionKey] = region });
        if (options.CollectionAge is { } age)
        {
            silo.Configure<Orleans.Configuration.GrainCollectionOptions>(o =>
            {
                o.CollectionAge = age;
                o.CollectionQuantum = age / 2;
            });
        }

        if (options.ResponseTimeout is { } timeout)
        {
            silo.Configure<Orleans.Configuration.SiloMessagingOptions>(o => o.ResponseTimeout = timeout);
        }

        options.ConfigureSilo(region, silo);
    }
}
