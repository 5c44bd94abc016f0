using Nexus.Contracts;
using Nexus.Grains.Placement;
using Nexus.Grains.Tests.Rig;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>Two silos of different regions: grains land where their zone says, and nowhere when no silo matches.</summary>
public sealed class ZonePlacementTests
{
    private static readonly ZoneMap Zones = new(new Dictionary<string, IReadOnlyCollection<string>>
    {
        ["europe"] = ["eu"],
        ["america"] = ["us"],
        ["both"] = ["eu", "us"],
    });

    public static TheoryData<string, bool, string[]> Choices => new()
    {
        { "any/t/r", false, ["eu", "us", "unknown"] },
        { "europe/t/r", false, ["eu"] },
        { "america/t/r", false, ["us"] },
        { "both/t/r", false, ["eu", "us"] },
        { "nowhere/t/r", false, [] },
        { "EUROPE/t/r", false, [] },
        { "any/us/ND_1", true, ["us"] },
        { "any/ap/ND_1", true, ["eu", "us", "unknown"] },
        { "europe/us/ND_1", true, ["eu"] },
        { "both/us/ND_1", true, ["us"] },
        { "nowhere/us/ND_1", true, [] },
    };

    [Theory]
    [MemberData(nameof(Choices))]
    public void A_grain_may_be_on_silos_that_its_zone_allows(string key, bool preferRegion, string[] expected)
    {
        (string, string?)[] silos = [("eu", "eu"), ("us", "us"), ("unknown", null)];
        Assert.Equal(expected, ZoneChoice.Among(silos, key, preferRegion, Zones));
    }

    [Fact]
    public async Task Pinned_grains_stay_whole_when_a_silo_of_another_region_is_killed()
    {
        await using GrainRig rig = await GrainRig.StartAsync(Zones, "eu", "us");
        FakeNode node = await rig.AddNodeAsync("ND_eu", "eu");
        rig.Rules = rig.Rules with { Regions = ["eu"] };
        for (int i = 0; i < 10; i++)
        {
            Assert.Null((await rig.Participant("alice", $"r{i}", "europe").Join(rig.Request($"SE_{i}", region: "us"))).Error);
        }

        rig.IsDeaf = true; // nothing may be rebuilt: what is there after the kill was there before
        await rig.KillSiloAsync(rig.Fabric.Silos.Single(s => s.Region == "us"));
        for (int i = 0; i < 10; i++)
        {
            Assert.Single((await rig.Room($"r{i}", "europe").Describe())!.Participants);
            Assert.NotNull(await rig.Participant("alice", $"r{i}", "europe").Describe());
        }

        Assert.Equal(10, node.Actual.Count);
    }

    [Fact]
    public async Task Pinned_grains_fail_rather_than_move_to_another_region()
    {
        await using GrainRig rig = await GrainRig.StartAsync(Zones, "eu", "us");
        await rig.Room("r", "europe").Create(new RoomPolicy(), rig.Rules);
        await rig.KillSiloAsync(rig.Fabric.Silos.Single(s => s.Region == "eu"));

        await Assert.ThrowsAnyAsync<OrleansException>(() => rig.Room("r", "europe").Describe());
        await Assert.ThrowsAnyAsync<OrleansException>(() => rig.Participant("alice", "r", "europe").Describe());
        await Assert.ThrowsAnyAsync<OrleansException>(() => rig.Room("r", "nowhere").Describe());
        Assert.Null(await rig.Room("r", "america").Describe());
        Assert.Null(await rig.Room("r").Describe());
    }

    [Fact]
    public async Task A_pinned_room_comes_back_when_its_region_does()
    {
        await using GrainRig rig = await GrainRig.StartAsync(Zones, "us");
        await Assert.ThrowsAnyAsync<OrleansException>(() => rig.Room("r", "europe").Describe());
        await rig.Fabric.StartSiloAsync("eu");
        await rig.UntilAsync(async () =>
        {
            try
            {
                return await rig.Room("r", "europe").Describe() is null;
            }
            catch (OrleansException)
            {
                return false; // the new silo's metadata is still on its way
            }
        });
    }
}
