using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Nexus.Gateway;
using Nexus.Link;
using Nexus.Silo.Logging;
using StackExchange.Redis;

namespace Nexus.Silo.Settings;

/// <summary>All settings, in the order that help shows them.</summary>
public static class SettingsTable
{
    private const long LeastBitrate = 50_000;
    private const long MostBitrate = 1_000_000_000;

    public static readonly ImmutableArray<Setting> All =
    [
        new("http", "ADDRESS:PORT", "127.0.0.1:8080", "where HTTP is served", (o, v) => o with { Http = EndPoint(v) }),
        new("https", "ADDRESS:PORT", "", "where HTTPS is served; http then only sends people there", (o, v) => o with { Https = EndPoint(v) }),
        new("tls-certificate", "FILE", "", "the certificate for https and those between it and its authority, in PEM; read anew when it changes", (o, v) => o with { TlsCertificate = v }),
        new("tls-key", "FILE", "", "its key, in PEM", (o, v) => o with { TlsKey = v }),
        new("media-port", "PORT", "7882", "first UDP and ICE-TCP port; loop i uses PORT+i, region k starts at PORT+10k", (o, v) => o with { MediaPort = Number(v, 1, 65535) }),
        new("media-ip", "A,B,…", "127.0.0.1", "the addresses that clients send media to: IPv4, IPv6, host names, or stun:HOST[:PORT] to ask which", (o, v) => o with { MediaIp = MediaAddress.ParseList(List(v)) }),
        new("media-bind", "ADDRESS", "as media-ip", "the address that media sockets bind to (behind 1:1 NAT: 0.0.0.0, or :: for both families)", (o, v) => o with { MediaBind = Address(v) }),
        new("loops", "N", "one per core", "forwarding loops per media node, 1 to 10", (o, v) => o with { Loops = Number(v, 1, NexusOptions.MaxLoops) }),
        new("drain", "SECONDS", "300", "how long SIGTERM waits for the rooms of this process's media nodes to go to others, 0 to 3600", (o, v) => o with { Drain = TimeSpan.FromSeconds(Number(v, 0, 3600)) }),
        new("max-receiver-bitrate", "BITS", "none", "the most that any one receiver is sent, in bit/s: 2500000, 2500k or 2.5M; 50k to 1000M, 0 for no limit", (o, v) => o with { MaxReceiverBitrate = Bitrate(v) }),
        new("max-videos", "N", "all", "cameras that any one receiver gets at most, of those who spoke last, 1 to 500; pinned ones and screens on top; 0 for all", (o, v) => o with { MaxVideos = Number(v, 0, 500) }),
        new("region", "NAME", "local", "the region of this process", (o, v) => o with { Regions = [Name(v)] }),
        new("regions", "A,B,…", "", "several regions in one process: a silo and a media node for each", (o, v) => o with { Regions = [.. List(v).Select(Name)] }),
        new("roles", "A,B,…", "gateway,silo,media", "what this process does, in any mix", (o, v) => o with { Roles = List(v).Select(Role).Aggregate((a, b) => a | b) }),
        new("control-listen", "ADDRESS", "", "take media nodes of other processes here: host:port or unix:/path", (o, v) => o with { ControlListen = LinkEndpoint.Parse(v) }),
        new("control", "A,B,…", "", "the silos that media nodes without one in their process dial, one at a time: host:port or unix:/path", (o, v) => o with { Control = [.. List(v).Select(LinkEndpoint.Parse)] }),
        new("link-secret", "SECRET", "", "shared by silos and media nodes; needed unless both are on loopback", (o, v) => o with { LinkSecret = v }),
        new("node-id", "ND_…", "from machine and media address", "id of this media node", (o, v) => o with { NodeId = NodeId(v) }),
        new("data", "FOLDER", "in memory", "keeps room policies over restarts of a process without redis", (o, v) => o with { DataFolder = v.Length > 0 ? v : throw new FormatException("a folder is expected") }),
        new("redis", "ADDRESS:PORT", "", "membership and state of a cluster of several processes; with password and more: docs/configuration.md", (o, v) => o with { Redis = RedisAddress(v) }),
        new("cluster", "NAME", "nexus", "processes with the same redis, name and region are one cluster; nothing of two names meets", (o, v) => o with { Cluster = Name(v) }),
        new("peers", "REGION=ADDRESS:PORT,…", "", "other regions that this one works together with, and the client-port of each of their silos", (o, v) => o with { Peers = Peers(v) }),
        new("silo", "ADDRESS:PORT", "127.0.0.1:11111", "with redis: where the silo takes other silos; region k takes PORT+k", (o, v) => o with { Silo = EndPoint(v) }),
        new("advertise", "ADDRESS", "as silo", "the address at which others reach this silo, when it listens at another (behind NAT, in a container)", (o, v) => o with { Advertise = Address(v) }),
        new("client-port", "PORT", "silo's port + 1000", "with redis: where the silo takes gateways of other processes, at its address; region k takes PORT+k", (o, v) => o with { ClientPort = Number(v, 1, 65535) }),
        new("cluster-certificate", "FILE", "", "with redis: the certificate that this process shows to silos and gateways, in PEM; they talk by mutual TLS then", (o, v) => o with { ClusterCertificate = v }),
        new("cluster-key", "FILE", "", "its key, in PEM", (o, v) => o with { ClusterKey = v }),
        new("cluster-authority", "FILE", "", "whose certificates the others of the cluster have, in PEM", (o, v) => o with { ClusterAuthority = v }),
        new("sockets-per-address", "N", "5000", "WebSockets that one source address may have open, at least 2000; behind a proxy that is not among proxies all have its address", (o, v) => o with { SocketsPerAddress = Number(v, GatewayOptions.LeastSocketsPerAddress, int.MaxValue) }),
        new("token-leeway", "SECONDS", "60", "how far the clocks of those who mint tokens may be from ours, 0 to 600: nbf and exp count so much less", (o, v) => o with { TokenLeeway = TimeSpan.FromSeconds(Number(v, 0, GatewayOptions.MostTokenLeeway)) }),
        new("proxies", "ADDRESS[/BITS],…", "", "reverse proxies whose X-Forwarded-For, -Proto, -Host and -Prefix are believed", (o, v) => o with { Proxies = [.. List(v).Select(Network)] }),
        new("remote-unmute", "true|false", "false", "LiveKit clients that the server muted may be unmuted by it, and not only by themselves", (o, v) => o with { RemoteUnmute = Switch(v) }) { IsSwitch = true },
        new("metrics", "ADDRESS:PORT", "as http", "serve /metrics and /openapi there, and not at http", (o, v) => o with { Metrics = EndPoint(v) }),
        new("otlp", "URL", "", "push metrics and traces by OTLP: http://host:4317 (gRPC) or http://host:4318/v1 (HTTP)", (o, v) => o with { Otlp = Url(v) }),
        new("log", "text|json", "text", "how log lines are written, to standard error", (o, v) => o with { Log = LogFormatOf(v) }),
        new("log-level", "LEVEL[,NAME=LEVEL,…]", "information", "trace, debug, information, warning, error; for parts by their name, such as Nexus.Grains=debug", (o, v) => o with { LogLevels = LogLevels.Parse(v) }),
        new("dashboard", "true|false", "false", "Orleans' dashboard at /dashboard, for operators", (o, v) => o with { Dashboard = Switch(v) }) { IsSwitch = true },
    ];

