using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Ice;

public class SourceRateLimiterTests
{
    private static readonly Instant Start = new(1_000_000_000);

    [Fact]
    public void A_source_may_burst_and_then_only_keep_its_rate()
    {
        var limiter = new SourceRateLimiter(ratePerSecond: 100, burst: 50);
        var source = IceClient.Source(1);
        Assert.Equal(50, Enumerable.Range(0, 200).Count(_ => limiter.TryTake(Start, source)));
        var passed = Enumerable.Range(1, 1000).Count(ms => limiter.TryTake(Start.AddMilliseconds(ms), source));
        Assert.InRange(passed, 99, 101);
        Assert.Equal(50, Enumerable.Range(0, 200).Count(_ => limiter.TryTake(Start.AddMilliseconds(10_000), source)));
    }

    [Fact]
    public void Ports_share_their_address_and_addresses_do_not()
    {
        var limiter = new SourceRateLimiter(ratePerSecond: 1, burst: 1);
        Assert.True(limiter.TryTake(Start, IceClient.Source(1, 1)));
        Assert.False(limiter.TryTake(Start, IceClient.Source(1, 2)));
        Assert.True(limiter.TryTake(Start, IceClient.Source(2, 1)));
    }

    [Fact]
    public void Addresses_of_one_ipv6_64_share_too()
    {
        var limiter = new SourceRateLimiter(ratePerSecond: 1, burst: 1);
        Assert.True(limiter.TryTake(Start, new TransportTuple(0x2001_0DB8_0000_0001, 1, 1, 0)));
        Assert.False(limiter.TryTake(Start, new TransportTuple(0x2001_0DB8_0000_0001, 99, 1, 0)));
        Assert.True(limiter.TryTake(Start, new TransportTuple(0x2001_0DB8_0000_0002, 1, 1, 0)));
    }

    [Fact]
    public void A_flood_of_sources_takes_no_memory_and_leaves_a_classroom_alone()
    {
        var limiter = new SourceRateLimiter(sources: 64);
        Assert.Equal(0, Allocations.Least(_ =>
        {
            for (var i = 0; i < 100_000; i++)
            {
                limiter.TryTake(Start, IceClient.Source(1000 + i));
            }
        }));
        var classroom = IceClient.Source(1);
        Assert.Equal(SourceRateLimiter.DefaultBurst, Enumerable.Range(0, 1000).Count(_ => limiter.TryTake(Start, classroom)));
    }
}
