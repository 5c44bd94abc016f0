using System.Net;
using Nexus.MediaNode.Protocol.Ice;

namespace Nexus.MediaNode.Tests.Ice;

/// <summary>What clients are told of a node with several addresses.</summary>
public sealed class HostCandidatesTests
{
    private static readonly IPAddress[] Four = [.. new[] { "10.0.0.5", "203.0.113.7", "198.51.100.2", "2001:db8::1" }.Select(IPAddress.Parse)];

    [Fact]
    public void Each_address_has_a_UDP_and_a_TCP_candidate_families_take_turns_and_nothing_is_equal()
    {
        var candidates = HostCandidates.Of(Four, 7882, tcp: true);
        string[] order = ["2001:db8::1", "10.0.0.5", "203.0.113.7", "198.51.100.2"];
        foreach (bool tcp in new[] { false, true })
        {
            var kind = candidates.Where(c => c.IsTcp == tcp).OrderByDescending(c => c.Priority);
            Assert.Equal(order, kind.Select(c => c.Address));
        }

        Assert.Equal(candidates.Count, candidates.Select(c => c.Priority).Distinct().Count());
        Assert.Equal(candidates.Count, candidates.Select(c => c.Foundation).Distinct().Count());
        Assert.True(candidates.Where(c => !c.IsTcp).Min(c => c.Priority) > candidates.Where(c => c.IsTcp).Max(c => c.Priority));
        Assert.All(candidates, c => Assert.Equal(7882, c.Port));
    }

    [Fact]
    public void One_address_is_told_as_ever() => Assert.Equal(
        ["candidate:1 1 udp 2130706431 127.0.0.1 7882 typ host", "candidate:2 1 tcp 1520435199 127.0.0.1 7882 typ host tcptype passive"],
        HostCandidates.Of([IPAddress.Loopback], 7882, tcp: true).Select(c => c.ToString()));

    [Fact]
    public void Without_TCP_there_is_none() => Assert.Equal(Four.Length, HostCandidates.Of(Four, 1, tcp: false).Count(c => !c.IsTcp));
}
