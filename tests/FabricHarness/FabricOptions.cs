namespace Nexus.FabricHarness;

/// <summary>How a <see cref="TestFabric"/> is built.</summary>
public sealed record FabricOptions
{
    /// <summary>One silo is started for each.</summary>
    public IReadOnlyList<string> Regions { get; init; } = ["local"];

    /// <summary>Storage providers, all in memory and outside of the silos: they outlive each of them.</summary>
    public IReadOnlyList<string> Storages { get; init; } = ["Default"];

    /// <summary>Applied to every silo after metadata and storage; gets the region.</summary>
    public Action<string, ISiloBuilder> ConfigureSilo { get; init; } = static (_, _) => { };
}

/// <summary>One silo of a <see cref="TestFabric"/>.</summary>
public sealed record FabricSilo(string Name, string Region, SiloAddress Address, IServiceProvider Services);
