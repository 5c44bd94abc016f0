using System.Net;
using Nexus.Contracts;
using Nexus.Gateway;

namespace Nexus.Silo.Settings;

/// <summary>What no single setting can know: whether they go together.</summary>
public static class OptionsValidator
{
    /// <summary>Secrets shorter than this can be guessed; only the development key, on loopback, may be.</summary>
    private const int LeastSecret = 32;

    private const string OnlyLoopback = "the development key (devkey) only serves loopback addresses: configure tenants with keys of your own, or bind http, https, media-ip and control-listen to 127.0.0.1";

    /// <exception cref="SettingsException">They do not; the message names which and how to mend it.</exception>
    public static void Check(NexusOptions options)
    {
        Require(options.Regions.Distinct().Count() == options.Regions.Length, "regions: each may be named once");
        int lastPort = options.MediaPort + (10 * (options.Regions.Length - 1)) + options.Loops - 1;
        Require(lastPort <= 65535, $"media-port: {options.Regions.Length} regions of {options.Loops} loops from {options.MediaPort} on go past port 65535, the last there is");
        Require((options.Https is null) == (options.TlsCertificate is null) && (options.Https is null) == (options.TlsKey is null), "https: an address for https, tls-certificate and tls-key go together: name all three, or none");
        CheckRoles(options);
        CheckSecrets(options);
        CheckCluster(options);
        CheckTenants(options);
    }

    /// <summary>What commands need to hold of a configuration that other processes are started with.</summary>
    /// <exception cref="SettingsException">It does not.</exception>
    public static void CheckTenants(NexusOptions options)
    {
        foreach (TenantOptions tenant in options.Tenants)
        {
            CheckTenant(tenant);
        }

        Require(options.Tenants.Select(t => t.Name).Distinct().Count() == options.Tenants.Length, "tenants: two have the same name");
        foreach (IGrouping<string, ResidencyOptions> zone in options.Tenants.Select(t => t.Residency).OfType<ResidencyOptions>().GroupBy(r => r.Zone))
        {
            Require(
                zone.Select(r => string.Join(',', r.Regions.Order())).Distinct().Count() == 1,
                $"tenants: residency zone '{zone.Key}' has different regions in different tenants; a zone means one set of regions");
        }

        Require(
            options.Tenants.SelectMany(t => t.Keys).Select(k => k.Key).Distinct().Count() == options.Tenants.Sum(t => t.Keys.Length),
            "tenants: two keys have the same name; a key must tell the tenant");
    }

    /// <summary>The same for the addresses that were found out at the start.</summary>
    /// <exception cref="SettingsException">They cannot be served as configured.</exception>
    internal static void CheckMedia(NexusOptions options, IReadOnlyList<IPAddress> told)
    {
        Require(!options.IsDevelopment || options.Roles == Roles.Media || AreLoopback(told), OnlyLoopback);
        IPAddress? unreached = options.MediaBind is not { } bind || bind.Equals(IPAddress.IPv6Any) ? null : told.FirstOrDefault(a => a.AddressFamily != bind.AddressFamily);
        Require(unreached is null, $"media-bind: sockets at {options.MediaBind} are not reached at {unreached}, which media-ip tells: bind to :: for both families");
    }

    private static bool AreLoopback(IEnumerable<IPAddress> addresses) => addresses.All(IPAddress.IsLoopback);

    private static void CheckRoles(NexusOptions options)
    {
        bool silo = options.Roles.HasFlag(Roles.Silo), gateway = options.Roles.HasFlag(Roles.Gateway), media = options.Roles.HasFlag(Roles.Media);
        Require(options.Roles != Roles.None, "roles: at least one is needed");
        Require(silo || !gateway || options.Redis is not null, "redis: a gateway without a silo in its process finds the silos of its cluster there: set redis, or add silo to roles");
        Require(silo || !media || !options.Control.IsEmpty, "control: a media node without a silo in its process needs the addresses of silos (their control-listen)");
        Require(!silo || options.Control.IsEmpty, "control: media nodes are linked to the silo in their own process; did you mean control-listen?");
        Require(media || options.Control.IsEmpty, "control: only a process with the media role dials silos; leave control out, or add media to roles");
        Require(options.Control.Distinct().Count() == options.Control.Length, "control: each address may be named once");
        Require(silo || options.ControlListen is null, "control-listen: only a process with the silo role takes media nodes");
        Require(silo || (options.Silo, options.Advertise, options.ClientPort) is (null, null, null), "silo: only a process with the silo role has one; leave silo, advertise and client-port out, or add silo to roles");
        Require((silo && gateway) || !options.Dashboard, "dashboard: it is served by a process with both silo and gateway");
        Require(options.NodeId is null || options.Regions.Length == 1, "node-id: several regions have several nodes; leave it out");
    }

