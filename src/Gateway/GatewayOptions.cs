using System.Collections.Immutable;
using System.Net;
using Nexus.Contracts;

namespace Nexus.Gateway;

/// <summary>What the executable tells the gateway. Validated there; unchanged while it runs.</summary>
public sealed record GatewayOptions
{
    /// <summary>Tenants with their keys. At least one.</summary>
    public required ImmutableArray<TenantOptions> Tenants { get; init; }

    /// <summary>The process's own tenant, by which it joins itself before it takes others in; not listed. Null: it does not.</summary>
    public TenantOptions? Own { get; init; }

    /// <summary>The region that clients come in by when they wish for none.</summary>
    public string Region { get; init; } = "local";

    /// <summary>Null unless the development key is in use.</summary>
    public DevelopmentOptions? Development { get; init; }

    /// <summary>Reverse proxies, whose <c>X-Forwarded-For</c>, <c>-Proto</c>, <c>-Host</c> and <c>-Prefix</c> are believed.</summary>
    public ImmutableArray<IPNetwork> Proxies { get; init; } = [];

    /// <summary>TURN and STUN servers that clients are told of; empty: no <c>Link</c> header.</summary>
    public ImmutableArray<IceServerOptions> IceServers { get; init; } = [];

    /// <summary>
    /// So long after the start, and after the loss of a silo, media nodes of other processes may yet tell of sessions that outlived it.
    /// Zero where all is one process: nothing outlives it.
    /// </summary>
    public TimeSpan Rebuilding { get; init; }

    public JoinLimitOptions JoinLimits { get; init; } = new();

    /// <summary>WebSockets that one source address may have open at once, whatever they speak.</summary>
    public int SocketsPerAddress { get; init; } = DefaultSocketsPerAddress;

    /// <summary>How far the clocks of those who mint tokens may be from ours, either way.</summary>
    public TimeSpan TokenLeeway { get; init; } = TimeSpan.FromSeconds(DefaultTokenLeeway);

    /// <summary>
    /// Whether an app may open a microphone or camera of a LiveKit client that it muted: by itself a client is only ever told to mute.
    /// </summary>
    public bool RemoteUnmute { get; init; }

    /// <summary>Seconds.</summary>
    public const int DefaultTokenLeeway = 60;

    /// <summary>Seconds: a token is not good for long after it has ended.</summary>
    public const int MostTokenLeeway = 600;

    public const int DefaultSocketsPerAddress = 5000;

    /// <summary>No setting goes below: a school behind one NAT must get in.</summary>
    public const int LeastSocketsPerAddress = 2000;
}

/// <summary>One tenant of the configuration.</summary>
public sealed record TenantOptions
{
    public required string Name { get; init; }

    public required ImmutableArray<ApiKeyOptions> Keys { get; init; }

    /// <summary>Null when the tenant's media and state may be anywhere.</summary>
    public ResidencyOptions? Residency { get; init; }

    public QuotaOptions Quotas { get; init; } = new();

    /// <summary>Null: nobody outside is told what happens in the tenant's rooms.</summary>
    public WebhookOptions? Webhooks { get; init; }

    /// <summary>First segment of all grain keys of the tenant.</summary>
    public string Zone => Residency?.Zone ?? Contracts.Keys.AnyZone;

    /// <summary>What grains must know of the tenant.</summary>
    public TenantRules Rules => new()
    {
        Regions = Residency?.Regions ?? [],
        MaxRooms = Quotas.MaxRooms,
        DefaultPolicy = new() { MaxParticipants = Quotas.MaxParticipants },
    };
}

/// <summary>A key that everybody knows, for this machine only.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Code">Whoever brings it is given tokens of the key by <c>/dev/token</c>: who started the server knows it.</param>
public sealed record DevelopmentOptions(string Key, string Code);

/// <param name="Key">Public name of the key: the token's <c>iss</c>.</param>
/// <param name="Secret">Signs the tokens.</param>
/// <param name="Operator">May read nodes, links and tenants.</param>
public sealed record ApiKeyOptions(string Key, string Secret, bool Operator = false);

/// <param name="Urls">Each is told everything, by POST.</param>
/// <param name="Key">Name of the tenant's key that signs; its first one when null.</param>
public sealed record WebhookOptions(ImmutableArray<string> Urls, string? Key = null);

public sealed record ResidencyOptions(string Zone, ImmutableArray<string> Regions);

/// <summary>0 means no limit.</summary>
public sealed record QuotaOptions
{
    public int MaxRooms { get; init; }

    /// <summary>In rooms that were not created with a limit of their own.</summary>
    public int MaxParticipants { get; init; }
}

/// <param name="Url">For example <c>turn:turn.example.org:3478?transport=udp</c>.</param>
/// <param name="SharedSecret">For TURN: time-limited credentials are made of it (draft-uberti-behave-turn-rest-00).</param>
public sealed record IceServerOptions(string Url, string? SharedSecret = null);

/// <summary>Joins per second and how many may come at once.</summary>
public sealed record JoinLimitOptions
{
    public const int LeastPerSource = 200;

    public int PerTokenPerSecond { get; init; } = 5;

    public int PerTokenBurst { get; init; } = 30;

    public int PerKeyPerSecond { get; init; } = 500;

    public int PerKeyBurst { get; init; } = 2000;

    /// <summary>Raised to <see cref="LeastPerSource"/> when lower: a classroom behind one NAT must get in.</summary>
    public int PerSourcePerSecond { get; init; } = 500;

    public int RedemptionsPerSourcePerSecond { get; init; } = 20;

    /// <summary>A classroom that opens its link at once.</summary>
    public int RedemptionsPerSourceBurst { get; init; } = 200;
}
