using System.Net;

namespace Nexus.Silo.Engine;

/// <summary>How the grains are hosted, whichever engine hosts them.</summary>
public sealed record GrainEngineOptions
{
    /// <summary>One silo is started for each; Orleans in production has one per process.</summary>
    public IReadOnlyList<string> Regions { get; init; } = ["local"];

    /// <summary>The names of the storage providers that the grains ask for.</summary>
    public IReadOnlyList<string> Storages { get; init; } = ["Default"];

    /// <summary>Called for every silo with its region: placement directors, services that grains inject.</summary>
    public Action<string, ISiloBuilder> ConfigureSilo { get; init; } = static (_, _) => { };

    /// <summary>Where the embedded engine keeps state over restarts; <see langword="null"/>: in memory only.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Orleans: the Redis for membership and state; <see langword="null"/>: one machine, state in memory.</summary>
    public string? Redis { get; init; }

    /// <summary>Orleans: silos with the same id make one cluster.</summary>
    public string ClusterId { get; init; } = "nexus";

    /// <summary>Orleans: the address other silos reach this one by.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Orleans with Redis: the port of the first silo of this process; further ones follow.</summary>
    public int SiloPort { get; init; } = 11111;

    /// <summary>Orleans with Redis: the port for clients of the first silo of this process; further ones follow. 0: none.</summary>
    public int GatewayPort { get; init; }
}
