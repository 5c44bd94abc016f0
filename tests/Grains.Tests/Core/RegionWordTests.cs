using System.Collections.Immutable;
using Nexus.Contracts;

namespace Nexus.Grains.Tests.Core;

public sealed class RegionWordTests
{
    [Fact]
    public void What_two_regions_are_told_differently_is_named()
    {
        RegionWord eu = Word("eu", ["eu", "us"], ("acme", "1"), ("beta", "2"), ("only here", "3"));
        Assert.Equal("", eu.Differences(Word("us", ["eu", "us"], ("only here", "3"), ("beta", "2"), ("acme", "1"))));
        RegionWord us = Word("us", ["ap", "eu", "us"], ("acme", "1"), ("beta", "x"), ("only there", "4"));
        Assert.Equal(["beta", "only here", "only there"], eu.UnequalTenants(us));
        Assert.Equal(["beta", "only here", "only there"], us.UnequalTenants(eu));
        Assert.Contains("ap, eu, us", eu.Differences(us));
        Assert.Contains("beta, only here, only there", eu.Differences(us));
    }

    private static RegionWord Word(string region, ImmutableArray<string> regions, params (string Name, string Digest)[] tenants) =>
        new(region, regions, tenants.ToImmutableDictionary(t => t.Name, t => t.Digest));
}