    public static Setting? ByFlag(string flag) => All.FirstOrDefault(s => s.Flag == flag);

    public static Setting? ByKey(string key) => All.FirstOrDefault(s => s.Key == key);

    public static Setting? ByVariable(string variable) => All.FirstOrDefault(s => s.Variable == variable);

    private static IPEndPoint EndPoint(string text) =>
        text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out IPEndPoint? end)
            ? end
            : throw new FormatException("an address and port is expected, such as 127.0.0.1:8080 or [::1]:8080");

    private static IPAddress Address(string text) =>
        IPAddress.TryParse(text, out IPAddress? address) ? address : throw new FormatException("an IP address is expected, such as 127.0.0.1");

    private static IPNetwork Network(string text) =>
        IPAddress.TryParse(text, out IPAddress? one) ? new IPNetwork(one, one.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
        : IPNetwork.TryParse(text, out IPNetwork network) ? network
        : throw new FormatException("addresses or networks are expected, such as 127.0.0.1 or 10.0.0.0/8");

    private static int Number(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new FormatException($"a whole number from {least} to {most} is expected");

    /// <summary>Bits per second, with k or M for thousands or millions.</summary>
    private static long Bitrate(string text)
    {
        (string digits, decimal factor) = text switch
        {
            [.. var thousands, 'k'] => (thousands, 1_000m),
            [.. var millions, 'M'] => (millions, 1_000_000m),
            _ => (text, 1m),
        };
        return decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            && number <= MostBitrate && number * factor is 0 or (>= LeastBitrate and <= MostBitrate)
            ? (long)(number * factor)
            : throw new FormatException("bits per second are expected, such as 2500000, 2500k or 2.5M: from 50k, which one voice takes, to 1000M, or 0 for no limit");
    }

    private static ImmutableArray<PeerOptions> Peers(string text) => [.. List(text)
        .Select(part => part.Split('=', 2) is [var region, var silo] ? (Region: Name(region), Silo: EndPoint(silo)) : throw new FormatException("pairs of a region and an address are expected, such as us=10.1.0.1:12111,us=10.1.0.2:12111"))
        .GroupBy(pair => pair.Region, pair => pair.Silo)
        .Select(peer => new PeerOptions(peer.Key, [.. peer]))];

    private static string[] List(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } parts
            ? parts
            : throw new FormatException("at least one name is expected");

    private static string Name(string text) =>
        text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? text
            : throw new FormatException("a name of 1 to 64 letters, digits, '-', '_' or '.' is expected");

    private static string NodeId(string text) =>
        text.StartsWith("ND_", StringComparison.Ordinal) && text.Length > 3 ? Name(text) : throw new FormatException("a node id starts with ND_");

    private static bool Switch(string text) => bool.TryParse(text, out bool on) ? on : throw new FormatException("true or false is expected");

    private static LogFormat LogFormatOf(string text) => text switch
    {
        "text" => LogFormat.Text,
        "json" => LogFormat.Json,
        _ => throw new FormatException("text or json is expected"),
    };

    private static Uri Url(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"
            ? url!
            : throw new FormatException("an http or https address is expected, such as http://127.0.0.1:4317");

    private static ConfigurationOptions RedisAddress(string text)
    {
        try
        {
            ConfigurationOptions redis = ConfigurationOptions.Parse(text, ignoreUnknown: false);
            return redis.EndPoints.Count > 0 ? redis : throw new FormatException("an address and port is expected, such as 127.0.0.1:6379");
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"{e.Message}: an address and port is expected, such as 127.0.0.1:6379 or redis:6380,password=…,ssl=true");
        }
    }

    private static Roles Role(string text) => text switch
    {
        "gateway" => Roles.Gateway,
        "silo" => Roles.Silo,
        "media" => Roles.Media,
        _ => throw new FormatException("roles are gateway, silo and media"),
    };
}