    /// <summary>A silo that others cannot reach at the address it gives would be declared dead by them, or they by it.</summary>
    private static void CheckCluster(NexusOptions options)
    {
        Require(
            options.Redis is not null || (options.Silo, options.Advertise, options.ClientPort) is (null, null, null),
            "silo: without redis nobody joins this process, so nobody needs its address; leave silo, advertise and client-port out, or set redis");
        bool tls = options.ClusterCertificate is not null;
        Require(
            tls == options.ClusterKey is not null && tls == options.ClusterAuthority is not null,
            "cluster-certificate: cluster-certificate, cluster-key and cluster-authority go together: name all three, or none");
        Require(!tls || options.Redis is not null, "cluster-certificate: without redis nobody joins this process; leave it out, or set redis");
        Require(options.Peers.IsEmpty || (options.Redis is not null && options.Roles != Roles.Media), "peers: only silos and gateways with redis have peers: their region must be one that others can reach");
        Require(!options.Peers.Any(p => options.Regions.Contains(p.Region)), $"peers: {string.Join(", ", options.Regions)} is the region of this process itself: peers are the others");
        Require(options.Redis is null || options.DataFolder is null, "data: with redis, state is kept there; leave data out");
        if (options.Redis is not { } redis || !options.Roles.HasFlag(Roles.Silo))
        {
            return;
        }

        IPAddress told = options.EffectiveAdvertise;
        string setting = options.Advertise is null ? "silo" : "advertise";
        int last = options.Regions.Length - 1, silo = options.EffectiveSilo.Port, clients = options.EffectiveClientPort;
        Require(clients + last <= 65535 && silo + last <= 65535, $"client-port: {clients} and the {last} ports after it go past 65535, the last there is");
        Require(Math.Abs(silo - clients) > last, $"client-port: {clients} is one of the ports at which silos take silos ({silo} to {silo + last}): choose another");
        Require(!told.Equals(IPAddress.Any) && !told.Equals(IPAddress.IPv6Any), $"{setting}: {told} is no address that other processes could reach: name this machine's own{(options.Advertise is null ? " there, or in advertise" : "")}");
        Require(
            !IPAddress.IsLoopback(told) || redis.EndPoints.All(IsLoopback),
            $"{setting}: {told} is a loopback address, and redis is shared with other machines, which would take each other for dead: set silo, or advertise, to an address of this machine that they reach");
    }

    private static bool IsLoopback(EndPoint end) => end switch
    {
        IPEndPoint ip => IPAddress.IsLoopback(ip.Address),
        DnsEndPoint dns => dns.Host == "localhost",
        _ => true, // a Unix socket
    };

    private static void CheckSecrets(NexusOptions options)
    {
        if (options.IsDevelopment && options.Roles != Roles.Media)
        {
            Require(
                IPAddress.IsLoopback(options.Http.Address) && IPAddress.IsLoopback((options.Https ?? options.Http).Address) && AreLoopback(options.MediaIp.Select(a => a.Ip).OfType<IPAddress>()) && (options.MediaBind is null || IPAddress.IsLoopback(options.MediaBind)) && options.ControlListen?.IsLocal != false,
                OnlyLoopback);
        }

        bool localLink = options.ControlListen?.IsLocal != false && options.Control.All(c => c.IsLocal);
        Require(localLink || options.LinkSecret is { Length: >= LeastSecret }, $"link-secret: a link beyond this machine needs a secret of at least {LeastSecret} characters, the same on both sides");
    }

    private static void CheckTenant(TenantOptions tenant)
    {
        Require(tenant.Name.Length is > 0 and <= 64, "tenants: a name of 1 to 64 characters is needed");
        Require(tenant.Name != Keys.OwnTenant, $"tenants: '{Keys.OwnTenant}' is the server's own");
        Require(!tenant.Keys.IsDefaultOrEmpty, $"tenants: '{tenant.Name}' has no keys, so nobody could use it");
        foreach (ApiKeyOptions key in tenant.Keys)
        {
            Require(key.Key.Length > 0, $"tenants: '{tenant.Name}' has a key without a name");
            Require(key.Secret.Length >= LeastSecret, $"tenants: the secret of key '{key.Key}' is shorter than {LeastSecret} characters and could be guessed");
        }

        if (tenant.Residency is { } residency)
        {
            Require(residency.Zone.Length > 0 && residency.Zone != Keys.AnyZone, $"tenants: '{tenant.Name}': a residency zone has a name other than '{Keys.AnyZone}'");
            Require(!residency.Regions.IsDefaultOrEmpty, $"tenants: '{tenant.Name}': residency names no regions, so nothing could be served");
        }

        if (tenant.Webhooks is { } webhooks)
        {
            Require(!webhooks.Urls.IsDefaultOrEmpty, $"tenants: '{tenant.Name}': webhooks name no urls, so nobody could be told");
            string? odd = webhooks.Urls.FirstOrDefault(u => !Uri.TryCreate(u, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"));
            Require(odd is null, $"tenants: '{tenant.Name}': the webhook '{odd}' is no http or https address");
            Require(webhooks.Key is null || tenant.Keys.Any(k => k.Key == webhooks.Key), $"tenants: '{tenant.Name}': webhooks are to be signed with key '{webhooks.Key}', which is none of its keys");
        }
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new SettingsException(message);
        }
    }
}
