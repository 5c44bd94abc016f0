using System.Net;
using System.Net.Sockets;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Protocol.Ice;

/// <summary>The host candidates of a node with one port and any number of addresses.</summary>
public static class HostCandidates
{
    /// <summary>
    /// UDP, and passive TCP where it is served. Of each family the addresses are preferred in the order given, and the families
    /// take turns, IPv6 first, so that a broken one costs one check (RFC 8421 section 4). No two have the same priority (RFC 8445
    /// section 5.1.2.1) or the same foundation, each being a base of its own (section 5.1.1.3).
    /// </summary>
    public static List<IceCandidate> Of(IEnumerable<IPAddress> addresses, int port, bool tcp)
    {
        var candidates = new List<IceCandidate>();
        ushort rank = 0;
        foreach (var address in InTurns(addresses.ToLookup(a => a.AddressFamily)))
        {
            candidates.Add(IceCandidate.UdpHost(address.ToString(), port, rank));
            if (tcp)
            {
                candidates.Add(IceCandidate.TcpPassive(address.ToString(), port, rank));
            }

            rank++;
        }

        return candidates;
    }

    private static IEnumerable<IPAddress> InTurns(ILookup<AddressFamily, IPAddress> families) =>
        new[] { AddressFamily.InterNetworkV6, AddressFamily.InterNetwork }
            .SelectMany((family, turn) => families[family].Select((address, place) => (Address: address, Place: place, Turn: turn)))
            .OrderBy(a => a.Place).ThenBy(a => a.Turn)
            .Select(a => a.Address);
}
