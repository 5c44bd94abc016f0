using System.Collections.Immutable;
using System.Net;
using Nexus.Gateway;
using Nexus.Link;
using Nexus.Silo.Logging;
using StackExchange.Redis;

namespace Nexus.Silo.Settings;

/// <summary>What a process does. One process may do all.</summary>
[Flags]
public enum Roles
{
    None = 0,

    /// <summary>Hosts grains and takes the links of media nodes.</summary>
    Silo = 1,

    /// <summary>Serves clients and admins over HTTP. Without a silo in the same process it is a client of the cluster's.</summary>
    Gateway = 2,

    /// <summary>Forwards media.</summary>
    Media = 4,

    All = Silo | Gateway | Media,
}

/// <summary>Another region, and where its silos take clients (their <c>client-port</c>).</summary>
public sealed record PeerOptions(string Region, ImmutableArray<IPEndPoint> Silos);

/// <summary>Files with a certificate and its key.</summary>
public sealed record TlsFiles(string Certificate, string Key);

/// <summary>Files with a process's certificate within its cluster, its key, and the authority whose certificates the members have.</summary>
public sealed record ClusterTlsFiles(string Certificate, string Key, string Authority);

/// <summary>Everything that is configured. Built by <see cref="SettingsReader"/>, checked by <see cref="OptionsValidator"/>.</summary>
public sealed record NexusOptions
{
    public const int MaxLoops = 10;

    public Roles Roles { get; init; } = Roles.All;

    public IPEndPoint Http { get; init; } = new(IPAddress.Loopback, 8080);

    /// <summary>Where HTTPS is served; <see cref="Http"/> only sends people there then.</summary>
    public IPEndPoint? Https { get; init; }

    /// <summary>PEM: the certificate, and those between it and its authority.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>PEM, without a password.</summary>
    public string? TlsKey { get; init; }

    /// <summary>Both files, where HTTPS is served.</summary>
    public TlsFiles? Tls => Https is null ? null : new(TlsCertificate!, TlsKey!);

    /// <summary>UDP and ICE-TCP port of the first loop; loop i uses the ith after it, region k's first loop the 10·kth.</summary>
    public int MediaPort { get; init; } = 7882;

    /// <summary>The addresses that clients are told to send media to.</summary>
    public ImmutableArray<MediaAddress> MediaIp { get; init; } = [MediaAddress.Loopback];

    /// <summary>The address that media sockets bind to. When not set: the one address of <see cref="MediaIp"/>, every one where there are more.</summary>
    public IPAddress? MediaBind { get; init; }

    /// <summary>Forwarding loops per media node.</summary>
    public int Loops { get; init; } = Math.Min(Environment.ProcessorCount, MaxLoops);

    /// <summary>How long SIGTERM waits for the rooms of this process's media nodes to go to others.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bits per second that any one receiver is sent at most; 0 for no limit.</summary>
    public long MaxReceiverBitrate { get; init; }

    /// <summary>Cameras that any one receiver gets at most; 0 for all.</summary>
    public int MaxVideos { get; init; }

    /// <summary>One silo with the silo role and one media node with the media role for each.</summary>
    public ImmutableArray<string> Regions { get; init; } = ["local"];

    /// <summary>Where this process listens for media nodes of other processes.</summary>
    public LinkEndpoint? ControlListen { get; init; }

    /// <summary>The control sides, any of which this process's media nodes dial; none when it is this process.</summary>
    public ImmutableArray<LinkEndpoint> Control { get; init; } = [];

    /// <summary>Shared between control side and media nodes; a development value is used when all of it is local.</summary>
    public string? LinkSecret { get; init; }

    /// <summary><c>ND_…</c>; made of machine name and media address when not set, so that it stays over restarts.</summary>
    public string? NodeId { get; init; }

    /// <summary>Where room policies are kept over restarts; in memory when not set.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Membership and state that the processes of a cluster share; each is alone when not set.</summary>
    public ConfigurationOptions? Redis { get; init; }

