using System.Collections.Frozen;
using System.Collections.Immutable;
using Nexus.Contracts;

namespace Nexus.Gateway.Auth;

/// <summary>Tenants and keys of the configuration. Immutable.</summary>
public sealed class TenantDirectory
{
    private readonly FrozenDictionary<string, (TenantOptions Tenant, ApiKeyOptions Key)> _keys;

    /// <exception cref="ArgumentException">Two keys have one name.</exception>
    public TenantDirectory(GatewayOptions options)
    {
        Tenants = options.Tenants;
        ImmutableArray<TenantOptions> all = options.Own is { } own ? options.Tenants.Add(own) : options.Tenants;
        _keys = all.SelectMany(t => t.Keys.Select(k => (Tenant: t, Key: k))).ToFrozenDictionary(e => e.Key.Key);
    }

    /// <summary>Those of the configuration.</summary>
    public ImmutableArray<TenantOptions> Tenants { get; }

    public (TenantOptions? Tenant, ApiKeyOptions? Key) Find(string key) =>
        _keys.TryGetValue(key, out var entry) ? entry : (null, null);
}

/// <summary>Who makes a request.</summary>
/// <param name="Token">Verified claims.</param>
/// <param name="Tenant">The key's tenant; names of rooms are within it.</param>
/// <param name="Key">The key that signed.</param>
/// <param name="TokenId">Tells tokens apart for join limits: eight octets of the signature.</param>
public sealed record Caller(AccessToken Token, TenantOptions Tenant, ApiKeyOptions Key, ulong TokenId)
{
    public VideoGrants Grants => Token.Video;

    public string Identity => Token.Identity;

    /// <summary>What grains must know of the tenant, and of the room that a join of this caller opens.</summary>
    public TenantRules Rules =>
        Token.RoomConfig is { } config ? Tenant.Rules with { DefaultPolicy = config.Over(Tenant.Rules.DefaultPolicy) } : Tenant.Rules;

    /// <summary><c>roomAdmin</c> with a room acts on that room, without one on every room of the tenant.</summary>
    public bool MayAdminister(string room) => Grants.RoomAdmin && (string.IsNullOrEmpty(Grants.Room) || Grants.Room == room);

    /// <summary>
    /// Nodes, links and tenants: an operator's key, and an admin's grant so that a participant's token is none; nor is that of a
    /// moderator whom an operator has invited.
    /// </summary>
    public bool MayOperate => Key.Operator && Token.Invite is null && (Grants.RoomAdmin || Grants.RoomList);
}
