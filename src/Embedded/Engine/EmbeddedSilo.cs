using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Nexus.Embedded;

/// <summary>One logical silo: services, metadata and the activations placed on it, all in this process.</summary>
public sealed class EmbeddedSilo : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private volatile bool _isAlive = true;

    internal EmbeddedSilo(EmbeddedCluster cluster, string name, SiloAddress address, Action<ISiloBuilder> configure)
    {
        Cluster = cluster;
        Name = name;
        SiloAddress = address;
        var builder = new Builder();
        builder.Services.AddLogging().AddOptions();
        builder.Services.AddSingleton<IConfiguration>(builder.Configuration);
        configure(builder);
        builder.Services.TryAddSingleton(cluster.Time);
        builder.Services.AddSingleton(cluster);
        builder.Services.AddSingleton<ILocalSiloDetails>(_ => new Details(this));
        builder.Services.AddSingleton(cluster.Client);
        builder.Services.AddSingleton<IGrainFactory>(cluster.Client);
        builder.Services.AddSingleton<ISiloMetadataCache>(new MetadataCache(cluster));
        builder.Services.AddSingleton<IGrainContextAccessor>(new ContextAccessor());
        _services = builder.Services.BuildServiceProvider();
        CollectionOptions = _services.GetRequiredService<IOptions<GrainCollectionOptions>>().Value;
        ResponseTimeout = _services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value.ResponseTimeout;
        Metadata = _services.GetRequiredService<IOptions<SiloMetadata>>().Value;
    }

    public string Name { get; }

    public SiloAddress SiloAddress { get; }

    public IServiceProvider Services => _services;

    public SiloMetadata Metadata { get; }

    /// <summary>False once it was killed or has stopped.</summary>
    public bool IsAlive => _isAlive;

    internal EmbeddedCluster Cluster { get; }

    internal GrainCollectionOptions CollectionOptions { get; }

    internal TimeSpan ResponseTimeout { get; }

    /// <summary>Disposes the silo's services. Use <see cref="EmbeddedCluster.StopSiloAsync"/> to stop it in order.</summary>
    public ValueTask DisposeAsync() => _services.DisposeAsync();

    public override string ToString() => $"{Name} {SiloAddress}";

    internal void MarkDead() => _isAlive = false;

    private sealed class Details(EmbeddedSilo silo) : ILocalSiloDetails
    {
        public string Name => silo.Name;

        public string ClusterId => EmbeddedCluster.Id;

        public string DnsHostName => "localhost";

        public SiloAddress SiloAddress => silo.SiloAddress;

        public SiloAddress GatewayAddress => silo.SiloAddress;
    }

    private sealed class Builder : ISiloBuilder
    {
        public IServiceCollection Services { get; } = new ServiceCollection();

        public IConfiguration Configuration { get; } = new ConfigurationBuilder().AddInMemoryCollection().Build();
    }

    private sealed class MetadataCache(EmbeddedCluster cluster) : ISiloMetadataCache
    {
        public SiloMetadata GetSiloMetadata(SiloAddress siloAddress)
            => cluster.Silos.FirstOrDefault(silo => silo.IsAlive && silo.SiloAddress.Equals(siloAddress))?.Metadata ?? SiloMetadata.Empty;
    }

    private sealed class ContextAccessor : IGrainContextAccessor
    {
        public IGrainContext GrainContext => RuntimeContext.Current!;
    }
}
