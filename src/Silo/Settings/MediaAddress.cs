using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Nexus.Silo.Settings;

/// <summary>One address of <c>media-ip</c> as it was said: an IP address, a host name, or a STUN server that sees it from outside.</summary>
public sealed record MediaAddress
{
    public const int DefaultStunPort = 3478;

    private const int Most = 8;
    private const string StunScheme = "stun:";

    private MediaAddress(string said) => Said = said;

    public static MediaAddress Loopback { get; } = new("127.0.0.1") { Ip = IPAddress.Loopback };

    public string Said { get; }

    /// <summary>Null where it must be found out at the start.</summary>
    public IPAddress? Ip { get; private init; }

    /// <summary>The name to resolve: of the address itself, or of the STUN server.</summary>
    public string Host { get; private init; } = "";

    /// <summary>Of the STUN server to ask; null for anything else.</summary>
    public int? StunPort { get; private init; }

    /// <exception cref="FormatException">One of them is none that clients could send to.</exception>
    public static ImmutableArray<MediaAddress> ParseList(IEnumerable<string> texts)
    {
        ImmutableArray<MediaAddress> all = [.. texts.Select(Parse)];
        return all.Length > Most ? throw new FormatException($"{Most} addresses are the most that clients are told")
            : all.GroupBy(a => a.Said).FirstOrDefault(g => g.Count() > 1) is { } twice ? throw new FormatException($"{twice.Key} is said twice")
            : all;
    }

    /// <summary>Null when clients can send there; otherwise what is wrong and how to mend it.</summary>
    public static string? Fault(IPAddress address) =>
        address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? $"{address} means every address of this machine, and clients need one: name it here, and {address} in media-bind"
        : address.IsIPv6LinkLocal ? $"{address} counts on its own link only: name a global or a unique local address (fd…)"
        : address.IsIPv6Multicast || address.GetAddressBytes() is [>= 224, _, _, _] ? $"{address} is no unicast address"
        : null;

    public override string ToString() => Said;

    private static MediaAddress Parse(string text)
    {
        if (text.StartsWith(StunScheme, StringComparison.Ordinal))
        {
            return ParseStun(text);
        }

        if (text.Contains(':', StringComparison.Ordinal) || text.All(c => char.IsAsciiDigit(c) || c == '.'))
        {
            // three dots: IPAddress takes 10.1 for 10.0.0.1
            return IPAddress.TryParse(text, out IPAddress? ip) && (ip.AddressFamily == AddressFamily.InterNetworkV6 || text.Count(c => c == '.') == 3)
                ? OfIp(ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip)
                : throw new FormatException($"'{text}' is no IP address; one has no port here, that is media-port");
        }

        return IsName(text) ? new(text) { Host = text } : throw new FormatException($"'{text}' is neither an IP address, a host name nor stun:HOST[:PORT]");
    }

    private static MediaAddress OfIp(IPAddress ip) =>
        Fault(ip) is { } fault ? throw new FormatException(fault) : new(ip.ToString()) { Ip = ip };

    private static MediaAddress ParseStun(string text)
    {
        string server = text[StunScheme.Length..];
        int colon = server.StartsWith('[') ? server.IndexOf("]:", StringComparison.Ordinal) + 1 : server.LastIndexOf(':');
        (string host, string port) = colon > 0 ? (server[..colon], server[(colon + 1)..]) : (server, $"{DefaultStunPort}");
        host = host.Trim('[', ']');
        return (IsName(host) || IPAddress.TryParse(host, out _)) && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) && number > 0
            ? new(text) { Host = host, StunPort = number }
            : throw new FormatException($"'{text}' is no STUN server: stun:HOST or stun:HOST:PORT is expected");
    }

    private static bool IsName(string text) => text.Length is > 0 and <= 253 && Uri.CheckHostName(text) == UriHostNameType.Dns;
}
