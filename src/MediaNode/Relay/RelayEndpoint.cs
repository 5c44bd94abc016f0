using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Nexus.MediaNode.Protocol.Dtls;

namespace Nexus.MediaNode.Relay;

/// <summary>
/// All that the other node is to be told of one end of a link before it can be reached: where, by which ICE credentials, and which
/// certificate it will show. Whoever carries it from node to node need not understand it; keys never leave a node. Immutable.
/// </summary>
public sealed record RelayEndpoint(ImmutableArray<IPEndPoint> Addresses, string Ufrag, string Password, DtlsFingerprint Fingerprint)
{
    /// <summary>Of the form below; another one would be another version of the link.</summary>
    private const string Form = "nexus-relay-1";

    private const int MostAddresses = 16;

    /// <summary><c>nexus-relay-1 ufrag password sha-256 AA:… 192.0.2.1:7882,[2001:db8::1]:7882</c>.</summary>
    public override string ToString() => $"{Form} {Ufrag} {Password} {Fingerprint} {string.Join(',', Addresses)}";

    /// <summary>False when it is not what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RelayEndpoint? endpoint)
    {
        endpoint = null;
        var parts = text.Split(' ');
        if (parts is not [Form, { Length: > 0 } ufrag, { Length: >= 22 } password, var algorithm, var hash, var list]
            || !DtlsFingerprint.TryParse($"{algorithm} {hash}", out var fingerprint))
        {
            return false;
        }

        var addresses = ImmutableArray.CreateBuilder<IPEndPoint>();
        foreach (var address in list.Split(','))
        {
            if (addresses.Count == MostAddresses || !IPEndPoint.TryParse(address, out var parsed) || parsed.Port == 0)
            {
                return false;
            }

            addresses.Add(parsed);
        }

        endpoint = new RelayEndpoint(addresses.ToImmutable(), ufrag, password, fingerprint!);
        return true;
    }
}