    /// <summary>Names what belongs together: each region of it is a cluster, <see cref="ClusterOf"/>.</summary>
    public string Cluster { get; init; } = "nexus";

    /// <summary>The name of a region's cluster, also within its Redis.</summary>
    public string ClusterOf(string region) => $"{Cluster}-{region}";

    /// <summary>The regions of other processes that this one works together with.</summary>
    public ImmutableArray<PeerOptions> Peers { get; init; } = [];

    /// <summary>Its own and its peers', by name.</summary>
    public ImmutableArray<string> AllRegions => [.. Regions.Concat(Peers.Select(p => p.Region)).Order(StringComparer.Ordinal)];

    /// <summary>With Redis: where this process's silo listens for other silos; region k's at the kth port after it.</summary>
    public IPEndPoint? Silo { get; init; }

    public IPEndPoint EffectiveSilo => Silo ?? new(IPAddress.Loopback, 11111);

    /// <summary>The address at which other processes reach the silo; that of <see cref="Silo"/> when not set.</summary>
    public IPAddress? Advertise { get; init; }

    public IPAddress EffectiveAdvertise => Advertise ?? EffectiveSilo.Address;

    /// <summary>Where the silo listens for gateways of other processes, at the address of <see cref="Silo"/>.</summary>
    public int? ClientPort { get; init; }

    public int EffectiveClientPort => ClientPort ?? EffectiveSilo.Port + 1000;

    /// <summary>PEM: by it this process is known to the others of its cluster.</summary>
    public string? ClusterCertificate { get; init; }

    /// <summary>PEM, without a password.</summary>
    public string? ClusterKey { get; init; }

    /// <summary>PEM: certificates of its own signing are those of members.</summary>
    public string? ClusterAuthority { get; init; }

    /// <summary>All three files; null where the processes of a cluster talk in the clear.</summary>
    public ClusterTlsFiles? ClusterTls => ClusterCertificate is null ? null : new(ClusterCertificate, ClusterKey!, ClusterAuthority!);

    /// <summary>From the configuration file; the development tenant when there is none.</summary>
    public ImmutableArray<TenantOptions> Tenants { get; init; } = [];

    public ImmutableArray<IceServerOptions> IceServers { get; init; } = [];

    /// <summary>WebSockets that one source address may have open at once.</summary>
    public int SocketsPerAddress { get; init; } = GatewayOptions.DefaultSocketsPerAddress;

    /// <summary>How far the clocks of those who mint tokens may be from ours.</summary>
    public TimeSpan TokenLeeway { get; init; } = TimeSpan.FromSeconds(GatewayOptions.DefaultTokenLeeway);

    /// <summary>Reverse proxies whose <c>X-Forwarded-…</c> headers are believed.</summary>
    public ImmutableArray<IPNetwork> Proxies { get; init; } = [];

    /// <summary>Where <c>/metrics</c> and <c>/openapi</c> are served; with everything else when not set.</summary>
    public IPEndPoint? Metrics { get; init; }

    /// <summary>The OTLP collector that metrics and traces are pushed to.</summary>
    public Uri? Otlp { get; init; }

    public LogFormat Log { get; init; }

    public LogLevels LogLevels { get; init; } = LogLevels.Default;

    /// <summary>Serves Orleans' dashboard to operators.</summary>
    public bool Dashboard { get; init; }

    public bool RemoteUnmute { get; init; }

    public bool IsDevelopment => Tenants.IsEmpty;

    /// <summary>The tenants that are served.</summary>
    public ImmutableArray<TenantOptions> EffectiveTenants => IsDevelopment ? [Development] : Tenants;

    /// <summary>Only ever used when every address is a loopback one.</summary>
    public static TenantOptions Development { get; } =
        new() { Name = "dev", Keys = [new ApiKeyOptions("devkey", "secret", Operator: true)] };

    public string EffectiveLinkSecret => LinkSecret ?? "development";
}
