using System.Collections.Immutable;
using Nexus.Core;

namespace Nexus.Grains.Tests.Core;

public sealed class RegionChoiceTests
{
    private static readonly ImmutableArray<string> Regions = ["ap", "eu", "us"];

    [Theory]
    [InlineData(null, "us", "us ap eu")]
    [InlineData("eu", "us", "eu us ap")]
    [InlineData("us", "us", "us ap eu")]
    [InlineData("mars", "eu", "eu ap us")]
    [InlineData(null, "mars", "ap eu us")]
    public void What_is_wished_for_comes_first_then_here_then_the_others(string? wished, string own, string expected) =>
        Assert.Equal(expected, string.Join(' ', RegionChoice.Order(Regions, wished, own)));

    [Fact]
    public void Residency_leaves_only_its_regions_that_there_are()
    {
        Assert.Equal(Regions, RegionChoice.Allowed(Regions, []));
        Assert.Equal(Regions, RegionChoice.Allowed(Regions, default));
        Assert.Equal(["eu"], RegionChoice.Allowed(Regions, ["eu", "mars"]));
        Assert.Empty(RegionChoice.Allowed(Regions, ["mars"]));
        Assert.Equal(["eu"], RegionChoice.Order(RegionChoice.Allowed(Regions, ["eu"]), "us", "us"));
    }

    [Fact]
    public void A_key_is_kept_in_the_same_region_whoever_asks_and_regions_share_alike()
    {
        string[] keys = [.. Enumerable.Range(0, 3000).Select(i => $"any/acme/room {i}")];
        Assert.All(keys, key => Assert.Equal(RegionChoice.Keeper(key, Regions), RegionChoice.Keeper(key, ["us", "ap", "eu"])));
        Assert.All(Regions, region => Assert.InRange(keys.Count(key => RegionChoice.Keeper(key, Regions) == region), 850, 1150));
        Assert.Equal("eu", RegionChoice.Keeper("any/acme/r", ["eu"]));
    }

    [Fact]
    public void A_further_region_takes_its_share_and_moves_nothing_between_the_others()
    {
        string[] keys = [.. Enumerable.Range(0, 1000).Select(i => $"any/acme/{i}")];
        string[] moved = [.. keys.Where(key => RegionChoice.Keeper(key, Regions) != RegionChoice.Keeper(key, ["ap", "eu", "sa", "us"]))];
        Assert.InRange(moved.Length, 180, 320);
        Assert.All(moved, key => Assert.Equal("sa", RegionChoice.Keeper(key, ["ap", "eu", "sa", "us"])));
    }

    [Fact]
    public void The_choice_of_a_keeper_never_changes_from_version_to_version() =>
        Assert.Equal("eu eu us eu eu ap eu us", string.Join(' ', Enumerable.Range(0, 8).Select(i => RegionChoice.Keeper($"any/acme/r{i}", Regions))));
}
